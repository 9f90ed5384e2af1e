"""CEL filters: what they select, what they refuse, and what they cost."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.disclosure import Disclosure
from gateway.entry import Entry, entry_of
from gateway.errors import InvalidRequest
from gateway.filters import filter_of
from gateway.identity import Caller
from gateway.key import Key
from gateway.order import Order
from gateway.permit import Permit
from gateway.search import Search
from gateway.selection import Selector
from liandong.gateway.v1 import shared_state_pb2 as api
from liandong.record.v1.record_pb2 import Record
from tests.gateway.state import PERMIT, listed, reading, view_of

# More steps than the library allows for one record.
_NINE = "[1,2,3,4,5,6,7,8,9]"
ENDLESS = "true"
for _name in "abcde":
    ENDLESS = f"{_NINE}.all({_name}, {ENDLESS})"


def level(entity: str, metres: float) -> Record:
    """Make a level."""
    record = reading(entity)
    record.water_level.level_m = metres
    return record


@settings(deadline=None)
@given(st.lists(st.floats(0, 20), max_size=80))
def test_a_filter_selects_what_it_is_true_of(levels: list[float]) -> None:
    """Also of records that state no level: there it is zero."""
    records = [level(f"{i:02d}", metres) for i, metres in enumerate(levels)]
    view = view_of([*records, reading("none")])

    names = listed(view, api.ListRecordsRequest(selection=api.Selection(filter=_ABOVE)))

    assert names == [record.name for record in records if record.water_level.level_m > 8.5]


_ABOVE = "record.water_level.level_m > 8.5"


def test_a_record_for_which_a_filter_fails_is_not_selected_and_the_others_are() -> None:
    """An index beyond a list's end in one of many is no failure of the call."""
    records = [level(f"{i:03d}", 9.0) for i in range(100)]
    records[50].location.areas.add(description="river")
    view = view_of(records)
    source = 'record.location.areas[0].description == "river"'

    names = listed(view, api.ListRecordsRequest(selection=api.Selection(filter=source)))

    assert names == [records[50].name]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("record.water_level.levl > 1.0", "column 19: undefined field 'levl'"),
        ("record.water_level.level_m > ", "column 30: Syntax error"),
        ("record.water_level.level_m > 8", "write 8.0 for a number with a unit"),
        ("foo == 1", "column 1: undeclared reference to 'foo'; a filter sees `record` only"),
        ("\n record.name ==\n x", "line 3, column 2: undeclared reference to 'x'"),
        ("record.status == STATUS_ACTUAL", "or as liandong.record.v1.Status.STATUS_ACTUAL"),
        ("record.status == 'ACTUAL'", "write a value of an enum by its number"),
        (
            "record.observed_at > timestamp('2026-06-15')",
            "timestamp('2026-06-15'): expected a time",
        ),
        ("duration( r'1d' ) > duration('1h')", "duration(r'1d'): expected a length of time"),
        ("record.location", "is liandong.place.v1.Location, expected true or false"),
        ("record.name", "is string, expected true or false"),
        ("dyn(record.name)", "is dyn, expected true or false"),
        ("true) || (page.records.size() > 0", "column 5: Syntax error"),
        ("page.records.size() > 0", "undeclared reference to 'page"),
        ("(" * 1000 + "true" + ")" * 1000, "nested more than 32 deep: write it flatter"),
        ("[" * 500, "nested more than 32 deep: write it flatter"),
        ('record.name.matches("(")', 'matches("("): missing )'),
        ('true || matches(record.name, "a{1001}")', "invalid repetition size"),
        ("record.name.matches(r'^a') && record.name.matches('[')", "matches('['): missing ]"),
        ("\x00", "column 1: Syntax error"),
        ("名 == 1", "column 1: Syntax error"),
        ("true" + " " * 3000, "has 3004 bytes, expected at most 2048"),
    ],
)
def test_a_wrong_filter_is_told_with_the_column(source: str, said: str) -> None:
    """What the compiler says, where, and what to do."""
    with pytest.raises(InvalidRequest) as raised:
        filter_of(source)

    ((field, sentence),) = raised.value.violations
    assert field == "selection.filter"
    for part in said.split("; "):
        assert part in sentence


@pytest.mark.parametrize(
    "source",
    [
        "record.name.matches('^water/.*\\\\.level')",
        "record.name == \"x.matches('(')\"",
        "record.name.matches('(' + ')')",
        r"true // matches('\q')",
        r"true // timestamp('\q')",
        "record.observed_at > timestamp('2026-06-15T18:05:00+08:00')",
        "record.name == \"duration('1d')\"",
        "duration('1' + 'h') < duration('1h30m')",
    ],
)
def test_only_what_is_a_pattern_is_taken_for_one(source: str) -> None:
    """Text that looks like one is left alone."""
    assert filter_of(source)


def test_the_place_of_a_mistake_is_shown() -> None:
    """A mark stands in the excerpt."""
    with pytest.raises(InvalidRequest, match=r"`record\.water_level⟨here⟩\.levl > 1\.0`"):
        filter_of("record.water_level.levl > 1.0")


@settings(deadline=None)
@given(st.text(max_size=200))
def test_whatever_is_sent_as_a_filter_is_compiled_or_refused(source: str) -> None:
    """Never a failure of ours."""
    fields = {"selection.filter"}
    try:
        filter_of(source)
    except InvalidRequest as error:
        fields = {field for field, _ in error.violations}

    assert fields == {"selection.filter"}


def test_a_filter_that_takes_too_many_steps_is_refused_and_counts_as_false_in_a_watch() -> None:
    """A list's caller is told of which record; a watch goes on."""
    view = view_of([level("one", 9.0)])
    selection = api.Selection(filter=ENDLESS)

    with pytest.raises(InvalidRequest, match=r"too many steps over water/water\.level/one"):
        listed(view, api.ListRecordsRequest(selection=selection))

    assert Selector(selection, PERMIT).show(next(iter(view.entries()))) is None


def test_a_filter_sees_what_the_caller_sees() -> None:
    """What stays behind cannot be inferred by filtering on it."""

    class Hiding(Disclosure):
        def show(self, entry: Entry) -> Entry:
            record = Record.FromString(entry.payload)
            record.water_level.ClearField("level_m")
            return entry_of(record.SerializeToString(), entry.sequence, entry.stored)

    class Narrow(Permit):
        def disclosure(self, key: Key) -> Disclosure:
            return Hiding(("agreement",), ("water_level.level_m",))

    selector = Selector(api.Selection(filter=_ABOVE), Narrow(Caller("police", "client", ""), ()))
    view = view_of([level("one", 9.0)])

    assert selector.first(view.entries(), 10) == []
    assert Selector(api.Selection(filter=_ABOVE), PERMIT).first(view.entries(), 10)


def test_a_search_that_finds_little_gives_others_their_turn_and_ends_early() -> None:
    """A page of a filter that nothing passes says where to go on, and another task has run."""
    view = view_of([level(f"{i:05d}", 1.0) for i in range(20_000)])
    source = " && ".join(
        [f'record.name.matches("{"(a|b|c)*" * 20}x{i}") == false' for i in range(8)]
    )
    selector = Selector(api.Selection(filter=f"!({source})"), PERMIT)
    turns = 0

    async def run() -> tuple[list[Entry], object]:
        nonlocal turns
        search = asyncio.create_task(Search(view, selector, Order("name"), None, 100).page())
        while not search.done():
            turns += 1
            await asyncio.sleep(0)
        return await search

    found, end = asyncio.run(run())

    assert found == []
    assert end is not None
    assert turns > 2
