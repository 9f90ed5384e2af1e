"""Reflection as clients of today ask for it, and as older ones do."""

from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pb2
from grpc_reflection.v1alpha import reflection_pb2

from tests.gateway.town import City

SERVICES = {
    "grpc.health.v1.Health",
    "grpc.reflection.v1.ServerReflection",
    "grpc.reflection.v1alpha.ServerReflection",
    "liandong.gateway.v1.SharedStateService",
}


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
async def test_each_service_that_is_listed_is_described(city: City, version: str) -> None:
    """A client asks for the list, then for the file of each of its services."""
    ask = reflection_pb2.ServerReflectionRequest
    async with city.channel("police") as channel:
        call = channel.stream_stream(
            f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
            request_serializer=ask.SerializeToString,
            response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
        )(None, timeout=10)
        await call.write(ask(list_services=""))
        told: Any = await call.read()
        names = {one.name for one in told.list_services_response.service}
        defined = set()
        for name in names:
            await call.write(ask(file_containing_symbol=name))
            answer: Any = await call.read()
            for encoded in answer.file_descriptor_response.file_descriptor_proto:
                file = descriptor_pb2.FileDescriptorProto.FromString(encoded)
                defined |= {f"{file.package}.{one.name}" for one in file.service}
        await call.done_writing()
        code = await call.code()

    assert code is grpc.StatusCode.OK
    assert names >= SERVICES
    assert names <= defined
