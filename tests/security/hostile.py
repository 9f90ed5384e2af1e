"""What somebody sends who knows the protocols, and keeps to none of their limits.

Source: RFC 9113 (HTTP/2), RFC 7541 (HPACK), RFC 6455 (WebSocket), gRPC over HTTP/2, the NATS
client protocol.
"""

import base64
import contextlib
import json
import random
import socket
import struct
from collections.abc import Iterator, Mapping

import nkeys

from broker.nkey import public_key
from tests.security.stronghold import Stronghold

SEED = 651
MEBIBYTE = 1 << 20
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST, SETTINGS, PUSH, PING, WINDOW, CONTINUATION = 0, 1, 3, 4, 5, 6, 8, 9
_END_HEADERS = 4
_GET = "/liandong.gateway.v1.SharedStateService/GetRecord"


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """Return a frame of HTTP/2."""
    head = struct.pack(">IBI", len(payload) << 8 | kind, flags, stream)
    return head + payload


def call(stream: int, authority: str = "localhost", more: Mapping[str, str] = {}) -> bytes:
    """Return the headers of a call, none of them in a table."""
    named = {
        ":method": "POST",
        ":scheme": "https",
        ":path": _GET,
        ":authority": authority,
        "te": "trailers",
        "content-type": "application/grpc",
        **more,
    }
    block = b"".join(
        b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
        for name, value in named.items()
    )
    return frame(HEADERS, _END_HEADERS, stream, block)


def floods() -> Iterator[tuple[str, bytes]]:
    """Yield what is sent behind the preface of HTTP/2, and what it is called."""
    chance = random.Random(SEED)
    odd = range(1, 20_000, 2)
    yield "settings", frame(SETTINGS, 0, 0, b"") * 50_000
    yield "settings at odds", frame(SETTINGS, 0, 0, struct.pack(">HI", 4, 0xFFFFFFFF))
    yield "pings", frame(PING, 0, 0, bytes(8)) * 50_000
    endless = frame(HEADERS, 0, 1, b"\0\1a\1b")
    yield "headers without end", endless + frame(CONTINUATION, 0, 1, b"\0\1a\1b" * 3_000) * 2_000
    resets = (call(n) + frame(RST, 0, n, struct.pack(">I", 8)) for n in odd)
    yield "calls called off at once", b"".join(resets)
    # Four connections of as many are more than there are places for.
    yield "calls that say nothing", b"".join(call(n) for n in odd[:2_600])
    yield "a table index of nothing", frame(HEADERS, 5, 1, b"\xff\xff\xff\xff\xff\xff\x7f")
    yield "a table of four gigabytes", frame(HEADERS, 5, 1, b"\x3f\xe1\xff\xff\xff\x0f")
    garbage = (frame(HEADERS, 5, n, chance.randbytes(200)) for n in odd)
    yield "headers at random", b"".join(garbage)
    yield "a window beyond all", frame(WINDOW, 0, 0, struct.pack(">I", 0x7FFFFFFF)) * 3
    yield "a frame of sixteen megabytes", b"\xff\xff\xff\0\0\0\0\0\1" + bytes(16 * MEBIBYTE)
    yield "what servers say", frame(PUSH, 4, 2, bytes(4)) + frame(RST, 0, 0, bytes(4))
    yield "frames of no kind", b"".join(frame(n % 256, 255, n, bytes(9)) for n in range(5_000))
    huge = b"\0\xff\xff\xff\xff" + bytes(1_000)
    yield "a message of four gigabytes", call(1) + frame(DATA, 0, 1, huge)
    padded = frame(DATA, 8, 1, b"\xff" + bytes(10))
    yield "more padding than there is", call(1) + padded


@contextlib.contextmanager
def on_the_bus(city: Stronghold, user: str) -> Iterator[socket.socket]:
    """Connect to the bus as a user, by hand, and be taken."""
    with greeted(city) as (secure, nonce):
        seed = city.at.seed(user)
        secure.sendall(greeting(public_key(seed), signed(seed, nonce)))
        assert b"PONG" in secure.recv(4096)
        yield secure


@contextlib.contextmanager
def greeted(city: Stronghold) -> Iterator[tuple[socket.socket, str]]:
    """Connect to the bus over TLS; with what is to be signed."""
    with socket.create_connection(("127.0.0.1", city.ports["nats"]), timeout=30) as plain:
        info = json.loads(plain.recv(4096).partition(b" ")[2])
        with city.tls().wrap_socket(plain, server_hostname="localhost") as secure:
            yield secure, info["nonce"]


def signed(seed: bytes, nonce: str) -> str:
    """Return a nonce's signature."""
    made: bytes = nkeys.from_seed(bytearray(seed)).sign(nonce.encode())
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()


def greeting(nkey: str = "", sig: str = "") -> bytes:
    """Return what a client says first, and a question whether it is taken."""
    said = {"verbose": False, "pedantic": False, "lang": "x", "version": "1", "protocol": 1}
    if nkey:
        said |= {"nkey": nkey, "sig": sig}
    return f"CONNECT {json.dumps(said)}\r\nPING\r\n".encode()


def bus_lines() -> Iterator[bytes]:
    """Yield what no client of the bus may say."""
    yield b"PUB share.police.x.y.z 2147483647\r\n" + bytes(24 * MEBIBYTE)
    yield b"PUB share.police.x.y.z -1\r\n\r\n"
    yield b"PUB share.police.x.y.z 99999999999999999999\r\n"
    yield b"HPUB share.police.x.y.z 900 5\r\nNATS/1.0\r\n\r\n"
    yield b"PUB " + b"a." * MEBIBYTE + b" 0\r\n\r\n"
    yield b"SUB " + b">" * MEBIBYTE
    yield b"CONNECT " + b"{" * MEBIBYTE + b"\r\n"
    yield b"INFO {}\r\nMSG a 1 1\r\na\r\nRMSG x y 1\r\n"
    yield b"PING\r\n" * 500_000
    yield b"".join(b"SUB _INBOX.police.%d %d\r\n" % (n, n) for n in range(100_000))
    yield random.Random(SEED).randbytes(MEBIBYTE)


def web_frames() -> Iterator[tuple[str, bytes]]:
    """Yield frames that no browser sends, and what they are called."""
    mask = bytes(4)
    yield "of half of all there is", b"\x81\xff" + struct.pack(">Q", 1 << 62) + mask
    yield "of a length below zero", b"\x81\xff" + struct.pack(">Q", 1 << 63) + mask
    yield "longer than words are", b"\x81\xfe" + struct.pack(">H", 60_000) + mask + b"a" * 60_000
    yield "without an end", b"\x01\x81" + mask + b"a" + (b"\x00\x81" + mask + b"a") * 100_000
    yield "without a mask", b"\x81\x01a"
    yield "of no kind", b"\x8f\x81" + mask + b"a"
    yield "of a ping that is too long", b"\x89\xfe" + struct.pack(">H", 300) + mask + bytes(300)
    yield "of pings", (b"\x89\x80" + mask) * 50_000
    yield "that are no text", b"\x81\x82" + mask + b"\xff\xfe"
    yield "compressed, which was not agreed", b"\xc1\x81" + mask + b"a"
    yield "of text that means nothing", (b"\x81\x81" + mask + b"a") * 50_000
