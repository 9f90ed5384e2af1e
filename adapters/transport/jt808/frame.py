"""Frames on the wire: ``7E``, header, body, check code, ``7E`` (JT/T 808-2019, clause 4.4).

Between the flags 7E is written 7D 02 and 7D is written 7D 01; the check code is the
exclusive or of header and body. Whatever stands between two flags and has the right
check code and length is a frame, so neighbours may share a flag and a damaged frame
costs itself alone. What the decoder gives depends on the bytes, never on their chunks.
"""

import struct
from typing import Final

import msgspec

from adapters.sdk.message import Undecodable

FLAG: Final = b"\x7e"
LONGEST: Final = 2 * (21 + 1023 + 1)
"""Bytes between two flags, when the longest frame has every byte escaped."""

_BODY_BYTES: Final = 0x03FF
_ENCRYPTION: Final = 0x1C00
_SPLIT: Final = 0x2000
_SINCE_2019: Final = 0x4000
_HEAD: Final = struct.Struct(">HH6sH")
_HEAD_2019: Final = struct.Struct(">HHB10sH")
_PACKETS: Final = struct.Struct(">HH")
_SHORTEST: Final = _HEAD.size + 1
_FOLDS: Final = tuple(1 << power for power in range(11, -1, -1))


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One frame whose check code and length are right."""

    raw: bytes
    """From flag to flag, escaped."""
    id: int
    """Message ID."""
    terminal: bytes
    """Terminal phone number as the header has it: BCD, 6 bytes, 10 since 2019."""
    phone: str
    """The same as digits, without the zeros in front that fill it up."""
    serial: int
    """Serial number (流水号)."""
    body: bytes
    version: int = -1
    """Protocol version in the header; -1 before 2019, when there was none."""
    encryption: int = 0
    """Bits 10 to 12 of the body's properties; 1 is RSA."""
    split: bool = False
    """Whether it is a packet of a longer message."""
    total: int = 0
    """How many packets that has."""
    index: int = 0
    """Which of them this is, from 1."""

    @property
    def edition(self) -> str:
        """Return the standard's edition by the header; 2011 and 2013 have the same."""
        return "2011/2013" if self.version < 0 else "2019"


def unescape(data: bytes) -> bytes:
    """Undo the escapes; a 7D that begins none stays, and the check code judges it.

    7D 02 first: the other way round 7D 01 02, which is 7D and 02, would become 7E.
    """
    return data.replace(b"\x7d\x02", b"\x7e").replace(b"\x7d\x01", b"\x7d")


def escape(data: bytes) -> bytes:
    """Escape what goes between the flags."""
    return data.replace(b"\x7d", b"\x7d\x01").replace(b"\x7e", b"\x7d\x02")


def check_code(data: bytes) -> int:
    """Return the exclusive or of all bytes, by folding them as one number."""
    value = int.from_bytes(data, "big")
    size = len(data)
    for half in _FOLDS:
        if half < size:
            value ^= value >> (half * 8)
    return value & 0xFF


def framed(reply_to: Frame, message_id: int, serial: int, body: bytes) -> bytes:
    """Put a body into a frame for the terminal that sent another, in its edition."""
    if reply_to.version < 0:
        head = _HEAD.pack(message_id, len(body), reply_to.terminal, serial)
    else:
        properties = len(body) | _SINCE_2019
        head = _HEAD_2019.pack(message_id, properties, reply_to.version, reply_to.terminal, serial)
    data = head + body
    return b"\x7e%b\x7e" % escape(b"%b%c" % (data, check_code(data)))


Piece = Frame | Undecodable


class Jt808Decoder:
    """Cuts a connection's bytes into frames; holds no more than the longest frame."""

    def __init__(self) -> None:
        self._rest = b""
        self._opening = b""
        self._oversized = False

    def feed(self, data: bytes) -> list[Piece]:
        """Return what these bytes complete, in order."""
        *closed, rest = (self._rest + data if self._rest else data).split(FLAG)
        pieces: list[Piece] = []
        for between in closed:
            if between:
                left = self._bounded(between, pieces) if len(between) > LONGEST else between
                self._close(left, pieces)
            self._oversized = False
            self._opening = FLAG
        self._rest = self._bounded(rest, pieces) if len(rest) > LONGEST else rest
        return pieces

    def close(self) -> list[Piece]:
        """Return what is left, now that nothing follows."""
        rest, self._rest = self._rest, b""
        opening, self._opening = self._opening, b""
        if not rest:
            return []
        reason = f"The connection ended after {len(rest)} bytes and before the flag 7E."
        return [Undecodable(rest if self._oversized else opening + rest, "truncated", reason)]

    def _close(self, between: bytes, pieces: list[Piece]) -> None:
        if self._oversized:
            pieces.append(_too_long(between + FLAG))
        else:
            pieces.append(_read(b"%b%b\x7e" % (self._opening, between), between))

    def _bounded(self, data: bytes, pieces: list[Piece]) -> bytes:
        """Give up what is longer than any frame; return what is left of it."""
        while len(data) > LONGEST:
            opening = b"" if self._oversized else self._opening
            pieces.append(_too_long(opening + data[:LONGEST]))
            data = data[LONGEST:]
            self._oversized = True
        return data


def _too_long(raw: bytes) -> Undecodable:
    reason = f"More than {LONGEST} bytes without a flag 7E are no frame of JT/T 808."
    return Undecodable(raw, "oversized", reason)


def _read(raw: bytes, between: bytes) -> Piece:
    data = unescape(between) if b"\x7d" in between else between
    if len(data) < _SHORTEST:
        reason = f"There are {len(data)} bytes between the flags; {_SHORTEST} are the least."
        return Undecodable(raw, "truncated", reason)
    if check_code(data):
        computed = check_code(data[:-1])
        reason = f"The check code is {data[-1]:02X}; over header and body it is {computed:02X}."
        return Undecodable(raw, "check", f"{reason} The frame was damaged or cut.")
    message_id, properties, terminal, serial = _HEAD.unpack_from(data)
    version, start, total, index = -1, _HEAD.size, 0, 0
    if properties & _SINCE_2019:
        if len(data) <= _HEAD_2019.size:
            return _wrong_length(raw, properties, len(data) - 1 - _HEAD_2019.size)
        _, _, version, terminal, serial = _HEAD_2019.unpack_from(data)
        start = _HEAD_2019.size
    if properties & _SPLIT:
        if len(data) <= start + _PACKETS.size:
            return _wrong_length(raw, properties, len(data) - 1 - start - _PACKETS.size)
        total, index = _PACKETS.unpack_from(data, start)
        start += _PACKETS.size
    body = data[start:-1]
    if len(body) != properties & _BODY_BYTES:
        return _wrong_length(raw, properties, len(body))
    return Frame(
        raw,
        message_id,
        terminal,
        terminal.hex().lstrip("0").upper() or "0",
        serial,
        body,
        version,
        (properties & _ENCRYPTION) >> 10,
        bool(properties & _SPLIT),
        total,
        index,
    )


def _wrong_length(raw: bytes, properties: int, found: int) -> Undecodable:
    said = properties & _BODY_BYTES
    reason = f"The header says that the body has {said} bytes; it has {max(found, 0)}."
    return Undecodable(raw, "length", f"{reason} The check code is right: the sender is wrong.")
