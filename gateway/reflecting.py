"""Reflection, by both names that it has: clients of today ask for v1, older ones for v1alpha.

Both are the same on the wire; the library serves the older one only.
"""

from collections.abc import Iterable
from typing import Any, Final

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool
from grpc_reflection.v1alpha import reflection, reflection_pb2

_OLD: Final = "grpc.reflection.v1alpha"
_NEW: Final = "grpc.reflection.v1"
_FILE: Final = "grpc/reflection/v1/reflection.proto"
_SERVICE: Final = f"{_NEW}.ServerReflection"
_METHOD: Final = "ServerReflectionInfo"


def reflecting(services: Iterable[str]) -> "list[grpc.GenericRpcHandler[Any, Any]]":
    """Return what tells clients the schemas of services, and of reflection itself."""
    _describe()
    names = (*services, reflection.SERVICE_NAME, _SERVICE)
    servicer: Any = reflection.aio.ReflectionServicer(names)  # type: ignore[attr-defined]  # no stubs
    handler = grpc.stream_stream_rpc_method_handler(
        servicer.ServerReflectionInfo,
        request_deserializer=reflection_pb2.ServerReflectionRequest.FromString,
        response_serializer=reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    return [
        grpc.method_handlers_generic_handler(name, {_METHOD: handler})
        for name in (_SERVICE, reflection.SERVICE_NAME)
    ]


def _describe() -> None:
    """Put v1's schema beside v1alpha's: clients look up each service that is listed."""
    pool = descriptor_pool.Default()
    try:
        pool.FindServiceByName(_SERVICE)
    except KeyError:
        file = descriptor_pb2.FileDescriptorProto()
        reflection_pb2.DESCRIPTOR.CopyToProto(file)
        file.name, file.package = _FILE, _NEW
        for field in (one for message in file.message_type for one in message.field):
            if field.type_name:
                field.type_name = _renamed(field.type_name)
        for method in (one for service in file.service for one in service.method):
            method.input_type = _renamed(method.input_type)
            method.output_type = _renamed(method.output_type)
        pool.AddSerializedFile(file.SerializeToString())


def _renamed(type_name: str) -> str:
    """Return v1's name of a message of v1alpha."""
    return type_name.replace(f".{_OLD}.", f".{_NEW}.")
