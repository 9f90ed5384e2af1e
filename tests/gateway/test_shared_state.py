"""Records by name: what is asked for is checked, and the answer is one that any client takes."""

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from liandong.gateway.v1 import shared_state_pb2 as api
from tests.gateway.town import NOW, City, level, reason

_USUAL_LIMIT = 4 << 20


async def test_records_by_name_that_are_more_than_clients_take_are_refused(
    city: City, station: str
) -> None:
    """A client's library would drop the answer; the status says what to do instead."""
    record = level(station, 1.0)
    for _ in range(16):
        series = record.water_level.series.add(code="39")
        series.starts_at.FromDatetime(NOW)
        series.step.FromSeconds(300)
        for _ in range(2000):
            series.steps.add(value=1.0)
    await city.share(record)
    fitting = _USUAL_LIMIT // (record.ByteSize() + 8)
    names = [record.name] * (fitting + 1)

    async with city.stub("water") as stub:
        few = await stub.BatchGetRecords(api.BatchGetRecordsRequest(names=names[:fitting]))
        with pytest.raises(grpc.aio.AioRpcError, match="ask for fewer names at once") as refused:
            await stub.BatchGetRecords(api.BatchGetRecordsRequest(names=names))
        mask = FieldMask(paths=["water_level.level_m"])
        cut = await stub.BatchGetRecords(api.BatchGetRecordsRequest(names=names, read_mask=mask))

    assert len(few.records) == fitting
    assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert reason(refused.value) == "ANSWER_TOO_LARGE"
    assert len(cut.records) == len(names)


async def test_a_basis_that_is_none_is_refused_of_a_record_that_is_there(
    city: City, station: str
) -> None:
    """As it is of one that is not."""
    await city.share(level(station, 1.0))
    name = f"water/water.level/{station}"

    async with city.stub("water") as stub:
        with pytest.raises(grpc.aio.AioRpcError, match="as_of_basis: is 9") as refused:
            await stub.GetRecord(api.GetRecordRequest(name=name, as_of_basis=9))  # type: ignore[arg-type]

    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
