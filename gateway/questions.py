"""What may be put to a department: the questions whose schemas come with liandong, and others."""

from typing import Final

import protovalidate
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.any_pb2 import Any
from google.protobuf.message import DecodeError

from broker.impossible import impossible
from broker.questions import question_name
from broker.violations import field_of, sentence_of
from gateway.errors import InvalidRequest
from liandong.question.v1 import (
    beds_pb2,
    discharge_nearby_pb2,
    levels_upstream_pb2,
    units_nearby_pb2,
)

_BYTES: Final = 1 << 16
SHIPPED: Final = (beds_pb2, discharge_nearby_pb2, levels_upstream_pb2, units_nearby_pb2)
"""What is loaded here is checked here, and told to clients by reflection."""


def valid_question(question: Any) -> str:
    """Return a question's name.

    The gateway checks the questions whose schema it has; others are checked by who answers.

    Raises:
        InvalidRequest: If it is none, too large, or breaks its schema.
    """
    full_name = question.TypeName()
    name = question_name(full_name)
    if name is None or "/" not in question.type_url:
        sentence = (
            f"is {question.type_url[:200]!r}, expected the full name of a question's message such "
            "as type.googleapis.com/liandong.question.v1.BedsQuestion"
        )
        raise InvalidRequest([("question.type_url", sentence)])
    size = len(question.value)
    if size > _BYTES:
        sentence = f"has {size:,} bytes, expected {_BYTES:,} at most"
        raise InvalidRequest([("question.value", sentence)])
    try:
        descriptor = descriptor_pool.Default().FindMessageTypeByName(full_name)
    except KeyError:
        return name
    try:
        message = message_factory.GetMessageClass(descriptor).FromString(question.value)
    except DecodeError as error:
        sentence = f"{size} bytes that are no {full_name}"
        raise InvalidRequest([("question.value", sentence)]) from error
    if wrong := impossible(message):
        raise InvalidRequest([(f"question.{field}", sentence) for field, sentence in wrong])
    violations = protovalidate.collect_violations(message)
    if violations:
        raise InvalidRequest(
            [(f"question.{field_of(one)}", sentence_of(one, message)) for one in violations]
        )
    return name
