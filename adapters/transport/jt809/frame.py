"""Frames on the wire: ``5B``, header, body, CRC, ``5D`` (JT/T 809-2011 and 2019).

Between the flags 5B is written 5A 01, 5A is 5A 02, 5D is 5E 01 and 5E is 5E 02. The
header's length counts the frame from flag to flag before escaping; the CRC (polynomial
1021, beginning with FFFF) covers header and body. What the decoder gives depends on the
bytes, never on their chunks.

The header of 2019 ends with the time of sending, UTC seconds in eight bytes. Versions in
headers do not tell which it is (2019 headers with version 1.0.0 and older ones are sent),
so four zeros after the key do, which are the upper half of a time and begin no body of
2011 but a login of user 0; a login's and a logout's length tell those.
"""

import struct
from typing import Final

import msgspec
from fastcrc import crc16

from adapters.sdk.message import Undecodable

BEGIN, END = b"\x5b", b"\x5d"
LOGIN: Final = 0x1001
LOGOUT: Final = 0x1003

_HEAD: Final = struct.Struct(">IIHI3sBI")
_TIME: Final = struct.Struct(">Q")
_CRC_BYTES: Final = 2
_FLAGS: Final = 2
_SHORTEST: Final = _HEAD.size + _CRC_BYTES
_UPPER_HALF: Final = bytes(4)
_OF_2011: Final = frozenset({(LOGIN, 46), (LOGOUT, 12)})


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One frame whose CRC and length are right."""

    raw: bytes
    """From flag to flag, escaped."""
    serial: int
    """Serial number (报文序列号)."""
    type: int
    """Type of business data (业务数据类型), for example 1200."""
    access_code: int
    """Access code of the subordinate platform (MSG_GNSSCENTERID)."""
    version: bytes
    """Version of the protocol, three bytes."""
    edition: str
    """2011 or 2019, by the header's form."""
    sent: int
    """When it was sent, UTC seconds; 0 before 2019."""
    key: int | None
    """Key of an encrypted body; None: it is not encrypted."""
    body: bytes
    """As it came, perhaps encrypted."""


Piece = Frame | Undecodable


def unescape(data: bytes) -> bytes:
    """Undo the escapes, those whose result could begin another one first."""
    if b"\x5a" in data:
        data = data.replace(b"\x5a\x01", b"\x5b").replace(b"\x5a\x02", b"\x5a")
    if b"\x5e" in data:
        data = data.replace(b"\x5e\x01", b"\x5d").replace(b"\x5e\x02", b"\x5e")
    return data


def escape(data: bytes) -> bytes:
    """Escape what goes between the flags."""
    data = data.replace(b"\x5a", b"\x5a\x02").replace(b"\x5b", b"\x5a\x01")
    return data.replace(b"\x5e", b"\x5e\x02").replace(b"\x5d", b"\x5e\x01")


def framed(reply_to: Frame, message_type: int, serial: int, now: int, body: bytes) -> bytes:
    """Put a body into a frame for the platform that sent another, in its edition."""
    tail = _TIME.pack(now) + body if reply_to.edition == "2019" else body
    size = _HEAD.size + len(tail) + _CRC_BYTES + _FLAGS
    head = _HEAD.pack(size, serial, message_type, reply_to.access_code, reply_to.version, 0, 0)
    data = head + tail
    return b"[%b]" % escape(data + crc16.ibm_3740(data).to_bytes(2, "big"))


class Jt809Decoder:
    """Cuts a connection's bytes into frames.

    Args:
        longest: Most bytes before an end flag; more are no frame.
    """

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._rest = b""
        # End flags without a beginning: together one piece, however many there are.
        self._stray = bytearray()

    def feed(self, data: bytes) -> list[Piece]:
        """Return what these bytes complete, in order."""
        pieces: list[Piece] = []
        if END not in data:
            self._rest = self._bounded(self._rest + data, pieces)
            return pieces
        *ended, rest = (self._rest + data).split(END)
        for before_end in ended:
            ended_piece = self._bounded(before_end, pieces) + END
            if BEGIN in ended_piece:
                self._give_up_stray(pieces)
                _cut(ended_piece, pieces)
                continue
            self._stray += ended_piece
            if len(self._stray) >= self._longest:
                self._give_up_stray(pieces)
        self._rest = self._bounded(rest, pieces)
        return pieces

    def close(self) -> list[Piece]:
        """Return what is left, now that nothing follows."""
        pieces: list[Piece] = []
        self._give_up_stray(pieces)
        rest, self._rest = self._rest, b""
        if rest:
            reason = f"The connection ended after {len(rest)} bytes and before the end flag 5D."
            pieces.append(Undecodable(rest, "truncated", reason))
        return pieces

    def _give_up_stray(self, pieces: list[Piece]) -> None:
        """Give what stands before no flag 5B."""
        if self._stray:
            reason = "These bytes stand before no flag 5B."
            pieces.append(Undecodable(bytes(self._stray), "garbage", reason))
            self._stray.clear()

    def _bounded(self, data: bytes, pieces: list[Piece]) -> bytes:
        """Give up what is longer than any frame; return what is left of it."""
        if len(data) > self._longest:
            self._give_up_stray(pieces)
        while len(data) > self._longest:
            reason = f"There are more than {self._longest} bytes without an end flag 5D."
            pieces.append(Undecodable(data[: self._longest], "oversized", reason))
            data = data[self._longest :]
        return data


def _cut(data: bytes, pieces: list[Piece]) -> None:
    """Give what ends with an end flag: a frame, and before it what belongs to none.

    A frame that was cut off lacks its end flag, so the next one stands in the same bytes;
    a sender that does not escape 5B has one within its frame. The whole is tried first.
    """
    begin = data.find(BEGIN)
    if begin:
        reason = "These bytes stand between two frames."
        pieces.append(Undecodable(data[:begin], "garbage", reason))
        data = data[begin:]
    piece = _read(data)
    last = data.rfind(BEGIN)
    if last and isinstance(piece, Undecodable):
        later = _read(data[last:])
        if isinstance(later, Frame):
            reason = "Another frame begins before this one has ended."
            pieces.append(Undecodable(data[:last], "truncated", reason))
            piece = later
    pieces.append(piece)


def _read(raw: bytes) -> Piece:
    data = unescape(raw[1:-1])
    if len(data) < _SHORTEST:
        reason = f"There are {len(data)} bytes between the flags; {_SHORTEST} are the least."
        return Undecodable(raw, "truncated", reason)
    said = int.from_bytes(data[-_CRC_BYTES:], "big")
    computed = crc16.ibm_3740(data[:-_CRC_BYTES])
    if said != computed:
        reason = f"The CRC is {said:04X}; over header and body it is {computed:04X}."
        return Undecodable(raw, "crc", f"{reason} The frame was damaged or cut.")
    length, serial, kind, access_code, version, encrypted, key = _HEAD.unpack_from(data)
    if length != len(data) + _FLAGS:
        reason = f"The header says that the frame has {length} bytes before escaping; it has "
        reason += f"{len(data) + _FLAGS}. The CRC is right: the sender is wrong."
        return Undecodable(raw, "length", reason)
    tail = data[_HEAD.size : -_CRC_BYTES]
    edition, sent = "2011", 0
    if len(tail) >= _TIME.size and tail[:4] == _UPPER_HALF and (kind, len(tail)) not in _OF_2011:
        edition, (sent,), tail = "2019", _TIME.unpack_from(tail), tail[_TIME.size :]
    return Frame(
        raw,
        serial,
        kind,
        access_code,
        version,
        edition,
        sent,
        key if encrypted else None,
        tail,
    )
