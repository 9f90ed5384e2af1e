"""What became of earlier warnings when a later one refers to them."""

from collections import OrderedDict
from typing import Final

from liandong.record.v1.record_pb2 import Record
from liandong.weather.v1 import weather_pb2 as weather

REMEMBERED: Final = 2048
MAX_BYTES: Final = 64 * 1024 * 1024

# What a message makes of those that it refers to; an acknowledgement makes nothing of them.
STATE_OF_REFERENCED: Final = {
    weather.MESSAGE_TYPE_UPDATE: weather.WARNING_STATE_SUPERSEDED,
    weather.MESSAGE_TYPE_CANCEL: weather.WARNING_STATE_CANCELLED,
}


class EarlierWarnings:
    """The latest warnings by name, in memory bounded by number and by bytes.

    What is forgotten is not lost: a reference to it makes a short record in its place, and
    the whole one stays in history.
    """

    def __init__(self, most: int = REMEMBERED, most_bytes: int = MAX_BYTES) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._bytes = 0
        self._encoded: OrderedDict[str, bytes] = OrderedDict()

    def remember(self, record: Record) -> None:
        """Keep a warning's latest record, and forget the oldest beyond the bounds."""
        self._bytes -= len(self._encoded.pop(record.name, b""))
        encoded = record.SerializeToString()
        self._encoded[record.name] = encoded
        self._bytes += len(encoded)
        while len(self._encoded) > self._most or self._bytes > self._most_bytes:
            _, forgotten = self._encoded.popitem(last=False)
            self._bytes -= len(forgotten)

    def get(self, name: str) -> Record | None:
        """Return a warning's latest record, if it is remembered."""
        encoded = self._encoded.get(name)
        return None if encoded is None else Record.FromString(encoded)
