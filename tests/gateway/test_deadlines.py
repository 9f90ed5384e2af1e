"""Calls end in time, also those whose callers name no deadline."""

import asyncio
from pathlib import Path

import grpc
import msgspec
import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from gateway.history import History
from gateway.limits import CallLimits
from gateway.server import Gateway
from liandong.gateway.v1 import shared_state_pb2 as api
from tests.gateway.town import City, journal, level


async def test_a_call_without_a_deadline_gets_one(
    city: City, station: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One with a deadline of its own is given that time; what is quick is answered."""
    record = level(station, 1.0)
    await city.share(record)
    begun = asyncio.Event()

    async def endless(*_: object) -> dict[str, object]:
        begun.set()
        await asyncio.get_running_loop().create_future()
        return {}

    monkeypatch.setattr(History, "at", endless)
    settings = msgspec.structs.replace(
        city.gateway._settings, audit=journal(tmp_path / "late"), calls=CallLimits(deadline_s=0.2)
    )
    async with Gateway(settings) as running:
        other = City(city.home, city.plan, running, city.agreements)
        request = api.GetRecordRequest(name=record.name)
        past = api.GetRecordRequest(name=record.name, as_of=Timestamp(seconds=1_700_000_000))
        async with other.stub("water") as stub:
            with pytest.raises(grpc.aio.AioRpcError) as late:
                await stub.GetRecord(past)
            begun.clear()
            own = asyncio.create_task(stub.GetRecord(past, timeout=3.0).code())
            await begun.wait()
            answered = await stub.GetRecord(request)

            assert await own is grpc.StatusCode.DEADLINE_EXCEEDED

    assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert "call with a deadline of your own" in str(late.value.details())
    assert answered == record
