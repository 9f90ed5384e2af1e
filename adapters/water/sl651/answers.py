"""What the centre answers a station (clauses 6.3.1.2, 6.4 and 6.5).

In mode M1 a station expects nothing and gets nothing. In the others a frame says itself
what it expects:

- a keep-alive has no downlink frame (6.6.4.2);
- a report in one frame is confirmed (M2): by ACK, as recorded centres do; the last one by
  EOT, on which the station may hang up, or ESC, which keeps it on line (table 10), where
  the feed says so;
- a message in packets is confirmed once (M3), by a SYN frame that repeats how many
  packets there were; a packet that is missing when the last has come is asked for by NAK
  and its number, one at a time (tables 19 and 23);
- the response to a query is confirmed like a report (M4);
- the response to a command is not: a station carries some commands out when it gets
  the final confirmation (6.6.4.23), which is for whoever gave the command to send. A
  station that responds never sends again by itself (6.3.2.3), so nothing is lost.

A frame whose checksum is wrong gets no answer (6.3.1.2 b: what is received invalid is
not responded to): whose it is cannot be known, and the station sends again. One of
several packets is asked for by NAK when the last packet has come (6.3.1.2 c).
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from adapters.water.sl651.codes import COMMANDS, KEEP_ALIVE
from adapters.water.sl651.encoding import ASCII, HEX
from adapters.water.sl651.frame import ACK, ETB, NAK, SERIAL, STX, SYN, Frame

_COUNTERS: Final = 3
_UNANSWERED: Final = COMMANDS | {KEEP_ALIVE}


class Answers:
    """Writes downlink frames: serial number of the uplink one, and the centre's time.

    Args:
        now: Returns the time now, UTC.
        zone: The stations' zone.
        last: The control character that confirms a frame after which no more follows.
    """

    def __init__(self, now: Callable[[], datetime], zone: ZoneInfo, *, last: int = ACK) -> None:
        self._now = now
        self._zone = zone
        self._last = last
        self._second = -1
        self._digits = b""

    def confirmation(self, frame: Frame) -> bytes:
        """Return what confirms a message that is safe; empty where nothing is to be sent."""
        if frame.function in _UNANSWERED:
            return b""
        serial = frame.body[: ASCII.serial if frame.is_ascii else HEX.serial]
        end = ACK if frame.end == ETB else self._last
        return self._frame(frame.is_ascii, frame.head, serial, (frame.packets, frame.packets), end)

    def repeat_request(
        self, is_ascii: bool, head: bytes, serial: bytes, total: int, number: int
    ) -> bytes:
        """Return the NAK that asks for one packet.

        Args:
            is_ascii: How the uplink frames are written.
            head: Their centre, station, password and function.
            serial: The message's serial number, as written; empty: not known.
            total: In how many packets the message comes.
            number: Which one to send again.
        """
        return self._frame(is_ascii, head, serial, (total, number), NAK)

    def _frame(
        self, is_ascii: bool, head: bytes, serial: bytes, counters: tuple[int, int], end: int
    ) -> bytes:
        """Return a downlink frame; counters of 0 are left out, where there were no packets.

        Addresses are swapped: station, then centre.
        """
        encoding = ASCII if is_ascii else HEX
        total, number = counters
        written = max(encoding.number(serial), 0).to_bytes(SERIAL, "big")
        if total:
            written = (total << 12 | number).to_bytes(_COUNTERS, "big") + written
        address = head[1:6] + head[:1] + head[6:]
        return encoding.sealed(address, written, end, SYN if total else STX, self._time())

    def _time(self) -> bytes:
        """Return the centre's local time, 6 bytes BCD; written once a second."""
        now = self._now()
        second = int(now.timestamp())
        if second != self._second:
            self._second = second
            self._digits = bytes.fromhex(f"{now.astimezone(self._zone):%y%m%d%H%M%S}")
        return self._digits
