"""A camera that speaks SIP: it registers with a password and sends documents."""

import asyncio
import hashlib
import itertools
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from tests.adapters.police.gb28181.conftest import CAMERA

SERVER = "32010200002000000001"
DOMAIN = "3201020000"
_HASHES = {"MD5": "md5", "SHA-256": "sha256"}


def document(root: str, command: str, sn: int, *more: str, device: str = CAMERA) -> bytes:
    """Write a document."""
    said = f"<CmdType>{command}</CmdType><SN>{sn}</SN><DeviceID>{device}</DeviceID>"
    text = f'<?xml version="1.0" encoding="GB2312"?>\r\n<{root}>{said}{"".join(more)}</{root}>\r\n'
    return text.encode("gb2312")


def headers_of(answer: bytes) -> dict[str, str]:
    """Return the headers of a response; the line that begins it has the name ``""``."""
    status, *lines = answer.decode("ascii").removesuffix("\r\n\r\n").split("\r\n")
    return {"": status} | dict(line.split(": ", 1) for line in lines)


def agreement(asked: dict[str, str], status: str = "200 OK", tag: str = "9", **more: str) -> bytes:
    """Write the response to a request of the server's."""
    lines = (
        f"SIP/2.0 {status}",
        *(f"{name}: {asked[name]}" for name in ("Via", "From", "Call-ID", "CSeq")),
        f"To: {asked['To']}" + ("" if ";tag=" in asked["To"] else f";tag={tag}"),
        *(f"{name}: {value}" for name, value in more.items()),
        "Content-Length: 0",
    )
    return "\r\n".join((*lines, "", "")).encode("ascii")


class SipWriter:
    """Writes a camera's requests.

    Args:
        number: The camera.
        at: What it takes for its own address.
    """

    def __init__(self, number: str = CAMERA, at: str = "192.0.2.7:5060") -> None:
        self.number = number
        self.at = at
        self._count = itertools.count(1)

    def request(self, method: str, body: bytes = b"", **more: str) -> bytes:
        """Write a request; further headers are written with their underscores as hyphens."""
        count = next(self._count)
        to = self.number if method == "REGISTER" else SERVER
        lines = (
            f"{method} sip:{SERVER}@{DOMAIN} SIP/2.0",
            f"Via: SIP/2.0/UDP {self.at};rport;branch=z9hG4bK{self.number}{count}",
            f"From: <sip:{self.number}@{DOMAIN}>;tag=1",
            f"To: <sip:{to}@{DOMAIN}>",
            f"Call-ID: {count}@{self.number}",
            f"CSeq: {count} {method}",
            f"Contact: <sip:{self.number}@{self.at}>",
            "Max-Forwards: 70",
            *(["Content-Type: Application/MANSCDP+xml"] if body else []),
            *(f"{name.replace('_', '-')}: {value}" for name, value in more.items()),
            f"Content-Length: {len(body)}",
        )
        return "\r\n".join((*lines, "", "")).encode("ascii") + body

    def proof(
        self, challenge: str, password: str, *, qop: bool = True, algorithm: str = "MD5"
    ) -> str:
        """Write the credentials that a challenge asks for (RFC 7616, 3.4)."""
        asked = dict(re.findall(r'(\w+)="?([^",]*)"?', challenge))
        uri = f"sip:{SERVER}@{DOMAIN}"

        def digest(*parts: str) -> str:
            return hashlib.new(_HASHES[algorithm], ":".join(parts).encode()).hexdigest()

        who = digest(self.number, asked["realm"], password)
        middle = ["00000001", "0a4f113b", "auth"] if qop else []
        right = digest(who, asked["nonce"], *middle, digest("REGISTER", uri))
        said = (
            f'Digest username="{self.number}", realm="{asked["realm"]}", nonce="{asked["nonce"]}", '
            f'uri="{uri}", response="{right}", algorithm={algorithm}'
        )
        return said + (', cnonce="0a4f113b", qop=auth, nc=00000001' if qop else "")


class SipCamera(SipWriter):
    """A camera with a socket.

    Args:
        sock: Connected to a feed.
        number: The camera.
    """

    def __init__(self, sock: socket.socket, number: str = CAMERA) -> None:
        host, port = sock.getsockname()
        super().__init__(number, f"{host}:{port}")
        self._socket = sock
        self._heard = b""
        self.body = b""

    @classmethod
    @contextmanager
    def to(cls, address: str, number: str = CAMERA) -> Iterator[Self]:
        """Connect a camera to a feed's address."""
        scheme, _, place = address.partition("://")
        host, _, port = place.rpartition(":")
        kind = socket.SOCK_DGRAM if scheme == "udp" else socket.SOCK_STREAM
        with socket.socket(socket.AF_INET, kind) as sock:
            sock.connect((host, int(port)))
            sock.setblocking(False)
            yield cls(sock, number)

    async def send(self, raw: bytes) -> None:
        """Send bytes."""
        await asyncio.get_running_loop().sock_sendall(self._socket, raw)

    async def hear(self) -> dict[str, str]:
        """Return the headers of the next response or request; its body is kept."""
        while (missing := self._missing()) is None or missing > 0:
            self._heard += await asyncio.get_running_loop().sock_recv(self._socket, 65536)
        head, end, rest = self._heard.partition(b"\r\n\r\n")
        headers = headers_of(head + end)
        length = int(headers["Content-Length"])
        self.body, self._heard = rest[:length], rest[length:]
        return headers

    def _missing(self) -> int | None:
        """Return how much of a message's body has not come; None: nor its head."""
        head, end, rest = self._heard.partition(b"\r\n\r\n")
        return int(headers_of(head + end)["Content-Length"]) - len(rest) if end else None

    async def agree(self, asked: dict[str, str]) -> None:
        """Answer a request of the server's by 200 OK."""
        await self.send(agreement(asked))

    async def ask(self, method: str, body: bytes = b"", **more: str) -> dict[str, str]:
        """Send a request, and return its response."""
        await self.send(self.request(method, body, **more))
        return await self.hear()

    async def register(self, password: str, expires: int = 3600) -> dict[str, str]:
        """Register as devices do: unasked, then with proof; return the last response."""
        first = await self.ask("REGISTER", Expires=str(expires))
        if "WWW-Authenticate" not in first:
            return first
        proof = self.proof(first["WWW-Authenticate"], password)
        return await self.ask("REGISTER", Expires=str(expires), Authorization=proof)
