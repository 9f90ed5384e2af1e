"""Incidents that are open, as far as agreements depend on them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from broker.delivery import Delivery
from broker.districts import in_districts
from gateway.entry import Entry, stored_record
from gateway.terms import LONGEST_SPAN_S, Terms
from liandong.incident.v1.incident_pb2 import (
    LEVEL_UNSPECIFIED,
    LIFECYCLE_CLOSED,
    LIFECYCLE_FALSE_ALARM,
)
from liandong.record.v1.record_pb2 import Record

KIND: Final = "incident.report"
_LONGEST_NS: Final = LONGEST_SPAN_S * 1_000_000_000


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident.

    Attributes:
        name: Its record's name.
        agency: Who declared it.
        level: 1 (the gravest) to 4.
        district: Where it is.
        status: Whether it is ACTUAL, an EXERCISE or a TEST.
        ends_ns: When it ended or will end, nanoseconds since 1970 UTC; 0: it is open.
        counted: When what states it counts as observed, nanoseconds since 1970 UTC.
    """

    name: str
    agency: str
    level: int
    district: str
    status: int
    ends_ns: int
    counted: int = field(compare=False)


class Incidents:
    """The incidents in the shared state that opened something lately, or may.

    A false alarm and an incident without a level open nothing; one that was closed counts
    until some agreement's `closes_after` has passed.

    Args:
        on_change: Called with what is known of an incident and what was known before.
    """

    def __init__(self, on_change: Callable[[Sequence[Incident]], None]) -> None:
        self._known: dict[str, Incident] = {}
        self._meant: dict[Terms, list[Incident]] = {}
        self._on_change = on_change

    def take(self, entry: Entry) -> None:
        """Take a change of the shared state."""
        if entry.key.kind != KIND:
            return
        incident = _incident(entry)
        before = self._known.get(entry.name)
        if before is not None and before.counted > entry.counted:
            return
        self._known.pop(entry.name, None)
        if incident is not None:
            self._known[entry.name] = incident
        if incident != before:
            self._meant.clear()
            self._on_change([one for one in (before, incident) if one is not None])

    def take_told(self, delivery: Delivery) -> None:
        """Take an incident from the city's stream, where it is no part of the state held here."""
        entry = stored_record(delivery)
        if entry is not None:
            self.take(entry)

    def opening(self, terms: Terms, consumer: str, now_ns: int) -> dict[int, str]:
        """Return the incidents that open an agreement now.

        Args:
            terms: The agreement.
            consumer: Who would read.
            now_ns: The time, nanoseconds since 1970 UTC.

        Returns:
            By status, for a drill opens what belongs to drills only: the gravest's name.
        """
        agreement, found = terms.agreement, dict[int, Incident]()
        for incident in self._meant_by(terms):
            if not agreement.declared_by and incident.agency == consumer:
                continue
            if incident.ends_ns and incident.ends_ns + terms.grace_ns <= now_ns:
                continue
            other = found.get(incident.status)
            if other is None or (incident.level, incident.name) < (other.level, other.name):
                found[incident.status] = incident
        return {status: incident.name for status, incident in found.items()}

    def turns(self, terms: Terms) -> Iterator[int]:
        """Return when an agreement may hold no longer, nanoseconds since 1970 UTC."""
        for incident in self._meant_by(terms):
            if incident.ends_ns:
                yield incident.ends_ns + terms.grace_ns

    def forget(self, now_ns: int) -> None:
        """Forget those that can open nothing any more, and agreements that were replaced."""
        self._meant.clear()
        ended = [
            incident.name
            for incident in self._known.values()
            if incident.ends_ns and incident.ends_ns + _LONGEST_NS <= now_ns
        ]
        for name in ended:
            del self._known[name]

    def _meant_by(self, terms: Terms) -> list[Incident]:
        """Return the incidents that an agreement speaks of, whoever would read."""
        meant = self._meant.get(terms)
        if meant is None:
            known = self._known.values()
            meant = self._meant[terms] = [one for one in known if concerns(terms, one)]
        return meant


def concerns(terms: Terms, incident: Incident) -> bool:
    """Tell whether an agreement speaks of an incident: by level, place, and who declared it."""
    agreement = terms.agreement
    return (
        incident.level <= terms.level
        and (not agreement.declared_by or incident.agency in agreement.declared_by)
        and in_districts(incident.district, agreement.districts)
    )


def _incident(entry: Entry) -> Incident | None:
    """Return the incident that a record states; None: it opens nothing."""
    stated = Record.FromString(entry.payload).incident
    if stated.level == LEVEL_UNSPECIFIED or stated.lifecycle == LIFECYCLE_FALSE_ALARM:
        return None
    closed = entry.counted if stated.lifecycle == LIFECYCLE_CLOSED else 0
    ends = min((end for end in (closed, entry.expires) if end), default=0)
    key = entry.key
    return Incident(
        entry.name, key.agency, stated.level, key.district, key.status, ends, entry.counted
    )
