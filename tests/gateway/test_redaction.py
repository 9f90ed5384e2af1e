"""Redaction: what is hidden is in nothing that leaves, and in nothing that decides."""

import struct

import protovalidate
from hypothesis import given
from hypothesis import strategies as st

from gateway.agreement import Agreement
from gateway.disclosure import Disclosure
from gateway.entry import Entry, entry_of
from gateway.hidden import of_kind, steps_of
from gateway.identity import Caller
from gateway.permit import Opening, Permit
from gateway.redaction import _KEPT_BYTES, Redaction, _Kept
from gateway.selection import Selector
from gateway.terms import Terms
from liandong.gateway.v1.shared_state_pb2 import BoundingBox, Selection
from liandong.record.v1.record_pb2 import Record
from tests.gateway.random_records import graft, hideable, record, values
from tests.gateway.town import level

_SEEDS = st.integers(0, 1 << 32)
_PATHS = hideable()
_VALIDATOR = protovalidate.Validator()


def _hidden(made: Record, numbers: list[int]) -> tuple[str, ...]:
    """Return some of the fields that can be hidden of a record's kind."""
    kind = made.name.split("/")[1]
    meant = sorted(of_kind(_PATHS, kind))
    return tuple(sorted({meant[number % len(meant)] for number in numbers}))


def _entry(made: Record) -> Entry:
    return entry_of(made.SerializeToString(), 7, 1_780_000_002_000_000_000)


_SOME = st.lists(st.integers(0, 10_000), min_size=1, max_size=6)


@given(_SEEDS, _SOME)
def test_nothing_of_a_hidden_value_is_in_what_leaves(seed: int, numbers: list[int]) -> None:
    """Neither as text nor as the bytes of a number, whatever the record and what is hidden."""
    made = record(seed)
    hidden = _hidden(made, numbers)

    shown = Disclosure(("a",), hidden).show(_entry(made))

    for path in hidden:
        for value in values(made, path):
            pattern = struct.pack("<d", value) if isinstance(value, float) else value
            assert not (len(pattern) >= 8 and any(pattern)) or pattern not in shown.sized
        assert not any(values(Record.FromString(shown.payload), path))
    assert shown.name == made.name


@given(_SEEDS, _SEEDS, _SOME, _SEEDS)
def test_what_is_selected_does_not_depend_on_hidden_values(
    seed: int, other: int, numbers: list[int], choice: int
) -> None:
    """Two records that differ in hidden fields only are the same for every selection."""
    made, changed, source = record(seed), record(seed), record(other)
    hidden = _hidden(made, numbers)
    for path in hidden:
        graft(changed, source, steps_of(path))
    kind = made.name.split("/")[1]
    agreement = Agreement(id="a", provider="water", consumer="police", kinds=(kind,), hidden=hidden)
    permit = Permit(Caller("police", "", ""), (Opening(Terms(agreement), None),))
    west = choice % 180 - 90
    box = BoundingBox(south_deg=-45, west_deg=west, north_deg=45, east_deg=90)
    selections = (
        Selection(districts=[("320102", "3201", "320104", "11")[choice % 4]]),
        Selection(bounding_box=box),
        Selection(kinds=[kind], agencies=["water"]),
    )

    first, second = (permit.show(_entry(one)) for one in (made, changed))

    assert first is not None
    assert second is not None
    assert (first.sized, first.box, first.observed) == (second.sized, second.box, second.observed)
    assert first.key.district == second.key.district
    for selection in selections:
        selector = Selector(selection, permit)
        found = [selector.show(_entry(one)) is not None for one in (made, changed)]
        assert found[0] == found[1]


@given(_SEEDS, _SOME)
def test_a_redacted_record_breaks_no_rule_that_it_did_not_break_before(
    seed: int, numbers: list[int]
) -> None:
    """Whoever reads it can rely on the schema as before."""
    made = record(seed)

    shown = Disclosure(("a",), _hidden(made, numbers)).show(_entry(made))

    before, after = (
        {f"{one.proto.rule_id} {one.proto.field}" for one in _VALIDATOR.collect_violations(message)}
        for message in (made, Record.FromString(shown.payload))
    )
    assert after <= before


def test_what_the_schema_does_not_know_stays_behind() -> None:
    """A field of a later version could say what is hidden."""
    payload = level("1", 9.0).SerializeToString() + b"\xfa\x3f\x06secret"

    shown = Redaction(("water_level.flow_m3_s",)).show(entry_of(payload, 1, 1))

    assert b"secret" not in shown.sized
    assert shown.payload == level("1", 9.0).SerializeToString()


def test_a_hidden_place_is_neither_in_the_box_nor_in_the_key() -> None:
    """A hidden district is no district; its key remembers for decisions whose it was."""
    entry = _entry(level("1", 9.0))

    without_point = Redaction(("location.point",)).show(entry)
    without_place = Redaction(("location",)).show(entry)

    assert (without_point.box, without_point.key) == (None, entry.key)
    assert (without_place.box, without_place.key.district) == (None, "")
    assert without_place.key.stands_for is entry.key
    assert not Record.FromString(without_place.payload).HasField("location")


def test_what_was_redacted_is_kept_and_forgotten_by_size() -> None:
    """The same entry for the same revision; never more than two generations."""
    redaction, kept = Redaction(("location.address",)), _Kept()
    large = level("1", 9.0)
    large.water_level.alarms.append("x" * (_KEPT_BYTES // 8))
    entries = [_entry(large) for _ in range(30)]

    assert redaction.show(entries[0]) is redaction.show(entries[0])
    for entry in entries:
        kept.put((redaction, entry), entry)

    assert kept.get((redaction, entries[-1])) is entries[-1]
    assert kept.get((redaction, entries[0])) is None
    assert sum(map(len, (kept._young, kept._old))) <= 10
