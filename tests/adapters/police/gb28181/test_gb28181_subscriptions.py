"""Devices that wait to be asked for their alarms are asked, no oftener than they need."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from adapters.runner import FeedRunner
from adapters.sdk.feed import FeedConfig
from broker.connection import Bus
from broker.home import Home
from broker.plan import BusPlan
from tests.adapters.police.gb28181.conftest import CAMERA
from tests.adapters.police.gb28181.sip_camera import (
    DOMAIN,
    SERVER,
    SipCamera,
    SipWriter,
    agreement,
    document,
    headers_of,
)
from tests.adapters.police.gb28181.sip_desk import Desk
from tests.adapters.police.gb28181.test_gb28181_registration import kept, raised

ADDRESS = "198.51.100.1:5060"
ASKS = {"address": ADDRESS, "expires_s": 600}
HOUR = 3600


class Subscriber(Desk):
    """A desk that one registered camera talks to."""

    def __init__(self, make: Any, **asks: Any) -> None:
        super().__init__(make(subscribe=ASKS | asks))
        self.camera = SipWriter()

    def says(self, raw: bytes) -> dict[str, str]:
        """Return the headers of what a camera is asked that says something; empty: of nothing."""
        _, *behind = self.datagrams(raw)
        return headers_of(behind[0].partition(b"\r\n\r\n")[0] + b"\r\n\r\n") if behind else {}

    def registers(self) -> dict[str, str]:
        """Register."""
        return self.says(self.camera.request("REGISTER"))

    def is_alive(self) -> dict[str, str]:
        """Send a keep-alive."""
        return self.says(self.camera.request("MESSAGE", document("Notify", "Keepalive", 1)))

    def answers(self, asked: dict[str, str], status: str = "200 OK", **more: str) -> None:
        """Answer what it was asked, which is not answered again."""
        assert self.datagrams(agreement(asked, status, **more)) == (b"",)


@pytest.fixture
def desk(make: Any) -> Subscriber:
    """Return a desk."""
    return Subscriber(make)


@pytest.mark.parametrize("scheme", ["udp", "tcp"])
async def test_a_camera_that_agreed_tells_of_its_alarms(
    city_home: Home,
    plan: BusPlan,
    bus_of: Callable[[str], AbstractAsyncContextManager[Bus]],
    scheme: str,
) -> None:
    """It is asked when it has registered, and not again once it has agreed."""
    feed = FeedConfig(
        id=f"police.asks-{scheme}",
        adapter="police/gb28181",
        agency="police",
        source=f"{scheme}://127.0.0.1:0",
        options={"subscribe": ASKS},
    )

    async with FeedRunner(feed, city_home, plan) as runner, asyncio.timeout(30):
        with SipCamera.to(runner.address) as camera:
            registered = await camera.ask("REGISTER")
            asked = await camera.hear()
            query = camera.body
            await camera.agree(asked)
            alive = await camera.ask("MESSAGE", document("Notify", "Keepalive", 1))
            told = await camera.ask("NOTIFY", raised(), Event="presence")

    assert registered[""] == alive[""] == told[""] == "SIP/2.0 200 OK"
    assert asked[""] == f"SUBSCRIBE sip:{CAMERA}@{camera.at} SIP/2.0"
    assert asked["Via"].startswith(f"SIP/2.0/UDP {ADDRESS};rport;branch=z9hG4bK")
    assert asked["From"].startswith(f"<sip:{SERVER}@{DOMAIN}>;tag=")
    assert asked["Contact"] == f"<sip:{SERVER}@{ADDRESS}>"
    assert (asked["Event"], asked["Expires"]) == ("presence", "600")
    assert b"<CmdType>Alarm</CmdType>" in query
    assert f"<DeviceID>{CAMERA}</DeviceID>".encode() in query
    async with bus_of("police") as bus:
        records, held = await kept(bus, feed)
    assert held == []
    told_of = [one.station_report.function for one in records if one.HasField("station_report")]
    assert told_of == ["REGISTER", "response", "Keepalive"]
    assert len(records) == 4


def test_a_subscription_is_renewed_before_it_ends(desk: Subscriber) -> None:
    """In the dialog that the device began by its tag."""
    first = desk.registers()
    desk.answers(first, Expires="600")

    desk.wait(299)
    assert desk.is_alive() == {}
    desk.wait(2)
    again = desk.is_alive()

    assert again["Call-ID"] == first["Call-ID"]
    assert (first["CSeq"], again["CSeq"]) == ("1 SUBSCRIBE", "2 SUBSCRIBE")
    assert again["To"] == f"<sip:{CAMERA}@{DOMAIN}>;tag=9"


def test_a_device_that_does_not_answer_is_asked_three_times(desk: Subscriber) -> None:
    """Behind its next messages, not sooner than after half a minute; then when it registers."""
    assert desk.registers()
    assert desk.is_alive() == {}
    for _ in range(2):
        desk.wait(60)
        assert desk.is_alive()
    desk.wait(60)
    assert desk.is_alive() == {}

    assert desk.registers()


@pytest.mark.parametrize("status", ["405 Method Not Allowed", "489 Bad Event", "403 Forbidden"])
def test_a_device_that_will_not_is_left_alone(desk: Subscriber, status: str) -> None:
    """It sends its alarms unasked, or none."""
    desk.answers(desk.registers(), status)

    desk.wait(HOUR)
    assert desk.is_alive() == {}


def test_a_device_that_has_forgotten_is_asked_as_new(desk: Subscriber) -> None:
    """481 says that it knows of no dialog."""
    desk.answers(desk.registers())
    desk.wait(400)
    desk.answers(desk.is_alive(), "481 Subscription does not exist")

    desk.wait(60)
    assert desk.is_alive()["To"] == f"<sip:{CAMERA}@{DOMAIN}>"


def test_a_device_that_ends_it_is_asked_again(desk: Subscriber) -> None:
    """Its restart ends what was agreed."""
    asked = desk.registers()
    desk.answers(asked)
    ended = desk.camera.request("NOTIFY", Subscription_State="terminated;reason=timeout")
    ended = ended.replace(ended.partition(b"Call-ID: ")[2].partition(b"\r\n")[0], b"@@")
    desk.wait(60)

    assert desk.says(ended.replace(b"@@", asked["Call-ID"].encode()))


def test_answers_to_what_was_not_asked_change_nothing(desk: Subscriber) -> None:
    """Of another dialog, of an earlier request, or provisional."""
    asked = desk.registers()
    desk.answers(asked | {"Call-ID": "other"})
    desk.answers(asked | {"CSeq": "7 SUBSCRIBE"})
    desk.answers(asked, "100 Trying")

    desk.wait(60)
    assert desk.is_alive()


def test_who_registers_no_longer_is_asked_nothing(desk: Subscriber) -> None:
    """Nor who never did, nor a device whose number is none."""
    assert desk.is_alive() == {}
    desk.registers()
    desk.wait(60)
    assert desk.says(desk.camera.request("REGISTER", Expires="0")) == {}
    assert desk.is_alive() == {}

    desk.camera = SipWriter("<a>&")
    assert desk.registers() == {}


def test_nobody_is_asked_unless_the_feed_says_so(make: Any) -> None:
    """Most devices send their alarms unasked."""
    assert len(Desk(make()).datagrams(SipWriter().request("REGISTER"))) == 1


def test_the_event_is_what_the_feed_says(make: Any) -> None:
    """Some devices want another word than the standard's."""
    assert Subscriber(make, event="Alarm").registers()["Event"] == "Alarm"
