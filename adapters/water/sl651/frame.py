"""Frames of SL 651-2014 in HEX/BCD (clause 6.2): cut out of a byte stream, and checked."""

from dataclasses import dataclass
from typing import Final

from fastcrc import crc16

from adapters.sdk.message import Undecodable
from adapters.water.sl651.multipacket import Packet, Reassembly

MARK: Final = b"\x7e\x7e"
HEAD: Final = 14
TAIL: Final = 3
STX: Final = 0x02
SYN: Final = 0x16
SOH: Final = 0x01
_STARTS: Final = frozenset({STX, SYN})
# Stations end queries and reports of events with control characters of the downlink.
_ENDS: Final = frozenset({0x03, 0x17, 0x04, 0x05, 0x06, 0x15, 0x1B})
_LENGTH: Final = 0x0FFF
_DOWN: Final = 0x8
_GARBAGE: Final = 4096


def crc(data: bytes) -> int:
    """Return the checksum: CRC-16/MODBUS, sent with its high byte first (clause 6.2.1)."""
    return int(crc16.modbus(data))


@dataclass(frozen=True, slots=True)
class Frame:
    """One uplink message, joined from its packets where it came in several.

    Attributes:
        raw: Its exact bytes; those of all packets, in their order.
        centre: Address of the centre.
        station: Address of the station, 10 hexadecimal digits.
        password: Its password, 2 bytes.
        function: Function code.
        body: What it carries, from the serial number on.
        packets: In how many packets it came.
    """

    raw: bytes
    centre: int
    station: str
    password: bytes
    function: int
    body: bytes
    packets: int = 1


class Sl651Decoder:
    """Cuts one connection's bytes into frames; keeps at most one frame and open packets.

    What it gives depends on the bytes alone, never on how they were cut into chunks.
    """

    def __init__(self) -> None:
        self._kept = b""
        self._packets = Reassembly()

    def feed(self, data: bytes) -> list[Frame | Undecodable]:
        """Take the bytes that came next; return what they complete, in order."""
        buffer = self._kept + data if self._kept else data
        found: list[Frame | Undecodable] = []
        at = 0
        while True:
            mark = buffer.find(MARK, at)
            if mark < 0:
                # The last byte may be the first of a mark.
                unmarked = len(buffer) - at - buffer.endswith(MARK[:1], at)
                whole = unmarked // _GARBAGE * _GARBAGE
                self._skip(buffer[at : at + whole], found)
                at += whole
                break
            self._skip(buffer[at:mark], found)
            at = mark
            if len(buffer) - at < HEAD:
                break
            if buffer[at + HEAD - 1] not in _STARTS:
                at += self._refuse_head(buffer, at, found)
                continue
            size = HEAD + (int.from_bytes(buffer[at + 11 : at + 13], "big") & _LENGTH) + TAIL
            if len(buffer) - at < size:
                break
            taken = self._take(buffer, at, size, found)
            if not taken:
                break
            at += taken
        self._kept = buffer[at:]
        return found

    def close(self) -> list[Frame | Undecodable]:
        """Return what is left: half a frame, and messages whose packets did not all come."""
        found: list[Frame | Undecodable] = []
        kept, self._kept = self._kept, b""
        if kept.startswith(MARK):
            reason = f"the connection ended within a frame: {len(kept)} bytes came"
            found.append(Undecodable(kept, "half", reason))
        else:
            self._skip(kept, found)
        found += self._packets.close()
        return found

    def _skip(self, garbage: bytes, found: list[Frame | Undecodable]) -> None:
        """Report bytes that belong to no frame, in pieces."""
        for first in range(0, len(garbage), _GARBAGE):
            piece = garbage[first : first + _GARBAGE]
            if piece[0] == SOH:
                reason = (
                    "a frame of the ASCII encoding (begins with SOH); set the station to HEX/BCD"
                )
                found.append(Undecodable(piece, "ascii", reason))
            else:
                reason = f"{len(piece)} bytes that are no frame: a frame begins with 7E7E"
                found.append(Undecodable(piece, "garbage", reason))

    def _refuse_head(self, buffer: bytes, at: int, found: list[Frame | Undecodable]) -> int:
        """Report a mark that begins no frame; return how many bytes that took."""
        following = buffer.find(MARK, at + 1)
        end = following if following > 0 else at + HEAD
        piece = buffer[at:end]
        start = buffer[at + HEAD - 1]
        reason = f"the frame's start character is {start:02X}, expected 02 (STX) or 16 (SYN)"
        found.append(Undecodable(piece, "start", reason))
        return len(piece)

    def _take(self, buffer: bytes, at: int, size: int, found: list[Frame | Undecodable]) -> int:
        """Check one frame; return how many bytes it took, 0: the next byte decides that."""
        raw = buffer[at : at + size]
        said, is_so = int.from_bytes(raw[-2:], "big"), crc(raw[:-2])
        if said != is_so:
            # A wrong length swallows what follows: a frame that begins inside is kept.
            inside = buffer.find(MARK, at + 2, at + size + 1)
            if inside < 0 and raw.endswith(MARK[:1]) and len(buffer) == at + size:
                return 0
            piece = buffer[at:inside] if inside > 0 else raw
            reason = (
                f"the checksum is {said:04X}, calculated is {is_so:04X} over {len(raw) - 2} bytes: "
                "damaged on its way, or a wrong length"
            )
            found.append(Undecodable(piece, "crc", reason))
            return len(piece)
        if raw[11] >> 4 == _DOWN:
            reason = "a downlink frame (direction 8) came from a station, expected uplink (0)"
            found.append(Undecodable(raw, "direction", reason))
        elif raw[-3] not in _ENDS:
            reason = f"the end character is {raw[-3]:02X}, expected 03 (ETX) or 17 (ETB)"
            found.append(Undecodable(raw, "end", reason))
        else:
            found += self._frame(raw)
        return len(raw)

    def _frame(self, raw: bytes) -> list[Frame | Undecodable]:
        """Return the frame, or with its last packet the joined one."""
        station, function, body = raw[3:8].hex().upper(), raw[10], raw[HEAD:-TAIL]
        if raw[HEAD - 1] == STX:
            return [Frame(raw, raw[2], station, raw[8:10], function, body)]
        joined = self._packets.add((station, function), Packet.of(raw, body))
        if joined is None:
            return []
        if isinstance(joined, Undecodable):
            return [joined]
        return [
            Frame(
                b"".join(packet.raw for packet in joined),
                raw[2],
                station,
                raw[8:10],
                function,
                b"".join(packet.content for packet in joined),
                len(joined),
            )
        ]
