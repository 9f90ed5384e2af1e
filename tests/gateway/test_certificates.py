"""Certificates turn without a restart, and those taken back are worth nothing."""

import asyncio
import contextlib
import ssl
from pathlib import Path
from typing import Any

import grpc
import msgspec
import pytest
from grpc_status import rpc_status

from broker.tls import Authority
from gateway.errors import TooMany
from gateway.limits import Rates
from gateway.revocation import Revoked
from gateway.server import Gateway
from liandong.gateway.v1 import shared_state_pb2 as api
from tests.gateway.town import City, journal, level, reason


async def presented(city: City) -> str:
    """Return the certificate that the gateway shows at a handshake."""
    context = ssl.create_default_context(cafile=str(city.home.ca))
    context.load_cert_chain(*map(str, city.home.certificate("water")))
    context.set_alpn_protocols(["h2"])
    _, writer = await asyncio.open_connection("localhost", city.gateway.port, ssl=context)
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        await writer.wait_closed()
    return ssl.DER_cert_to_PEM_cert(shown)


async def test_a_new_certificate_serves_from_the_next_handshake_on(
    city: City, station: str
) -> None:
    """Connections that are open stay so; a certificate that cannot be read changes nothing."""
    pem, key = city.home.certificate("gateway")
    before = (pem.read_bytes(), key.read_bytes())
    record = level(station, 1.0)
    await city.share(record)
    try:
        async with city.stub("water") as old:
            await old.GetRecord(api.GetRecordRequest(name=record.name))
            pem.unlink()
            Authority(city.home).issue_server("gateway")
            assert pem.read_bytes() != before[0]

            assert await presented(city) == pem.read_text()
            async with city.stub("water") as new:
                await new.GetRecord(api.GetRecordRequest(name=record.name))
            await old.GetRecord(api.GetRecordRequest(name=record.name))
            pem.unlink()
            async with city.stub("water") as third:
                await third.GetRecord(api.GetRecordRequest(name=record.name))
    finally:
        pem.write_bytes(before[0])
        key.write_bytes(before[1])


def test_a_department_may_call_at_its_rate_and_no_faster() -> None:
    """One that does is told when to come back; the others are not concerned."""
    now = 0.0
    rates = Rates(10, 3, lambda: now)
    for _ in range(3):
        rates.spend("water")

    with pytest.raises(TooMany, match=r"more than 10 calls a second: try again in 0\.1 s"):
        rates.spend("water")
    rates.spend("police")
    now = 0.1
    rates.spend("water")
    with pytest.raises(TooMany):
        rates.spend("water")


def test_the_list_of_revoked_certificates_is_read_again(tmp_path: Path) -> None:
    """A line each; what else stands on it is for people. One that is no number is told."""
    path = tmp_path / "revoked"
    revoked, told = Revoked(path), []
    revoked.on_change(lambda: told.append("changed"))
    assert not revoked

    path.write_text("0aF3 # water, stolen\n\n# nothing\nno-number\n")
    revoked.refresh()
    revoked.refresh()

    assert "0af3" in revoked
    assert "water" not in revoked
    assert told == ["changed"]


async def drained(watch: "grpc.aio.UnaryStreamCall[Any, Any]") -> None:
    """Read a watch to its end."""
    async with asyncio.timeout(10):
        while await watch.read() is not grpc.aio.EOF:  # type: ignore[attr-defined]  # the stubs lack it
            pass


async def test_a_certificate_that_was_taken_back_is_worth_nothing(city: City, station: str) -> None:
    """From then on, also in a watch that is open; the department's new one is served."""
    record = level(station, 1.0)
    await city.share(record)
    get = api.GetRecordRequest(name=record.name)
    files = {path: path.read_bytes() for path in city.home.certificate("transport")}
    try:
        async with city.stub("transport") as stub:
            watch = stub.WatchRecords(api.WatchRecordsRequest())
            await watch.read()
            Authority(city.home).revoke_client("transport")
            city.home.revoked.rename(city.revoked)

            with pytest.raises(grpc.aio.AioRpcError, match="was revoked") as ended:
                await drained(watch)
            with pytest.raises(grpc.aio.AioRpcError, match="was revoked") as refused:
                await stub.GetRecord(get)

        assert ended.value.code() is refused.value.code() is grpc.StatusCode.UNAUTHENTICATED
        assert reason(ended.value) == reason(refused.value) == "CERTIFICATE_REVOKED"
        assert ended.value.details() == refused.value.details()
        told = await rpc_status.aio.from_call(watch)  # type: ignore[attr-defined]  # the stubs lack it
        assert told.message == ended.value.details()
        Authority(city.home).issue_client("transport", "transport", "client")
        async with city.stub("transport") as stub:
            with pytest.raises(grpc.aio.AioRpcError) as closed:
                await stub.GetRecord(get)
        assert closed.value.code() is grpc.StatusCode.PERMISSION_DENIED
    finally:
        for path, held in files.items():
            path.write_bytes(held)


async def test_a_gateway_that_ends_sends_watchers_elsewhere(
    city: City, station: str, tmp_path: Path
) -> None:
    """With a status that says so, not with silence or a broken connection."""
    settings = msgspec.structs.replace(city.gateway._settings, audit=journal(tmp_path / "leaving"))
    leaving = Gateway(settings)
    await leaving.__aenter__()
    other = City(city.home, city.plan, leaving, city.agreements)
    async with other.stub("water") as stub:
        watch = stub.WatchRecords(api.WatchRecordsRequest())
        await watch.read()

        ending = asyncio.create_task(leaving.__aexit__(None, None, None))
        with pytest.raises(grpc.aio.AioRpcError) as ended:
            await drained(watch)
        await ending

    assert ended.value.code() is grpc.StatusCode.UNAVAILABLE
    assert reason(ended.value) == "LEAVING"
    assert (
        ended.value.details()
        == "the gateway ends: go on with your last resume_token, at another or again"
    )
