"""SIP requests that carry documents are unwrapped, and answered so that they are not resent."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from adapters.police.gb28181 import Gb28181, ManscdpDecoder, Notification
from adapters.runner import FeedRunner
from adapters.sdk.adapter import Outcome
from adapters.sdk.feed import FeedConfig
from adapters.sdk.message import Undecodable
from adapters.sdk.stamp import FEED_HEADER
from broker.connection import Bus
from broker.home import Home
from broker.plan import BusPlan, stream_name
from broker.quarantine import entries
from broker.subscriber import scan
from liandong.record.v1.record_pb2 import Record
from tests.adapters.police.gb28181.conftest import CAMERA

KEEPALIVE = (
    '<?xml version="1.0" encoding="GB2312"?>\r\n<Notify><CmdType>Keepalive</CmdType>'
    f"<SN>1</SN><DeviceID>{CAMERA}</DeviceID><Status>OK</Status></Notify>\r\n"
).encode("gb2312")


def request(body: bytes, *, method: str = "MESSAGE", to: str = "To", call: str = "7@cam") -> bytes:
    """Write a SIP request."""
    head = (
        f"{method} sip:32010200002000000001@3201020000 SIP/2.0\r\n"
        "Via: SIP/2.0/UDP 192.0.2.7:5060;rport;branch=z9hG4bK71\r\n"
        f"From: <sip:{CAMERA}@3201020000>;tag=70\r\n"
        f"{to}: <sip:32010200002000000001@3201020000>\r\n"
        f"Call-ID: {call}\r\n"
        f"CSeq: 20 {method}\r\n"
        "Content-Type: Application/MANSCDP+xml\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode("ascii") + body


def decoded(content: bytes, size: int = 1 << 20) -> list[Notification | Undecodable]:
    """Decode bytes that come in pieces of a size."""
    decoder = ManscdpDecoder()
    found = []
    for at in range(0, len(content), size):
        found += decoder.feed(content[at : at + size])
    return [*found, *decoder.close()]


def answers(adapter: Gb28181, content: bytes) -> list[bytes]:
    """Return what is answered to what all can be read."""
    found = []
    for message in decoded(content):
        assert isinstance(message, Notification), message
        found.append(adapter.answer(message, Outcome.STORED))
    return found


@pytest.mark.parametrize("method", ["MESSAGE", "NOTIFY"])
@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_a_request_is_read_with_its_document(method: str, size: int) -> None:
    """Its bytes are the message's, and nothing of it is told as no document."""
    raw = request(KEEPALIVE, method=method)

    first, second = decoded(raw + raw, size)

    for found in (first, second):
        assert isinstance(found, Notification)
        assert found.get("CmdType") == "Keepalive"
        assert found.raw == raw.strip()


@pytest.mark.parametrize("to", ["To", "t", "TO"])
def test_a_request_is_answered_by_its_final_response(make: Any, to: str) -> None:
    """Via, From, Call-ID and CSeq are copied, and To gets a tag (RFC 3261, 8.2.6.2)."""
    raw = request(KEEPALIVE, to=to)

    (answer,) = answers(make(), raw)
    (again,) = answers(make(), raw)

    status, *lines = answer.decode("ascii").split("\r\n")
    assert status == "SIP/2.0 200 OK"
    headers = dict(line.split(": ", 1) for line in lines if line)
    assert headers["Via"] == "SIP/2.0/UDP 192.0.2.7:5060;rport;branch=z9hG4bK71"
    assert (headers["Call-ID"], headers["CSeq"]) == ("7@cam", "20 MESSAGE")
    assert headers["To"].startswith("<sip:32010200002000000001@3201020000>;tag=")
    assert headers["Content-Length"] == "0"
    assert lines[-2:] == ["", ""]
    assert again == answer


def test_an_alarm_in_another_request_is_the_same_alarm(make: Any, alarm: Any) -> None:
    """A device that heard nothing begins a request anew, with the same document."""
    adapter = make()
    requests = [request(alarm(), call=call) for call in ("7@cam", "8@cam")]

    first, second = (one for raw in requests for one in adapter.translate(*decoded(raw)))

    assert first.message_id == second.message_id


def test_a_document_that_came_by_itself_is_answered_as_before(make: Any) -> None:
    """Keep-alives have no acknowledgement of their own."""
    assert answers(make(), KEEPALIVE) == [b""]


def test_a_request_whose_document_is_none_is_refused_for_good() -> None:
    """A final response ends it; its bytes are kept with what carried them."""
    raw = request(b"<Notify><a>&</a></Notify>")

    (refused,) = decoded(raw)

    assert isinstance(refused, Undecodable)
    assert (refused.cause, refused.raw) == ("xml", raw)
    assert refused.answer.startswith(b"SIP/2.0 400 Bad Request\r\nVia: ")


@pytest.mark.parametrize("method", ["INVITE", "SUBSCRIBE", "BYE"])
def test_what_belongs_to_the_video_platform_is_refused(method: str) -> None:
    """Only documents and registrations are taken here, and the sender is told which requests."""
    raw = request(b"", method=method)

    (refused,) = decoded(raw)

    assert isinstance(refused, Undecodable)
    assert (refused.cause, refused.raw) == ("sip", raw)
    assert method in refused.reason
    assert refused.answer.startswith(b"SIP/2.0 405 Method Not Allowed\r\n")
    assert b"\r\nAllow: REGISTER, MESSAGE, NOTIFY, OPTIONS, ACK\r\n" in refused.answer


def test_what_stands_before_a_request_is_told() -> None:
    """No byte is dropped."""
    noise, found = decoded(b"noise\r\n" + request(KEEPALIVE))

    assert isinstance(noise, Undecodable)
    assert noise.raw == b"noise"
    assert isinstance(found, Notification)


async def test_a_camera_over_udp_is_answered_once_its_alarm_is_stored(
    city_home: Home,
    plan: BusPlan,
    bus_of: Callable[[str], AbstractAsyncContextManager[Bus]],
    alarm: Any,
) -> None:
    """Sent again before it heard the response, it hears the same, and the alarm is one."""
    now = datetime.now(ZoneInfo("Asia/Shanghai"))
    raw = request(alarm(AlarmTime=f"{now:%Y-%m-%dT%H:%M:%S}"))
    feed = FeedConfig(
        id="police.sip", adapter="police/gb28181", agency="police", source="udp://127.0.0.1:0"
    )

    async with FeedRunner(feed, city_home, plan) as runner, asyncio.timeout(30):
        host, port = runner.address.removeprefix("udp://").split(":")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as camera:
            camera.setblocking(False)
            camera.connect((host, int(port)))
            heard = []
            for _ in range(2):
                camera.send(raw)
                heard.append(await asyncio.get_running_loop().sock_recv(camera, 4096))

    assert heard[0].startswith(b"SIP/2.0 200 OK\r\n")
    assert heard[1] == heard[0]
    async with bus_of("police") as bus:
        stored = [
            Record.FromString(delivery.payload).incident.number
            async for delivery in scan(bus, stream_name("police"), "share.police.>")
            if delivery.headers.get(FEED_HEADER) == feed.id
        ]
        held = [entry async for entry in entries(bus, "police", feed.id)]
    assert stored == [f"{CAMERA}-{now:%Y%m%d%H%M%S}-5"]
    assert held == []
