"""Whether a record takes the place of the one before it, or enters history beside it.

The last message of a record's subject is what the city holds to be so. A station that
catches up after an outage sends what it observed hours ago; were it stored on the same
subject, that would become the state for everyone who begins to read there, and push what
is newer out of the revisions that are kept. So what is observed earlier than what the
subject holds goes beside it (`broker.subjects`). One observed ahead of its storing counts
as observed when it was stored: a clock that is ahead cannot hold the place of what is true
until then.
"""

import time
from collections.abc import Sequence

from google.protobuf.message import DecodeError

from broker.connection import Bus
from broker.latest import last_of_each
from broker.lot import Item
from broker.subjects import is_record, past_subject
from liandong.record.v1.record_pb2 import Record

_NANO = 1_000_000_000
_REMEMBERED = 100_000


class Placing:
    """Finds the place of records on one stream.

    Args:
        bus: An open connection whose user may read the stream.
        stream: The stream.
    """

    def __init__(self, bus: Bus, stream: str) -> None:
        self._bus = bus
        self._stream = stream
        self._latest: dict[str, int] = {}

    async def place(self, items: Sequence[Item]) -> None:
        """Give each record that is to be stored its subject; in the order of their storing.

        Raises:
            StreamUnavailable: If the stream cannot be asked what it holds.
        """
        waiting = _unplaced(items)
        await self._learn({item.message.subject for item in waiting})
        self._place(waiting)

    def place_known(self, items: Sequence[Item]) -> bool:
        """Do the same if the stream need not be asked for any; tell whether it was done."""
        waiting = _unplaced(items)
        latest = self._latest
        if not all(item.message.subject in latest for item in waiting):
            return False
        self._place(waiting)
        return True

    def _place(self, waiting: Sequence[Item]) -> None:
        """Give records their subjects."""
        now, latest = time.time_ns(), self._latest
        for item in waiting:
            item.is_placed = True
            message = item.message
            if message.observed_ns is None:
                message.observed_ns = observed_ns(message.payload)
            if message.observed_ns is None:
                continue
            counted = min(message.observed_ns, now)
            if counted < latest[message.subject]:
                message.subject = past_subject(message.subject)
            else:
                latest[message.subject] = counted

    def forget(self, subject: str) -> None:
        """Ask the stream again before the next record of a subject is placed."""
        self._latest.pop(subject, None)

    async def _learn(self, subjects: set[str]) -> None:
        """Find out when what the stream holds on subjects was observed."""
        unknown = subjects - self._latest.keys()
        if not unknown:
            return
        held = await last_of_each(self._bus, self._stream, unknown)
        if len(self._latest) + len(unknown) > _REMEMBERED:
            self._latest = {subject: self._latest[subject] for subject in subjects - unknown}
        for subject in unknown:
            last = held.get(subject)
            observed = None if last is None else observed_ns(last.payload)
            if last is None or observed is None:
                self._latest[subject] = 0
            else:
                self._latest[subject] = min(observed, last.timestamp_ns)


def _unplaced(items: Sequence[Item]) -> list[Item]:
    """Return the records that have no place yet."""
    return [item for item in items if not item.is_placed and is_record(item.message.subject)]


def observed_ns(payload: bytes) -> int | None:
    """Return when what a record says was so, nanoseconds since 1970 UTC; None: it is none."""
    try:
        record = Record.FromString(payload)
    except DecodeError:
        return None
    if not record.HasField("observed_at"):
        return None
    return record.observed_at.seconds * _NANO + record.observed_at.nanos
