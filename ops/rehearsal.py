"""Rehearsing agreements: what each department would gain or lose with another file.

It knows nothing of where records come from: give it those of the city's stream, or those
that were really read.
"""

import heapq
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, NamedTuple

from google.protobuf.message import DecodeError, Message

from gateway.disclosure import Disclosure
from gateway.entry import entry_of
from gateway.hidden import Step, covers, steps_of
from gateway.identity import Caller
from gateway.key import Key
from gateway.permit import Opening, Permit
from gateway.terms import Terms, unmet
from liandong.record.v1.record_pb2 import Record, Status

_SAMPLES: Final = 3
_EMERGENCY: Final = "an incident"


class Scenario(NamedTuple):
    """Under what a department reads.

    Attributes:
        purpose: What it states; empty: nothing.
        emergency: Whether an incident of the gravest level is open everywhere.
    """

    purpose: str
    emergency: bool

    def __str__(self) -> str:
        purpose = f"for {self.purpose}" if self.purpose else "without a purpose"
        return f"{purpose}, in an emergency" if self.emergency else purpose


@dataclass(slots=True)
class Traffic:
    """The records on which a file is rehearsed, by what decisions look at.

    Args:
        paths: The fields that either file hides.

    Attributes:
        names: The records' names, by their key and those of the fields that they state.
    """

    paths: Collection[str]
    names: dict[tuple[Key, frozenset[str]], set[str]] = field(
        default_factory=lambda: defaultdict(set)
    )

    def add(self, payload: bytes) -> bool:
        """Count a record; tell whether the bytes are one."""
        try:
            entry = entry_of(payload, 0, 0)
        except (DecodeError, ValueError):
            return False
        record = Record.FromString(payload)
        stated = frozenset(path for path in self.paths if _states(record, steps_of(path)))
        self.names[entry.key, stated].add(entry.name)
        return True


@dataclass(slots=True)
class Change:
    """What a department would gain or lose of another's records of a kind.

    Attributes:
        consumer: Who.
        provider: Whose.
        kind: Of which kind.
        gained: Whether it is a gain.
        fields: Of records that are read before and after, the fields; empty: whole records.
        agreements: By which agreements.
        names: The records.
        when: Under what; empty: in any case.
    """

    consumer: str
    provider: str
    kind: str
    gained: bool
    fields: tuple[str, ...]
    agreements: tuple[str, ...]
    names: set[str]
    when: tuple[Scenario, ...] = ()

    @property
    def samples(self) -> list[str]:
        """Return a few of the records' names."""
        return heapq.nsmallest(_SAMPLES, self.names)


def scenarios(*files: Sequence[Terms]) -> list[Scenario]:
    """Return under what there may be a difference: calm and without a purpose first."""
    every = [terms for file in files for terms in file]
    purposes = sorted({purpose for terms in every for purpose in terms.agreement.purposes})
    emergencies = (False, True) if any(terms.level for terms in every) else (False,)
    return [Scenario(purpose, one) for one in emergencies for purpose in ("", *purposes)]


def rehearse(
    before: Sequence[Terms],
    after: Sequence[Terms],
    traffic: Traffic,
    consumers: Iterable[str],
    at: datetime,
) -> list[Change]:
    """Return what each department would gain or lose.

    Args:
        before: The agreements in force.
        after: The proposed ones.
        traffic: The records.
        consumers: The departments.
        at: The time at which both are taken to be in force.
    """
    tried = scenarios(before, after)
    changes: list[Change] = []
    for consumer in consumers:
        found: list[Change] = []
        for scenario in tried:
            old = _permit(consumer, scenario, before, at)
            new = _permit(consumer, scenario, after, at)
            for change in _changes(old, new, traffic, consumer):
                same = next((one for one in found if _is_same(one, change)), None)
                if same is None:
                    found.append(change)
                (same or change).when += (scenario,)
        changes += found
    for change in changes:
        if len(change.when) == len(tried):
            change.when = ()
    return changes


def _is_same(one: Change, other: Change) -> bool:
    """Tell whether two changes differ in nothing but when they are so."""
    return replace(one, when=()) == replace(other, when=())


def _permit(consumer: str, scenario: Scenario, file: Sequence[Terms], at: datetime) -> Permit:
    """Return what a department may read by a file's agreements."""
    incident = _EMERGENCY if scenario.emergency else ""
    anything: dict[int, str] = dict.fromkeys(Status.values(), _EMERGENCY)
    openings = [
        Opening(terms, anything if terms.level else None)
        for terms in file
        if not unmet(terms.for_caller(consumer, scenario.purpose))
        and not unmet(terms.for_moment(at, incident))
    ]
    return Permit(Caller(consumer, "", scenario.purpose), tuple(openings))


def _changes(before: Permit, after: Permit, traffic: Traffic, consumer: str) -> list[Change]:
    """Return the differences between two permits."""
    found: dict[tuple[object, ...], Change] = {}
    for (key, stated), names in traffic.names.items():
        old, new = before.disclosure(key), after.disclosure(key)
        for gained, fields, by in _differences(old, new, stated):
            what = (key.agency, key.kind, gained, fields, by)
            if what not in found:
                found[what] = Change(consumer, key.agency, key.kind, gained, fields, by, set())
            found[what].names |= names
    return list(found.values())


def _differences(
    before: Disclosure | None, after: Disclosure | None, stated: frozenset[str]
) -> Iterator[tuple[bool, tuple[str, ...], tuple[str, ...]]]:
    """Return what is gained or lost of a record: whether gained, fields, by which agreements."""
    if before is None or after is None:
        if after is not None:
            yield True, (), after.agreements
        if before is not None:
            yield False, (), before.agreements
        return
    hidden = {path for path in stated if covers(before.hidden, path)}
    will_be = {path for path in stated if covers(after.hidden, path)}
    if shown := hidden - will_be:
        yield True, tuple(sorted(shown)), after.agreements
    if lost := will_be - hidden:
        yield False, tuple(sorted(lost)), after.agreements


def _states(message: Message, path: Sequence[Step]) -> bool:
    """Tell whether a message states a field."""
    step, *rest = path
    value = getattr(message, step.name)
    if step.repeated:
        return any(_states(one, rest) for one in value) if rest else bool(value)
    if not rest:
        return any(known.name == step.name for known, _ in message.ListFields())
    return message.HasField(step.name) and _states(value, rest)
