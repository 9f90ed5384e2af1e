"""Devices and platforms register, live, and send alarms over real sockets."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from adapters.runner import FeedRunner
from adapters.sdk.feed import FeedConfig
from adapters.sdk.stamp import FEED_HEADER
from broker.connection import Bus
from broker.home import Home
from broker.plan import BusPlan, stream_name
from broker.quarantine import QuarantineEntry, entries
from broker.subscriber import scan
from liandong.record.v1.record_pb2 import Record
from tests.adapters.police.gb28181.conftest import CAMERA
from tests.adapters.police.gb28181.sip_camera import SipCamera, document

PASSWORD = "12345678"
Open = Callable[[str], AbstractAsyncContextManager[Bus]]


def feed_at(name: str, scheme: str, **options: Any) -> FeedConfig:
    """Return a feed of alarms, which must have a name of its own."""
    return FeedConfig(
        id=f"police.{name}-{scheme}",
        adapter="police/gb28181",
        agency="police",
        source=f"{scheme}://127.0.0.1:0",
        options=options,
    )


@pytest.fixture
def password_file(tmp_path: Path) -> str:
    """Return a file with the password of all."""
    path = tmp_path / "gb28181.password"
    path.write_text(f"{PASSWORD}\n")
    return str(path)


async def kept(bus: Bus, feed: FeedConfig) -> tuple[list[Record], list[QuarantineEntry]]:
    """Return what the bus holds of a feed: records, and what went to quarantine."""
    records = [
        Record.FromString(delivery.payload)
        async for delivery in scan(bus, stream_name("police"), "share.police.>")
        if delivery.headers.get(FEED_HEADER) == feed.id
    ]
    return records, [entry async for entry in entries(bus, "police", feed.id)]


def raised() -> bytes:
    """Return an alarm of now."""
    now = f"{datetime.now(ZoneInfo('Asia/Shanghai')):%Y-%m-%dT%H:%M:%S}"
    said = "<AlarmPriority>2</AlarmPriority><AlarmMethod>5</AlarmMethod>"
    return document("Notify", "Alarm", 5, said, f"<AlarmTime>{now}</AlarmTime>")


@pytest.mark.parametrize("scheme", ["udp", "tcp"])
async def test_a_camera_registers_lives_and_raises_an_alarm(
    city_home: Home, plan: BusPlan, bus_of: Open, password_file: str, scheme: str
) -> None:
    """Asked for its password it proves it, is told the time, and everything else is taken."""
    feed = feed_at("lives", scheme, password_file=password_file)

    async with FeedRunner(feed, city_home, plan) as runner, asyncio.timeout(30):
        with SipCamera.to(runner.address) as camera:
            asked = await camera.ask("REGISTER", Expires="3600")
            proof = camera.proof(asked["WWW-Authenticate"], PASSWORD)
            before = datetime.now(ZoneInfo("Asia/Shanghai"))
            taken = await camera.ask("REGISTER", Expires="3600", Authorization=proof)
            alive = document("Notify", "Keepalive", 1, "<Status>OK</Status>")
            answers = [
                await camera.ask("MESSAGE", alive),
                await camera.ask("MESSAGE", document("Response", "Catalog", 2)),
                await camera.ask("MESSAGE", document("Response", "DeviceInfo", 3)),
                await camera.ask("MESSAGE", document("Query", "ConfigDownload", 4)),
                await camera.ask("NOTIFY", raised(), Event="presence"),
                await camera.ask("OPTIONS"),
            ]

    port = camera.at.rpartition(":")[2]
    assert asked[""] == "SIP/2.0 401 Unauthorized"
    assert asked["WWW-Authenticate"].startswith('Digest realm="3201020000", nonce="')
    assert f";rport={port};" in asked["Via"]
    assert asked["Via"].endswith(";received=127.0.0.1")
    assert taken[""] == "SIP/2.0 200 OK"
    assert (taken["Expires"], taken["CSeq"]) == ("3600", "2 REGISTER")
    assert taken["Contact"] == f"<sip:{CAMERA}@{camera.at}>;expires=3600"
    told = datetime.fromisoformat(taken["Date"]).replace(tzinfo=ZoneInfo("Asia/Shanghai"))
    assert abs((told - before).total_seconds()) < 30
    assert [answer[""] for answer in answers] == ["SIP/2.0 200 OK"] * 6
    assert answers[-1]["Accept"] == "Application/MANSCDP+xml"

    async with bus_of("police") as bus:
        records, held = await kept(bus, feed)
    assert held == []
    reports = [one.station_report for one in records if one.HasField("station_report")]
    assert [(one.station_id, one.function) for one in reports] == [
        (feed.id, "REGISTER"),
        (CAMERA, "REGISTER"),
        (CAMERA, "Keepalive"),
        (CAMERA, "Catalog"),
        (CAMERA, "DeviceInfo"),
        (CAMERA, "Query ConfigDownload"),
        (CAMERA, "OPTIONS"),
    ]
    assert [one.incident.number[:20] for one in records if one.HasField("incident")] == [CAMERA]


@pytest.mark.parametrize("scheme", ["udp", "tcp"])
async def test_who_has_not_proved_itself_gets_nothing_in(
    city_home: Home, plan: BusPlan, bus_of: Open, password_file: str, scheme: str
) -> None:
    """Neither without registration, nor with a wrong password, nor outside of SIP, nor later."""
    feed = feed_at("strangers", scheme, password_file=password_file)
    alarm = raised()

    async with FeedRunner(feed, city_home, plan) as runner, asyncio.timeout(30):
        with SipCamera.to(runner.address) as camera:
            stranger = await camera.ask("MESSAGE", alarm)
            wrong = await camera.register("87654321")
            still = await camera.ask("MESSAGE", alarm)
            await camera.register(PASSWORD)
            gone = await camera.register(PASSWORD, expires=0)
            late = await camera.ask("MESSAGE", alarm)
            bare = document("Notify", "Keepalive", 9)
            await camera.send(bare)
            asked = await camera.ask("OPTIONS")

    answers = (stranger, wrong, still, late)
    assert {answer[""] for answer in answers} == {"SIP/2.0 403 Forbidden"}
    assert (gone[""], gone["Expires"]) == ("SIP/2.0 200 OK", "0")
    assert "Contact" not in gone
    assert asked[""] == "SIP/2.0 200 OK"
    async with bus_of("police") as bus:
        records, held = await kept(bus, feed)
    assert [one.cause for one in held] == ["login"] * 5
    assert bare.strip() == held[-1].raw
    assert "not registered" in held[0].reason
    assert "knows it" in held[1].reason
    assert not [one for one in records if one.HasField("incident")]
    # Who only asked may say nothing about the camera whose number it used.
    last = records[-1].station_report
    assert (last.station_id, last.function) == (feed.id, "OPTIONS")
    assert {one.key: one.value for one in last.attributes}["Claimed"] == CAMERA


async def test_without_a_password_anybody_registers(
    city_home: Home, plan: BusPlan, bus_of: Open
) -> None:
    """The network is then what keeps strangers out, as for every feed's port."""
    feed = feed_at("open", "udp")

    async with FeedRunner(feed, city_home, plan) as runner, asyncio.timeout(30):
        with SipCamera.to(runner.address) as camera:
            taken = await camera.register(PASSWORD)
            alive = camera.request("MESSAGE", document("Notify", "Keepalive", 1))
            heard = []
            for _ in range(2):
                await camera.send(alive)
                heard.append(await camera.hear())

    assert (taken[""], taken["CSeq"]) == ("SIP/2.0 200 OK", "1 REGISTER")
    assert heard[0] == heard[1]
    async with bus_of("police") as bus:
        records, held = await kept(bus, feed)
    # What is sent again, because the answer was lost, is the same request.
    assert [one.station_report.function for one in records] == ["REGISTER", "Keepalive"]
    assert held == []


async def test_requests_over_tcp_lie_close_together_and_are_cut_anywhere(
    city_home: Home, plan: BusPlan
) -> None:
    """Each is as long as its Content-Length says; the answers come in their order."""
    feed = feed_at("cut", "tcp")

    async with FeedRunner(feed, city_home, plan) as runner, asyncio.timeout(30):
        with SipCamera.to(runner.address) as camera:
            alive = camera.request("MESSAGE", document("Notify", "Keepalive", 1))
            raw = camera.request("REGISTER") + alive + b"\r\n\r\n" + camera.request("OPTIONS")
            for part in (raw[:100], raw[100 : len(raw) - 40], raw[len(raw) - 40 :]):
                await camera.send(part)
            heard = [await camera.hear() for _ in range(3)]

    assert [one["CSeq"] for one in heard] == ["2 REGISTER", "1 MESSAGE", "3 OPTIONS"]
