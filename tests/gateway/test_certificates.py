"""Certificates turn without a restart, and those taken back are worth nothing."""

import asyncio
import ssl
from pathlib import Path

import pytest

from broker.tls import Authority
from gateway.errors import TooMany
from gateway.limits import Rates
from gateway.revocation import Revoked
from liandong.gateway.v1 import shared_state_pb2 as api
from tests.gateway.town import City, level


async def presented(city: City) -> str:
    """Return the certificate that the gateway shows at a handshake."""
    context = ssl.create_default_context(cafile=str(city.home.ca))
    context.load_cert_chain(*map(str, city.home.certificate("water")))
    context.set_alpn_protocols(["h2"])
    _, writer = await asyncio.open_connection("localhost", city.gateway.port, ssl=context)
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
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
