"""What the platform sends back to a terminal (JT/T 808-2013, clauses 7 and 8; 2019)."""

import hashlib
import struct
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import count
from typing import Final

from adapters.transport.jt808.frame import Frame, framed

SUCCESS, FAILURE, WRONG, UNSUPPORTED = range(4)
"""Results of the general answer."""

_GENERAL: Final = 0x8001
_RESEND: Final = 0x8003
_TIME: Final = 0x8004
_REGISTERED: Final = 0x8100
_MEDIA_COMPLETE: Final = 0x8800
_SERIALS: Final = 0xFFFF
_MOST_2013: Final = 255
_MOST_2019: Final = 500
"""Packet numbers that one 8003 can ask for: its count has a byte, since 2019 two, and its
body at most 1,023 bytes."""


class Answers:
    """Writes answers, with serial numbers of the platform's own."""

    def __init__(self) -> None:
        self._numbers: Iterator[int] = count()

    def general(self, frame: Frame, result: int) -> bytes:
        """Return 8001."""
        return self._write(frame, _GENERAL, struct.pack(">HHB", frame.serial, frame.id, result))

    def registered(self, frame: Frame, code: str) -> bytes:
        """Return 8100 with result 0 and the authentication code."""
        return self._write(
            frame, _REGISTERED, struct.pack(">HB", frame.serial, SUCCESS) + code.encode()
        )

    def time(self, frame: Frame, now: datetime) -> bytes:
        """Return 8004: UTC as six bytes of BCD."""
        return self._write(frame, _TIME, bytes.fromhex(f"{now:%y%m%d%H%M%S}"))

    def media_complete(self, frame: Frame, multimedia_id: bytes) -> bytes:
        """Return 8800, which lists no packets when all have come."""
        return self._write(frame, _MEDIA_COMPLETE, multimedia_id)

    def resend(self, frame: Frame, first_serial: int, missing: Sequence[int]) -> bytes:
        """Return 8003: which packets of a split message are to be sent again."""
        if frame.version < 0:
            wanted = missing[:_MOST_2013]
            head = struct.pack(">HB", first_serial, len(wanted))
        else:
            wanted = missing[:_MOST_2019]
            head = struct.pack(">HH", first_serial, len(wanted))
        return self._write(frame, _RESEND, head + struct.pack(f">{len(wanted)}H", *wanted))

    def _write(self, frame: Frame, message_id: int, body: bytes) -> bytes:
        return framed(frame, message_id, next(self._numbers) & _SERIALS, body)


def code_for(feed: str, phone: str) -> str:
    """Return the authentication code of a terminal.

    It comes of feed and phone number alone, so that it is the same after a restart. It
    tells a registered terminal from a lost one and is no secret: it travels in clear text.
    """
    return hashlib.blake2s(f"{feed}|{phone}".encode(), digest_size=8).hexdigest()
