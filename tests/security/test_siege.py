"""Malformed, oversized and endless bytes at every port: it serves on, in the memory that it had."""

import contextlib
import random
import socket
import zlib
from collections.abc import Iterator

import pytest

from tests.security.hostile import MEBIBYTE, PREFACE, SEED, greeted
from tests.security.siege import besieged, pour
from tests.security.stronghold import TOKEN, Stronghold

STREAMS = ("nats", "monitor", "gateway", "metrics", "console", "tcp", "tls", "http", "mllp")
_HEAD = f"POST /in HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\n".encode()
_BEGINNINGS = {
    "nats": b'CONNECT {"verbose":false,"name":"',
    "monitor": b"GET /varz HTTP/1.1\r\nHost: localhost\r\nX: ",
    "gateway": PREFACE + b"\0\x40\0\1\4\0\0\0\1",
    "metrics": b"GET /metrics HTTP/1.1\r\nHost: localhost\r\nX: ",
    "console": b"POST /api/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999\r\n\r\n",
    "tcp": b"##9999QN=20260615180000000;ST=22;CN=2011;PW=123456;MN=",
    "tls": b"##9999QN=20260615180000000;ST=22;CN=2011;PW=123456;MN=",
    "http": _HEAD + b"Transfer-Encoding: chunked\r\n\r\n5000000\r\n",
    "mllp": b"\x0bMSH|^~\\&|HIS|NJ1|BUS|CITY|",
}


def noise(count: int, seed: int = SEED) -> bytes:
    """Return bytes at random, the same each time."""
    return random.Random(seed).randbytes(count)


@pytest.mark.parametrize("port", STREAMS)
def test_noise_disturbs_nobody(stronghold: Stronghold, port: str) -> None:
    """Bytes at random, where TLS, a greeting or a frame is expected, and behind the handshake."""
    with besieged(stronghold, port), contextlib.ExitStack() as stack:
        for seed in range(8):
            plain = socket.create_connection(("127.0.0.1", stronghold.ports[port]))
            pour(stack.enter_context(plain), noise(64 << 10, seed))
            secure = stack.enter_context(stronghold.connected(port))
            pour(secure, noise(64 << 10, seed + 100))
        stronghold.tell(port)


def test_noise_behind_the_handshake_of_the_bus_disturbs_nobody(stronghold: Stronghold) -> None:
    """Where a greeting is expected: nobody has said yet who it is."""
    with besieged(stronghold, "nats"), contextlib.ExitStack() as stack:
        for seed in range(8):
            hostile, _ = stack.enter_context(greeted(stronghold))
            pour(hostile, noise(64 << 10, seed), b"CONNECT {" + b"7" * MEBIBYTE)
        stronghold.tell("nats")


@pytest.mark.parametrize("port", STREAMS)
def test_what_never_ends_takes_no_memory(stronghold: Stronghold, port: str) -> None:
    """A line, header, body, frame or block without an end, as far as it is taken."""
    with besieged(stronghold, port), contextlib.ExitStack() as stack:
        for _ in range(3):
            hostile = stack.enter_context(stronghold.connected(port))
            pour(hostile, _BEGINNINGS[port], *[b"7" * MEBIBYTE] * 24)
        stronghold.tell(port)


@pytest.mark.parametrize("port", STREAMS)
def test_hundreds_that_say_half_a_word_keep_nobody_out(stronghold: Stronghold, port: str) -> None:
    """Each held open: half a frame, half a request, half a handshake."""
    with besieged(stronghold, port), contextlib.ExitStack() as stack:
        for number in range(300):
            plain = socket.create_connection(("127.0.0.1", stronghold.ports[port]))
            hostile = stack.enter_context(plain)
            pour(hostile, _BEGINNINGS[port][: number % 40])
        stronghold.tell(port)


def _requests() -> Iterator[bytes]:
    """Yield what is no HTTP request, or too much of one."""
    yield b"GET /" + b"a" * MEBIBYTE + b" HTTP/1.1\r\n\r\n"
    yield b"GET / HTTP/1.1\r\nX: " + b"a" * MEBIBYTE + b"\r\n\r\n"
    yield b"GET / HTTP/1.1\r\n" + b"".join(b"X%d: y\r\n" % n for n in range(50_000)) + b"\r\n"
    yield b"GET / HTTP/9.9\r\nHost: localhost\r\n\r\n"
    yield b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: elsewhere\r\n\r\n"
    yield b"G\x00T / HTTP/1.1\r\nHost: localhost\r\n\r\n"
    yield b"GET /\xff\xfe%00%ff HTTP/1.1\r\nHost: localhost\r\nCookie: \xff\xfe=\x80\r\n\r\n"
    yield b"GET /../../../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n"
    yield b"GET /static/%2e%2e/%2e%2e/app.py HTTP/1.1\r\nHost: localhost\r\n\r\n"
    yield b"POST /api/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n"
    yield b"POST /api/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1e9\r\n\r\n"
    both = b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    yield b"POST /api/login HTTP/1.1\r\nHost: localhost\r\n" + both
    yield b"POST /api/login HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n"
    yield b"CONNECT localhost:22 HTTP/1.1\r\nHost: localhost\r\n\r\n"
    yield b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n"
    yield b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    bad = b"\xff\xfe\x80"
    for head in (
        b"",
        b"Content-Type: text/plain; charset=utf-7\r\n",
        b"Content-Encoding: gzip\r\n",
    ):
        yield (
            b"POST /api/login HTTP/1.1\r\nHost: localhost\r\nOrigin: https://localhost\r\n"
            b"Content-Length: 3\r\n" + head + b"\r\n" + bad
        )


@pytest.mark.parametrize("port", ["monitor", "metrics", "console", "http"])
def test_no_request_breaks_a_server_of_http(stronghold: Stronghold, port: str) -> None:
    """Each is answered with what was wrong, or hung up on; none with an error of the server."""
    with besieged(stronghold, port):
        for request in _requests():
            with stronghold.connected(port) as hostile:
                pour(hostile, request)
                answer = b""
                with contextlib.suppress(OSError):
                    hostile.settimeout(5)
                    answer = hostile.recv(64)
            assert b" 500 " not in answer, (request[:200], answer)


def test_a_body_that_unpacks_to_a_thousand_times_its_size_is_refused(
    stronghold: Stronghold,
) -> None:
    """It is unpacked no further than a body may be large."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = packer.compress(bytes(256 * MEBIBYTE)) + packer.flush()
    head = _HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(bomb)
    with besieged(stronghold, "http"), stronghold.connected("http") as hostile:
        pour(hostile, head, bomb)
        assert hostile.recv(64).startswith(b"HTTP/1.1 413 ")


def test_datagrams_of_any_kind_disturb_nobody(stronghold: Stronghold) -> None:
    """Empty, of the largest size, at random, and half a frame, by the thousand."""
    chance = random.Random(SEED)
    frame = stronghold.station()
    with besieged(stronghold, "udp"), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as hostile:
        target = ("127.0.0.1", stronghold.ports["udp"])
        for number in range(1_000):
            size = (0, 65_507, 1, chance.randrange(1_500))[number % 4]
            hostile.sendto((noise(size, number), frame[: len(frame) // 2])[number % 2], target)
