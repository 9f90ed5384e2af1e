"""What the superior platform sends back on the main link (JT/T 809-2011 and 2019)."""

import hashlib
import struct
from collections.abc import Iterator
from itertools import count
from typing import Final

from adapters.transport.jt809.frame import Frame, framed

ADMITTED, _, WRONG_ACCESS_CODE, UNKNOWN_USER, WRONG_PASSWORD, _, OTHER = range(7)
"""Results of a login (table of UP_CONNECT_RSP)."""

_LOGIN: Final = 0x1002
_LOGOUT: Final = 0x1004
_LINK_TEST: Final = 0x1006
_SERIALS: Final = 0xFFFFFFFF


class Answers:
    """Writes answers, with serial numbers of the superior platform's own."""

    def __init__(self) -> None:
        self._numbers: Iterator[int] = count()

    def login(self, frame: Frame, now: int, result: int, code: int) -> bytes:
        """Return 1002: the result and the verification code for the slave link."""
        return self._write(frame, _LOGIN, now, struct.pack(">BI", result, code))

    def logout(self, frame: Frame, now: int) -> bytes:
        """Return 1004."""
        return self._write(frame, _LOGOUT, now, b"")

    def link_test(self, frame: Frame, now: int) -> bytes:
        """Return 1006."""
        return self._write(frame, _LINK_TEST, now, b"")

    def _write(self, frame: Frame, message_type: int, now: int, body: bytes) -> bytes:
        return framed(frame, message_type, next(self._numbers) & _SERIALS, now, body)


def verification_code(feed: str, access_code: int) -> int:
    """Return a platform's verification code; it is the same after a restart."""
    digest = hashlib.blake2s(f"{feed}|{access_code}".encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big")
