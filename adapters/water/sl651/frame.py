"""Frames of SL 651-2014: how they are laid out on the wire (clauses 6.2 to 6.5)."""

from typing import Final

import msgspec
from fastcrc import crc16

MARK: Final = b"\x7e\x7e"
SOH: Final = b"\x01"
STX: Final = 0x02
ETX: Final = 0x03
EOT: Final = 0x04
ENQ: Final = 0x05
ACK: Final = 0x06
NAK: Final = 0x15
SYN: Final = 0x16
ETB: Final = 0x17
ESC: Final = 0x1B

DOWN: Final = 0x8
"""Direction of what a centre sends."""
SERIAL: Final = 2
"""Bytes of the serial number, with which every body begins (table 24)."""
SENT: Final = 6
"""Bytes of the time of sending, which follows: BCD, YYMMDDhhmmss, Beijing time."""


def crc(data: bytes) -> int:
    """Return the checksum: CRC-16/MODBUS, sent with its high byte first (table 20)."""
    return int(crc16.modbus(data))


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One uplink message, joined from its packets where it came in several.

    Attributes:
        raw: Its exact bytes; those of all packets, in their order.
        head: Centre, station, password and function: nine bytes.
        body: What it carries, from the serial number on.
        end: The character that ended it; of several packets, the last one's.
        packets: In how many packets it came (mode M3); 0: it was not sent in packets.
        is_ascii: Whether it was written in ASCII characters (clause 6.4), not HEX/BCD.
    """

    raw: bytes
    head: bytes
    body: bytes
    end: int
    packets: int = 0
    is_ascii: bool = False

    @property
    def centre(self) -> int:
        """Return the address of the centre, 1 to 255."""
        return self.head[0]

    @property
    def station(self) -> str:
        """Return the address of the station, 10 hexadecimal digits (clause 6.2.3.2).

        A hydrological station has ``00`` and the 8 digits of SL 502; any other 6 digits
        of GB/T 2260 and a number of its own, two bytes that are no BCD (table 14).
        """
        return self.head[1:6].hex().upper()

    @property
    def password(self) -> bytes:
        """Return the station's password, 2 bytes."""
        return self.head[6:8]

    @property
    def function(self) -> int:
        """Return the function code (annex B)."""
        return self.head[8]
