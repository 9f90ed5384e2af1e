"""Those whom the city knows, and who keep to no limit of a protocol: they harm themselves."""

import contextlib
import re
import socket
from collections.abc import Iterator

import grpc
import pytest

from broker.home import OPS
from tests.security.hostile import (
    MEBIBYTE,
    PREFACE,
    SETTINGS,
    bus_lines,
    floods,
    frame,
    on_the_bus,
    web_frames,
)
from tests.security.siege import ROOM, besieged, pour
from tests.security.stronghold import Stronghold

COSTLY = {"headers without end", "calls called off at once", "calls that say nothing"}
"""What gRPC reads on, or holds, until its own limit."""
MUCH = 288 << 20
"""What connections may make it hold so, bytes."""
FLOODS = dict(floods())
WEB_FRAMES = dict(web_frames())


@pytest.mark.parametrize("flood", FLOODS)
def test_no_flood_of_frames_takes_the_gateway(stronghold: Stronghold, flood: str) -> None:
    """Of frames that HTTP/2 allows too many, and of those that it does not.

    Four connections of calls are more than there are places for: another department has some.
    """
    room = MUCH if flood in COSTLY else ROOM
    with besieged(stronghold, "gateway", room), contextlib.ExitStack() as stack:
        for _ in range(4 if flood == "calls that say nothing" else 2):
            hostile = stack.enter_context(stronghold.connected("gateway"))
            pour(hostile, PREFACE + frame(SETTINGS, 0, 0, b""), FLOODS[flood])
        stronghold.tell("gateway")


def test_a_message_that_unpacks_to_a_thousand_times_its_size_is_refused(
    stronghold: Stronghold,
) -> None:
    """It counts as large as it is unpacked, and is unpacked no further."""
    pem, key = stronghold.at.certificate("police")
    files = (stronghold.at.ca.read_bytes(), key.read_bytes(), pem.read_bytes())
    target = f"localhost:{stronghold.ports['gateway']}"
    bomb = bytes(64 * MEBIBYTE)
    with (
        besieged(stronghold, "gateway"),
        grpc.secure_channel(
            target, grpc.ssl_channel_credentials(*files), compression=grpc.Compression.Gzip
        ) as channel,
    ):
        get = channel.unary_unary("/liandong.gateway.v1.SharedStateService/GetRecord", None, None)
        for _ in range(3):
            with pytest.raises(grpc.RpcError) as refused:
                get(bomb, timeout=30)
            assert refused.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_no_line_of_a_department_takes_the_bus(stronghold: Stronghold) -> None:
    """Sizes that lie, lines without an end, words of servers, questions by the hundred thousand."""
    with besieged(stronghold, "nats"), contextlib.ExitStack() as stack:
        for line in bus_lines():
            hostile = stack.enter_context(on_the_bus(stronghold, "police"))
            pour(hostile, line)
        stronghold.tell("nats")


@contextlib.contextmanager
def looking_on(city: Stronghold) -> Iterator[socket.socket]:
    """Look on at the console's live view, by hand."""
    host = f"localhost:{city.ports['console']}"
    with city.connected("console", OPS) as visitor:
        visitor.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        cookie = re.search(rb"Set-Cookie: ([^;]+);", visitor.recv(8192))
        assert cookie is not None
    with city.connected("console") as socket_:
        socket_.sendall(
            f"GET /api/live HTTP/1.1\r\nHost: {host}\r\nOrigin: https://{host}\r\n"
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {'A' * 22}==\r\nCookie: {cookie[1].decode()}\r\n\r\n".encode()
        )
        assert b" 101 " in socket_.recv(4096)
        yield socket_


@pytest.mark.parametrize("kind", WEB_FRAMES)
def test_no_frame_takes_the_console(stronghold: Stronghold, kind: str) -> None:
    """Of a page's own connection, which sends no more than a word."""
    with besieged(stronghold, "console"), contextlib.ExitStack() as stack:
        for _ in range(3):
            hostile = stack.enter_context(looking_on(stronghold))
            pour(hostile, WEB_FRAMES[kind])
        stronghold.tell("console")
