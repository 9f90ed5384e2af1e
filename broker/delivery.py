"""What is read of a stream: one message."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(slots=True)
class Delivery:
    """A message as its stream holds it.

    Attributes:
        subject: Its subject.
        payload: Its bytes, exactly as they were published.
        headers: Its headers.
        sequence: Its sequence in the stream.
        timestamp_ns: When the stream stored it, nanoseconds since 1970 UTC.
        pending: How many more were there behind it.
    """

    subject: str
    payload: bytes
    headers: Mapping[str, str]
    sequence: int
    timestamp_ns: int
    pending: int
