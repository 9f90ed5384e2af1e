"""What is written beside a record or quarantine entry on the bus: feed, hour, trace."""

import os
import re
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from urllib.parse import unquote

from adapters.sdk.hours import HOUR_S
from adapters.sdk.traces import new_span_id
from broker.outgoing import header_lines

FEED_HEADER: Final = "Liandong-Feed"
HOUR_HEADER: Final = "Liandong-Hour"
REDRIVEN_HEADER: Final = "Liandong-Redriven"
"""On a record that came out of the quarantine: the entry's number there."""
_RECEIVED: Final = "Liandong-Received"
# Up to the year 3110: anybody may write anything there.
_HOUR: Final = re.compile("[0-9]{1,7}")
TRACE_HEADER: Final = "traceparent"
_TRACE_BYTES: Final = 16


class Stamp:
    """Writes the headers of one feed's messages.

    Args:
        feed: The feed.
    """

    def __init__(self, feed: str) -> None:
        self._feed = feed
        self._hour = -1
        self._constant = b""

    def lines(self, hour: int, trace_id: str, span_id: str = "") -> bytes:
        """Return the header lines of messages that arrived in an hour, as one lot.

        Args:
            hour: The hour, counted since 1970 UTC.
            trace_id: The lot's trace, 32 hexadecimal digits.
            span_id: What is told of the lot's way here, 16 hexadecimal digits; empty: nothing
                is, and the header says so.
        """
        if hour != self._hour:
            self._hour = hour
            self._constant = header_lines({FEED_HEADER: self._feed, HOUR_HEADER: str(hour)})
        return b"%b%b: 00-%b-%b-%b\r\n" % (
            self._constant,
            TRACE_HEADER.encode(),
            trace_id.encode(),
            (span_id or new_span_id()).encode(),
            b"01" if span_id else b"00",
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
