"""What the centre answers a station (clause 6.2.3, modes M1 to M4)."""

from datetime import datetime
from typing import Final

from adapters.water.sl651.codes import KEEP_ALIVE
from adapters.water.sl651.frame import MARK, STX, Frame, crc

ACK: Final = 0x06
ESC: Final = 0x1B
_DOWN: Final = 0x8000
_BODY: Final = 8


def confirmation(frame: Frame, local_now: datetime, end: int) -> bytes:
    """Return the downlink frame that confirms an uplink one: serial number and centre's time.

    Addresses are swapped: station, then centre. A keep-alive is not answered.

    Args:
        frame: The uplink frame.
        local_now: The centre's time, Beijing time.
        end: The end character: ACK, or ESC to keep the station on line.
    """
    if frame.function == KEEP_ALIVE:
        return b""
    head = b"%b%b%c%b%c%b%c" % (
        MARK,
        bytes.fromhex(frame.station),
        frame.centre,
        frame.password,
        frame.function,
        (_DOWN | _BODY).to_bytes(2, "big"),
        STX,
    )
    body = frame.body[:2] + bytes.fromhex(f"{local_now:%y%m%d%H%M%S}")
    whole = head + body + bytes((end,))
    return whole + crc(whole).to_bytes(2, "big")
