"""What the city's stream keeps of the past: the state at an earlier time, and revisions.

A record's own subject holds what advanced the state, so what was stored last up to a time
was the state then. By when things happened it takes more: what was observed up to then, but
stored later, follows on the same subject, and what a station sent long after lies beside it
(`broker.subjects`).
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from broker.connection import Bus
from broker.delivery import Delivery
from broker.errors import StreamUnavailable
from broker.latest import first_of_each, last_of_each, next_of_each
from broker.revisions import Revisions as Kept
from broker.subjects import is_past, past_subject, share_subject
from broker.users import CITY
from gateway.entry import Entry, stored_record
from gateway.errors import HistoryUnavailable
from liandong.gateway.v1.shared_state_pb2 import TIME_BASIS_RECEIVED, TimeBasis

_LATE = 16
_KEPT = 1000


@dataclass(frozen=True, slots=True)
class Revision:
    """What was said of a record once.

    Attributes:
        entry: The record.
        stored: When the city's stream stored it, nanoseconds since 1970 UTC.
        back_filled: Whether something observed later was there already.
    """

    entry: Entry
    stored: int
    back_filled: bool


class History:
    """Reads the past from the city's stream.

    Args:
        bus: An open connection whose user may read the stream.
    """

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def at(
        self, names: Collection[str], at_ns: int, basis: "TimeBasis.ValueType"
    ) -> dict[str, Entry]:
        """Return records as they stood at a time; of what was not there then, nothing.

        Args:
            names: Their names.
            at_ns: The time, nanoseconds since 1970 UTC.
            basis: Whether by when they happened, which is meant unless said, or by when the
                city had them.

        Raises:
            HistoryUnavailable: If the stream cannot be read.
        """
        subjects = [share_subject(name) for name in names]
        try:
            held = await last_of_each(self._bus, CITY, subjects, at_ns=at_ns)
            revisions = [one for one in map(_revision, held.values()) if one is not None]
            if basis != TIME_BASIS_RECEIVED:
                sequences = dict.fromkeys(subjects, 0) | {
                    one.subject: one.sequence for one in held.values()
                }
                revisions += await self._told_late(sequences, at_ns)
                revisions += await self._beside(subjects, at_ns)
        except StreamUnavailable as error:
            raise HistoryUnavailable(str(error)) from error
        revisions.sort(key=lambda one: (one.entry.counted, one.entry.sequence))
        return {one.entry.name: one.entry for one in revisions}

    async def lost(self, names: Collection[str], basis: "TimeBasis.ValueType") -> dict[str, int]:
        """Return the records of which older revisions than are kept may have gone.

        Args:
            names: Records of which nothing is kept that stood at some time.
            basis: Of which of a record's times that was said.

        Returns:
            By name from when on it is kept, nanoseconds since 1970 UTC.

        Raises:
            HistoryUnavailable: If the stream cannot be read.
        """
        own = {share_subject(name): name for name in names}
        kept_for = (
            own
            if basis == TIME_BASIS_RECEIVED
            else own | {past_subject(subject): name for subject, name in own.items()}
        )
        try:
            first = await first_of_each(self._bus, CITY, kept_for)
            history = (await Kept(self._bus, CITY).facts()).history if first else 0
        except StreamUnavailable as error:
            raise HistoryUnavailable(str(error)) from error
        full = {kept_for[subject] for subject, (_, count) in first.items() if 0 < history <= count}
        return {
            own[subject]: _time(delivery, basis)
            for subject, (delivery, _) in first.items()
            if subject in own and own[subject] in full
        }

    async def _told_late(self, sequences: dict[str, int], at_ns: int) -> list[Revision]:
        """Return what counts as observed up to a time, but was stored after it.

        Args:
            sequences: For each subject the last sequence that was stored up to the time.
            at_ns: The time, nanoseconds since 1970 UTC.

        Raises:
            StreamUnavailable: If the stream cannot be read.
        """
        found: list[Revision] = []
        while sequences:
            following = await next_of_each(self._bus, CITY, sequences, count=_LATE)
            sequences = {}
            for subject, deliveries in following.items():
                told = [one for one in map(_revision, deliveries) if one is not None]
                late = [one for one in told if one.entry.counted <= at_ns]
                found += late
                # Its subject never goes back: after one that is too new all are.
                if len(late) == len(told) and len(deliveries) == _LATE:
                    sequences[subject] = deliveries[-1].sequence
        return found

    async def _beside(self, subjects: Iterable[str], at_ns: int) -> list[Revision]:
        """Return what lies beside subjects and counts as observed up to a time.

        Raises:
            StreamUnavailable: If the stream cannot be read.
        """
        there = await last_of_each(self._bus, CITY, map(past_subject, subjects))
        return [one for one in await self._all_of(there) if one.entry.counted <= at_ns]

    async def revisions(self, name: str) -> list[Revision]:
        """Return all that is kept of one record, in the order of its storing.

        Raises:
            HistoryUnavailable: If the stream cannot be read.
        """
        subject = share_subject(name)
        try:
            found = await self._all_of((subject, past_subject(subject)))
        except StreamUnavailable as error:
            raise HistoryUnavailable(str(error)) from error
        return sorted(found, key=lambda one: one.entry.sequence)

    async def _all_of(self, subjects: Iterable[str]) -> list[Revision]:
        """Return all that is kept on subjects.

        Raises:
            StreamUnavailable: If the stream cannot be read.
        """
        found: list[Revision] = []
        after = dict.fromkeys(subjects, 0)
        while after:
            answers = await next_of_each(self._bus, CITY, after, count=_KEPT)
            after = {}
            for subject, deliveries in answers.items():
                found += [one for one in map(_revision, deliveries) if one is not None]
                if len(deliveries) == _KEPT:
                    after[subject] = deliveries[-1].sequence
        return found


def _time(delivery: Delivery, basis: "TimeBasis.ValueType") -> int:
    """Return when a message was stored or, if that is meant, when what it says happened."""
    told = None if basis == TIME_BASIS_RECEIVED else _revision(delivery)
    return delivery.timestamp_ns if told is None else told.entry.counted


def _revision(delivery: Delivery) -> Revision | None:
    """Return a message of the stream as a revision; None: it is no record."""
    entry = stored_record(delivery)
    if entry is None:
        return None
    return Revision(entry, delivery.timestamp_ns, is_past(delivery.subject))
