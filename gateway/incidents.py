"""Incidents that are open, as far as agreements depend on them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from gateway.agreement import in_districts
from gateway.entry import Entry
from gateway.terms import LONGEST_SPAN_S, Terms
from liandong.incident.v1.incident_pb2 import (
    LEVEL_UNSPECIFIED,
    LIFECYCLE_CLOSED,
    LIFECYCLE_FALSE_ALARM,
)
from liandong.record.v1.record_pb2 import Record

_KIND: Final = "incident.report"
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
    """

    name: str
    agency: str
    level: int
    district: str
    status: int
    ends_ns: int


class Incidents:
    """The incidents in the shared state that opened something lately, or may.

    A false alarm and an incident without a level open nothing; one that was closed counts
    until some agreement's `closes_after` has passed.

    Args:
        on_change: Called when others are open than before.
    """

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._known: dict[str, Incident] = {}
        self._on_change = on_change

    def take(self, entry: Entry) -> None:
        """Take a change of the shared state."""
        if entry.key.kind != _KIND:
            return
        incident = _incident(entry)
        if incident == self._known.get(entry.name):
            return
        self._known.pop(entry.name, None)
        if incident is not None:
            self._known[entry.name] = incident
        self._on_change()

    def opening(self, terms: Terms, consumer: str, now_ns: int) -> dict[int, str]:
        """Return the incidents that open an agreement now.

        Args:
            terms: The agreement.
            consumer: Who would read.
            now_ns: The time, nanoseconds since 1970 UTC.

        Returns:
            By status, for a drill opens what belongs to drills only: the gravest's name.
        """
        found: dict[int, Incident] = {}
        for incident in self._meant(terms, consumer):
            if incident.ends_ns and incident.ends_ns + terms.grace_ns <= now_ns:
                continue
            other = found.get(incident.status)
            if other is None or (incident.level, incident.name) < (other.level, other.name):
                found[incident.status] = incident
        return {status: incident.name for status, incident in found.items()}

    def turns(self, terms: Terms) -> Iterator[int]:
        """Return when an agreement may hold no longer, nanoseconds since 1970 UTC."""
        for incident in self._known.values():
            if incident.ends_ns and incident.level <= terms.level:
                yield incident.ends_ns + terms.grace_ns

    def forget(self, now_ns: int) -> None:
        """Forget those that can open nothing any more."""
        ended = [
            incident.name
            for incident in self._known.values()
            if incident.ends_ns and incident.ends_ns + _LONGEST_NS <= now_ns
        ]
        for name in ended:
            del self._known[name]

    def _meant(self, terms: Terms, consumer: str) -> Iterator[Incident]:
        """Return the incidents that an agreement speaks of."""
        agreement = terms.agreement
        for incident in self._known.values():
            declared = (
                incident.agency in agreement.declared_by
                if agreement.declared_by
                else incident.agency != consumer
            )
            if (
                declared
                and incident.level <= terms.level
                and in_districts(incident.district, agreement.districts)
            ):
                yield incident


def _incident(entry: Entry) -> Incident | None:
    """Return the incident that a record states; None: it opens nothing."""
    stated = Record.FromString(entry.payload).incident
    if stated.level == LEVEL_UNSPECIFIED or stated.lifecycle == LIFECYCLE_FALSE_ALARM:
        return None
    closed = entry.counted if stated.lifecycle == LIFECYCLE_CLOSED else 0
    ends = min((end for end in (closed, entry.expires) if end), default=0)
    key = entry.key
    return Incident(entry.name, key.agency, stated.level, key.district, key.status, ends)
