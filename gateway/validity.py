"""Whether a request is one, by its schema: checked before anything is done for it."""

from collections.abc import Sequence

import protovalidate
from google.protobuf.message import Message

from broker.impossible import impossible
from broker.violations import field_of, sentence_of
from gateway.errors import InvalidRequest
from gateway.known import no_kind
from liandong.gateway.v1.shared_state_pb2 import Selection

_REMEMBERED = 4096
_REMEMBERED_BYTES = 1024
_validator = protovalidate.Validator()
_valid: set[tuple[type[Message], bytes]] = set()


def require_valid(request: Message) -> None:
    """Check a request against its schema; one that was right is right again.

    Raises:
        InvalidRequest: With each field that is wrong.
    """
    seen = (type(request), request.SerializeToString(deterministic=True))
    if seen in _valid:
        return
    if wrong := impossible(request):
        # Told before the schema's rules are: they are computed with times.
        raise InvalidRequest(wrong)
    violations = _validator.collect_violations(request)
    if violations:
        raise InvalidRequest([(field_of(one), sentence_of(one, request)) for one in violations])
    _require_kinds(getattr(request, "selection", Selection()).kinds)
    if len(seen[1]) <= _REMEMBERED_BYTES:
        if len(_valid) >= _REMEMBERED:
            _valid.clear()
        _valid.add(seen)


def _require_kinds(kinds: Sequence[str]) -> None:
    """Refuse a kind that no schema has: a watch of it would be silent for ever.

    Raises:
        InvalidRequest: With the kinds that come near.
    """
    wrong = [
        (f"selection.kinds[{index}]", sentence)
        for index, sentence in enumerate(map(no_kind, kinds))
        if sentence
    ]
    if wrong:
        raise InvalidRequest(wrong)
