"""The catalogue tells clients without generated code what there is."""

from typing import Any

import grpc
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from liandong.gateway.v1 import catalog_pb2 as api
from liandong.gateway.v1 import catalog_pb2_grpc as rpc
from tests.gateway.town import City, level


async def test_kinds_are_told_with_what_they_state(city: City) -> None:
    """Each names its field in the record and its message."""
    async with city.channel("water") as channel:
        answer = await rpc.CatalogServiceStub(channel).ListKinds(api.ListKindsRequest())

    kinds = {one.name: one for one in answer.kinds}
    assert [*kinds] == sorted(kinds)
    assert kinds["water.level"].field == "water_level"
    assert kinds["water.level"].message == "liandong.water.v1.Level"
    assert all(one.description for one in answer.kinds)


@pytest.mark.parametrize("name", ["", "water.level", "liandong.record.v1.Record"])
async def test_a_record_can_be_read_with_nothing_but_the_schema_that_is_told(
    city: City, station: str, name: str
) -> None:
    """Files come after what they import, so that they can be added one by one."""
    async with city.channel("water") as channel:
        answer = await rpc.CatalogServiceStub(channel).GetSchema(api.GetSchemaRequest(name=name))

    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(answer.file_descriptor_set).file:
        pool.Add(file)
    full_name = "liandong.water.v1.Level"
    read: Any = message_factory.GetMessageClass(pool.FindMessageTypeByName(full_name))
    record = level(station, 7.5)
    assert read.FromString(record.water_level.SerializeToString()).level_m == 7.5


async def test_a_kind_that_does_not_exist_is_told_with_what_comes_near(city: City) -> None:
    """Also a message of somebody else's."""
    async with city.channel("water") as channel:
        stub = rpc.CatalogServiceStub(channel)
        for name, hint in (("water.levels", "water.level"), ("google.protobuf.Any", "kinds are")):
            with pytest.raises(grpc.aio.AioRpcError, match=hint) as refused:
                await stub.GetSchema(api.GetSchemaRequest(name=name))
            assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_feeds_of_a_department_that_does_not_exist_are_refused(asked_city: City) -> None:
    """An empty list would read as a department without feeds."""
    async with asked_city.channel("police") as channel:
        stub = rpc.CatalogServiceStub(channel)
        with pytest.raises(
            grpc.aio.AioRpcError, match=r"agencies\[1\]: is 'watr'.* water"
        ) as refused:
            await stub.ListFeeds(api.ListFeedsRequest(agencies=["water", "watr"]))

    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
