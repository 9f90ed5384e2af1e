"""The schemas, for clients that have no generated code."""

import difflib
import functools
import importlib.resources
import json

from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.descriptor import FileDescriptor

from broker.ownership import KINDS, kind_of
from gateway.calls import Call
from gateway.errors import InvalidRequest
from liandong.gateway.v1.catalog_pb2 import (
    GetSchemaRequest,
    GetSchemaResponse,
    Kind,
    ListKindsRequest,
    ListKindsResponse,
)
from liandong.record.v1.record_pb2 import Record

_RECORD = Record.DESCRIPTOR.full_name


async def list_kinds(request: ListKindsRequest, call: Call) -> bytes:  # noqa: ARG001
    """Return every kind with its message and what that states."""
    return _kinds().SerializeToString()


async def get_schema(request: GetSchemaRequest, call: Call) -> bytes:  # noqa: ARG001
    """Return the files that define a kind or a message, and all that they import."""
    name = request.name
    body = next((one for one in _kinds().kinds if one.name == name), None)
    return _schema(body.message if body is not None else name or _RECORD)


@functools.cache
def _kinds() -> ListKindsResponse:
    """Return every kind, ordered by name."""
    bodies = {
        kind_of(field.name): (field.name, field.message_type.full_name)
        for field in Record.DESCRIPTOR.oneofs_by_name["body"].fields
        if field.message_type is not None
    }
    resource = importlib.resources.files("liandong") / "descriptions.json"
    descriptions = json.loads(resource.read_text(encoding="utf-8"))
    return ListKindsResponse(
        kinds=[
            Kind(name=kind, field=field, message=message, description=descriptions[message])
            for kind, (field, message) in sorted(bodies.items())
        ]
    )


@functools.lru_cache(maxsize=256)
def _schema(message: str) -> bytes:
    """Return the encoded answer for a message.

    Raises:
        InvalidRequest: If there is no such message.
    """
    file = _file_of(message)
    if file is None:
        near = difflib.get_close_matches(message, KINDS, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}" if near else f"kinds are {', '.join(KINDS)}"
        sentence = f"is {message!r}, which is neither a kind nor a message of liandong; {hint}"
        raise InvalidRequest([("name", sentence)])
    files: dict[str, FileDescriptor] = {}
    _collect(file, files)
    answer = descriptor_pb2.FileDescriptorSet()
    for each in files.values():
        each.CopyToProto(answer.file.add())
    return GetSchemaResponse(file_descriptor_set=answer.SerializeToString()).SerializeToString()


def _file_of(message: str) -> FileDescriptor | None:
    """Return the file that defines a message of liandong's; None: there is no such message."""
    if not message.startswith("liandong."):
        return None
    try:
        return descriptor_pool.Default().FindMessageTypeByName(message).file
    except KeyError:
        return None


def _collect(file: FileDescriptor, files: dict[str, FileDescriptor]) -> None:
    """Add a file after all that it imports."""
    if file.name in files:
        return
    for imported in file.dependencies:
        _collect(imported, files)
    files[file.name] = file
