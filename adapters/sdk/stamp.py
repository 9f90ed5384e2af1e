"""What is written beside a record or quarantine entry on the bus: feed, hour, trace."""

import os
import re
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from urllib.parse import unquote

from adapters.sdk.hours import HOUR_S
from broker.outgoing import header_lines

FEED_HEADER: Final = "Liandong-Feed"
HOUR_HEADER: Final = "Liandong-Hour"
REDRIVEN_HEADER: Final = "Liandong-Redriven"
"""On a record that came out of the quarantine: the entry's number there."""
_RECEIVED: Final = "Liandong-Received"
# Up to the year 3110: anybody may write anything there.
_HOUR: Final = re.compile("[0-9]{1,7}")
_TRACE: Final = "traceparent"
_TRACE_BYTES: Final = 16
_SPAN_BYTES: Final = 8


class Stamp:
    """Writes the headers of one feed's messages.

    Args:
        feed: The feed.
    """

    def __init__(self, feed: str) -> None:
        self._feed = feed
        self._hour = -1
        self._constant = b""

    def lines(self, hour: int, trace_id: str) -> bytes:
        """Return the header lines of messages that arrived in an hour, as one lot.

        Args:
            hour: The hour, counted since 1970 UTC.
            trace_id: The lot's trace, 32 hexadecimal digits.
        """
        if hour != self._hour:
            self._hour = hour
            self._constant = header_lines({FEED_HEADER: self._feed, HOUR_HEADER: str(hour)})
        span = os.urandom(_SPAN_BYTES).hex()
        return b"%b%b: 00-%b-%b-01\r\n" % (
            self._constant,
            _TRACE.encode(),
            trace_id.encode(),
            span.encode(),
        )


def new_trace_id() -> str:
    """Return a trace's id as W3C Trace Context has it."""
    return os.urandom(_TRACE_BYTES).hex()


def hour_of(headers: Mapping[str, str], timestamp_ns: int) -> int:
    """Return the hour in which a message arrived, as its headers say; else that of its storing.

    Args:
        headers: Of a record, or of an entry of the quarantine.
        timestamp_ns: When JetStream stored it, nanoseconds since 1970 UTC.
    """
    stamped, received = headers.get(HOUR_HEADER, ""), headers.get(_RECEIVED, "")
    if _HOUR.fullmatch(stamped):
        return int(stamped)
    try:
        return int(datetime.fromisoformat(unquote(received)).timestamp()) // HOUR_S
    except (ValueError, OverflowError):
        return timestamp_ns // 1_000_000_000 // HOUR_S


def hour_of_lines(lines: bytes) -> int:
    """Return the hour in which a message arrived, from its headers as they will be sent."""
    parted = (line.partition(": ") for line in lines.decode().split("\r\n"))
    return hour_of({name: value for name, _, value in parted}, time.time_ns())
