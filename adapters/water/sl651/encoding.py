"""The two ways of writing a frame: HEX/BCD (clause 6.5) and ASCII characters (6.4).

Both have the same fields in the same order (tables 11 and 12). The ASCII one begins with
SOH and writes each byte of its head, counters and checksum as two hexadecimal digits; its
control characters are bytes. It is built from tables 16 to 19: no capture of it was found
to try it on.
"""

import re
from typing import Final, Protocol

from adapters.water.sl651.frame import MARK, SOH, STX, SYN, crc

START: Final = re.compile(rb"\x7e\x7e.{11}[\x02\x16]|\x01[0-9A-Fa-f]{22}[\x02\x16]", re.DOTALL)
"""Where a frame begins, to its start character."""
_BEGUN: Final = re.compile(rb"(?:\x7e(?:\x7e.{0,11})?|\x01[0-9A-Fa-f]{0,22})\Z", re.DOTALL)
_BEGUN_BYTES: Final = 23
LENGTH: Final = 0x0FFF
"""The lower bits of the length field; above them is the direction."""


class Encoding(Protocol):
    """How a frame is written.

    Attributes:
        is_ascii: Whether in characters.
        head: Bytes from the mark to the start character.
        tail: Bytes of end character and checksum.
        counters: Bytes that say how many packets, and which one.
        serial: Bytes of the serial number.
    """

    is_ascii: bool
    head: int
    tail: int
    counters: int
    serial: int

    def length(self, held: bytes, at: int) -> int:
        """Return the field of direction and length of the frame that begins there."""

    def number(self, field: bytes) -> int:
        """Return what a field of whole bytes holds; -1: no number."""

    def address(self, raw: bytes) -> bytes:
        """Return centre, station, password and function of an uplink frame, nine bytes."""

    def sealed(self, address: bytes, content: bytes, end: int, start: int, time: bytes) -> bytes:
        """Return a downlink frame.

        Args:
            address: Station, centre, password and function, nine bytes.
            content: What precedes the time: counters and serial number.
            end: End character.
            start: Start character.
            time: The centre's time, 6 bytes BCD.
        """


class Hex:
    """HEX/BCD: bytes as they are (tables 20 to 23).

    Table 22 lets the length of a SYN frame reach FFFFH, which the four bits of the
    direction in the same field contradict; it is read as 12 bits, as table 20 has it.
    """

    is_ascii = False
    head, tail, counters, serial = 14, 3, 3, 2

    def length(self, held: bytes, at: int) -> int:
        """Return the field of direction and length of the frame that begins there."""
        return int.from_bytes(held[at + 11 : at + 13], "big")

    def number(self, field: bytes) -> int:
        """Return what a field of whole bytes holds."""
        return int.from_bytes(field, "big")

    def address(self, raw: bytes) -> bytes:
        """Return centre, station, password and function of an uplink frame, nine bytes."""
        return raw[2:11]

    def sealed(self, address: bytes, content: bytes, end: int, start: int, time: bytes) -> bytes:
        """Return a downlink frame."""
        length = _DOWN | len(content) + len(time)
        whole = b"%b%b%b%c%b%b%c" % (
            MARK, address, length.to_bytes(2, "big"), start, content, time, end,
        )  # fmt: skip
        return whole + crc(whole).to_bytes(2, "big")


class Ascii:
    """ASCII: two hexadecimal digits for a byte (tables 16 to 19)."""

    is_ascii = True
    head, tail, counters, serial = 24, 5, 6, 4

    def length(self, held: bytes, at: int) -> int:
        """Return the field of direction and length of the frame that begins there."""
        return int(held[at + 19 : at + 23], 16)

    def number(self, field: bytes) -> int:
        """Return what a field of hexadecimal digits holds; -1: it holds others."""
        return int(field, 16) if _DIGITS.fullmatch(field) else -1

    def address(self, raw: bytes) -> bytes:
        """Return centre, station, password and function of an uplink frame, nine bytes."""
        return bytes.fromhex(raw[1:19].decode("ascii"))

    def sealed(self, address: bytes, content: bytes, end: int, start: int, time: bytes) -> bytes:
        """Return a downlink frame."""
        body = (content + time).hex().upper()
        head = f"{address.hex().upper()}{_DOWN | len(body):04X}"
        whole = b"%b%b%c%b%c" % (SOH, head.encode("ascii"), start, body.encode("ascii"), end)
        return whole + b"%04X" % crc(whole)


_DOWN: Final = 0x8000
_DIGITS: Final = re.compile(rb"[0-9A-Fa-f]+")
HEX: Final = Hex()
ASCII: Final = Ascii()


def encoding_at(held: bytes, at: int) -> Encoding:
    """Return how the frame is written that begins there."""
    return ASCII if held[at] == SOH[0] else HEX


def begun(held: bytes, at: int) -> int:
    """Return where at the end of the bytes a frame may have begun; their end if nowhere."""
    found = _BEGUN.search(held, max(at, len(held) - _BEGUN_BYTES))
    return found.start() if found else len(held)


def start_fault(run: bytes) -> str:
    """Say what is wrong with bytes that begin like a frame; empty: they do not."""
    if not run.startswith(MARK) or len(run) < HEX.head:
        return ""
    found = run[HEX.head - 1]
    return f"the start character is {found:02X}, expected {STX:02X} (STX) or {SYN:02X} (SYN)"
