"""Whether a record takes the place of the one before it, or enters history beside it.

The last message of a record's subject is what the city holds to be so. A station that
catches up after an outage sends what it observed hours ago; were it stored on the same
subject, that would become the state for everyone who begins to read there, and push what
is newer out of the revisions that are kept. So what is observed earlier than what the
subject holds goes beside it (`broker.subjects`). One observed ahead of its storing counts
as observed when it was stored: a clock that is ahead cannot hold the place of what is true
until then.

The stream is asked once what a subject holds. While it holds nothing of what it is asked
for, as of reports that each have a name of their own, it is not asked: the server is told
to refuse a batch in which what we take for the first of its subject is not. Then it is asked.
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
        self._meets_new = False

    async def place(self, items: Sequence[Item]) -> None:
        """Give each record that is to be stored its subject; in the order of their storing.

        Raises:
            StreamUnavailable: If the stream cannot be asked what it holds.
        """
        waiting = _unplaced(items)
        await self._learn({item.message.subject for item in waiting})
        self._place(waiting)

    def place_now(self, items: Sequence[Item]) -> bool:
        """Do the same for a batch if the stream need not be asked before; tell whether it was.

        What is unknown may be taken to be the first of its subject: `Item.is_first` then has
        the server refuse the batch should it not be, and `take_back` undoes what was done.
        """
        waiting = _unplaced(items)
        latest = self._latest
        firsts = {item.subject: item for item in reversed(waiting) if item.subject not in latest}
        if firsts and not self._meets_new:
            return False
        for item in firsts.values():
            item.is_first = True
        if firsts:
            self._remember(dict.fromkeys(firsts, 0), {item.subject for item in waiting})
        self._place(waiting)
        return True

    def take_back(self, items: Sequence[Item]) -> bool:
        """Undo what `place_now` took for granted in a batch; tell whether it did."""
        subjects = {item.subject for item in items if item.is_first}
        if not subjects:
            return False
        self._meets_new = False
        for item in items:
            if item.subject in subjects:
                item.is_first = item.is_placed = False
                item.message.subject = item.subject
                self.forget(item.subject)
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
        # Again when room was made meanwhile by forgetting what was known then.
        while unknown := subjects - self._latest.keys():
            held = await last_of_each(self._bus, self._stream, unknown)
            self._meets_new = not held
            found = dict.fromkeys(unknown, 0)
            for subject, last in held.items():
                observed = observed_ns(last.payload)
                if observed is not None:
                    found[subject] = min(observed, last.timestamp_ns)
            self._remember(found, subjects)

    def _remember(self, found: dict[str, int], needed: set[str]) -> None:
        """Note when what subjects hold was observed; forget others than needed to have room."""
        if len(self._latest) + len(found) > _REMEMBERED:
            self._latest = {
                subject: self._latest[subject] for subject in needed & self._latest.keys()
            }
        self._latest |= found


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
