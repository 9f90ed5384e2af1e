"""Calls that are opened and say nothing take no more places than are left to others."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import grpc
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import listening
from gateway.errors import TooManyAtOnce
from gateway.limits import CallLimits, Shares
from gateway.server import Gateway
from liandong.gateway.v1 import shared_state_pb2 as api
from tests.gateway.town import City, journal, level, reason
from tests.security.hostile import PREFACE, SETTINGS, frame

_GET = "/liandong.gateway.v1.SharedStateService/GetRecord"
_REFLECTION = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
_HEALTH = "/grpc.health.v1.Health/Check"
_PLACES = 8


@contextlib.asynccontextmanager
async def limited(city: City, folder: Path, **limits: float) -> AsyncIterator[City]:
    """Run another gateway of the city, whose calls may take less."""
    calls = msgspec.structs.replace(CallLimits(), at_once=_PLACES, **limits)
    settings = msgspec.structs.replace(
        city.gateway._settings, audit=journal(folder / "limited"), calls=calls
    )
    async with Gateway(settings) as running:
        yield City(city.home, city.plan, running, city.agreements)


def opened(channel: Any, method: str = _GET, timeout: float | None = None) -> Any:
    """Open a call, and say nothing."""
    return channel.stream_unary(method)(timeout=timeout)


async def told(call: Any) -> str:
    """Return why a call was refused."""
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await call
    return reason(refused.value)


async def first_refused(calls: list[Any], count: int) -> None:
    """Wait until so many of these calls have ended."""
    async with asyncio.timeout(10):
        waiting = {asyncio.ensure_future(call.code()) for call in calls}
        ended: set[asyncio.Future[grpc.StatusCode]] = set()
        while len(ended) < count:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            ended |= done
    for one in waiting:
        one.cancel()


@pytest.mark.parametrize("method", [_GET, _REFLECTION, _HEALTH])
async def test_silent_calls_of_one_department_leave_room_for_others(
    city: City, station: str, tmp_path: Path, method: str
) -> None:
    """It holds as many places as it leaves; what it opens beyond is refused, and says why."""
    record = level(station, 1.0)
    await city.share(record)
    request = api.GetRecordRequest(name=record.name)
    async with limited(city, tmp_path) as other, other.channel("police") as channel:
        silent = [opened(channel, method) for _ in range(2 * _PLACES)]
        await first_refused(silent, 2 * _PLACES - _PLACES // 2)
        async with other.stub("water") as stub:
            answered = await stub.GetRecord(request, timeout=10)
        reasons = [await told(call) for call in silent if call.done()]
        open_still = [call for call in silent if not call.done()]
        for call in open_still:
            call.cancel()

        assert answered == record
        assert reasons == ["TOO_MANY_AT_ONCE"] * (2 * _PLACES - _PLACES // 2)
        async with other.stub("police") as stub, asyncio.timeout(10):
            while True:
                with contextlib.suppress(grpc.aio.AioRpcError):
                    await stub.ListRecords(api.ListRecordsRequest(), timeout=10)
                    break


async def test_a_call_whose_request_does_not_come_is_ended(city: City, tmp_path: Path) -> None:
    """Also one that was given a deadline of its own; its place is free again."""
    async with (
        limited(city, tmp_path, deadline_s=0.1) as other,
        other.channel("police") as channel,
        asyncio.timeout(10),
    ):
        for _ in range(2):
            silent = [opened(channel, timeout=60) for _ in range(_PLACES // 2)]

            assert [await told(call) for call in silent] == ["REQUEST_MISSING"] * len(silent)


async def test_a_call_that_ends_without_a_request_is_refused(city: City) -> None:
    """It does not wait for what will not come."""
    async with city.channel("police") as channel, asyncio.timeout(10):
        call = opened(channel)
        await call.done_writing()

        assert await told(call) == "INVALID_FIELD"


async def test_a_call_is_served_whose_request_comes_later(city: City, station: str) -> None:
    """A slow sender is no silent one."""
    record = level(station, 1.0)
    await city.share(record)
    async with city.channel("police") as channel, asyncio.timeout(10):
        call = opened(channel)
        await call.wait_for_connection()
        await call.write(api.GetRecordRequest(name=record.name).SerializeToString())
        await call.done_writing()

        assert await call == record.SerializeToString()


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("grpc.server_handshake_timeout_ms", None),
        ("grpc.server_handshake_timeout_ms", b""),
        ("grpc.max_connection_idle_ms", PREFACE + frame(SETTINGS, 0, 0, b"")),
    ],
    ids=["not over TLS", "not over HTTP/2", "without calls"],
)
async def test_a_connection_of_no_use_is_cut(
    city: City, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str, says: bytes | None
) -> None:
    """One that does not shake hands, and one on which no call comes."""
    options = dict(listening.OPTIONS) | {option: 300}
    monkeypatch.setattr(listening, "OPTIONS", tuple(options.items()))
    tls = ssl.create_default_context(cafile=str(city.home.ca))
    tls.load_cert_chain(*map(str, city.home.certificate("water")))
    tls.set_alpn_protocols(["h2"])
    async with limited(city, tmp_path) as other, asyncio.timeout(10):
        reader, writer = await asyncio.open_connection(
            "localhost", other.gateway.port, ssl=None if says is None else tls
        )
        writer.write(says or b"")
        with contextlib.suppress(ConnectionError):
            await reader.read()

        assert reader.at_eof() or reader.exception() is not None
        writer.transport.abort()


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.booleans()), max_size=400))
def test_no_department_takes_more_than_it_leaves(steps: list[tuple[str, bool]]) -> None:
    """Whatever the others hold; and what is given back can be taken again."""
    shares, taken = Shares(_PLACES), dict.fromkeys("abcde", 0)
    for agency, comes in steps:
        free = _PLACES - sum(taken.values())
        if not comes:
            if taken[agency]:
                shares.give_back(agency)
                taken[agency] -= 1
        elif taken[agency] < free:
            shares.take(agency)
            taken[agency] += 1
        else:
            with pytest.raises(TooManyAtOnce):
                shares.take(agency)
