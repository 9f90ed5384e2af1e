"""A summary says what counting the records one by one says."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

import h3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.agreement import Agreement
from gateway.errors import InvalidRequest, SummaryTooLarge
from gateway.identity import Caller
from gateway.permit import Opening, Permit
from gateway.summary import columns as columns_module
from gateway.summary.columns import Columns
from gateway.summary.numbers import number_of
from gateway.terms import Terms
from gateway.view import StateView
from liandong.gateway.v1 import shared_state_pb2 as api
from liandong.record.v1.record_pb2 import STATUS_ACTUAL, STATUS_EXERCISE, Record
from tests.gateway.state import circle, polygon, reading, take, view_of
from tests.gateway.summary.naive import asked, expected, facts, summaries_of

H3, DISTRICT, KIND, AGENCY = (
    api.GROUP_BY_H3_CELL,
    api.GROUP_BY_DISTRICT,
    api.GROUP_BY_KIND,
    api.GROUP_BY_AGENCY,
)
LEVEL = "water_level.level_m"
HIDEABLE = ("location", "location.point", "location.areas", "location.district", LEVEL)
PLACES = st.tuples(st.floats(31.9, 32.1), st.floats(118.7, 118.9))


def permit_of(hidden: tuple[str, ...]) -> Permit:
    """Return what the police may read, less some fields."""
    agreement = Agreement(id="a", provider="water", consumer="police", kinds=("*",), hidden=hidden)
    return Permit(Caller("police", "client", ""), (Opening(Terms(agreement), None),))


@st.composite
def records(draw: st.DrawFn) -> Record:
    """Draw one of few stations' readings, with a point, an area, both or none."""
    kind = draw(st.sampled_from(["water.level", "water.rainfall"]))
    record = reading(str(draw(st.integers(0, 12))), kind=kind)
    if kind == "water.level":
        record.water_level.station_id = "1"
        if draw(st.booleans()):
            record.water_level.level_m = draw(st.integers(-800, 800)) / 8
    if draw(st.booleans()):
        latitude, longitude = draw(PLACES)
        record.location.point.latitude_deg = latitude
        record.location.point.longitude_deg = longitude
    if draw(st.integers(0, 3)) == 0:
        area = record.location.areas.add()
        if draw(st.booleans()):
            area.circles.add(**circle(*draw(PLACES), 100.0))
        else:
            area.polygons.add(**polygon(*[draw(PLACES)] * 3))
    record.location.district = draw(st.sampled_from(["320102", "320104", "320104001", "330100"]))
    record.status = draw(st.sampled_from([STATUS_ACTUAL] * 3 + [STATUS_EXERCISE]))
    if draw(st.integers(0, 3)) == 0:
        ended = draw(st.booleans())
        record.expires_at.FromDatetime(datetime.now(UTC) + timedelta(hours=-1 if ended else 1))
    return record


@st.composite
def requests(draw: st.DrawFn) -> api.SummarizeRecordsRequest:
    """Draw what is asked, of keys alone or of more."""
    request = api.SummarizeRecordsRequest(
        group_by=draw(st.lists(st.sampled_from([H3, DISTRICT, KIND, AGENCY]), unique=True)),
        district_digits=draw(st.sampled_from([0, 2, 4, 6, 9, 12])),
        value=draw(st.sampled_from(["", LEVEL])),
    )
    if draw(st.booleans()):
        request.h3_resolution = draw(st.sampled_from([0, 5, 9, 15]))
    selection = request.selection
    if draw(st.booleans()):
        selection.kinds.append("water.level")
    if draw(st.booleans()):
        selection.districts.append("320100")
    if draw(st.booleans()):
        selection.statuses.extend([STATUS_ACTUAL, STATUS_EXERCISE])
    narrow = draw(st.integers(0, 5))
    if narrow == 1:
        selection.circle.CopyFrom(type(selection.circle)(**circle(32.0, 118.8, 5000.0)))
    if narrow == 2:
        selection.filter = "record.water_level.level_m > 1.0"
    return request


@settings(deadline=None)
@given(
    st.lists(records(), max_size=25),
    st.lists(records(), max_size=10),
    st.lists(requests(), min_size=1, max_size=3),
    st.lists(st.sampled_from(HIDEABLE), unique=True, max_size=2),
)
def test_a_summary_says_what_counting_one_by_one_says(
    first: list[Record],
    then: list[Record],
    several: list[api.SummarizeRecordsRequest],
    hidden: list[str],
) -> None:
    """Of what the caller sees, before and after changes, moves and repetitions."""
    permit, view = permit_of(tuple(hidden)), StateView()
    summaries = summaries_of(view)

    for lot, number in ((first, 1), (then, 1000), ((), 0)):
        for offset, record in enumerate(lot):
            record.observed_at.seconds += number + offset // 2
            take(view, record, number + offset)
        for request in several:
            answered, call = asked(summaries, request, permit)
            must = expected(view, request, permit)
            assert facts(answered) == must
            assert list(facts(answered)) == list(must)
            assert sum(call.read.values()) == sum(group.count for group in answered.groups)


@settings(deadline=None)
@given(
    st.lists(records(), max_size=15),
    requests(),
    st.sampled_from(HIDEABLE),
    st.lists(st.integers(-800, 800), min_size=15, max_size=15),
)
def test_nothing_of_a_hidden_field_can_be_told_from_a_summary(
    made: list[Record], request: api.SummarizeRecordsRequest, hidden: str, others: list[int]
) -> None:
    """Whatever the hidden field says, the answer is the same."""
    permit, answers = permit_of((hidden,)), []
    for is_other in (False, True):
        view = StateView()
        for number, record in enumerate(made):
            said = Record()
            said.CopyFrom(record)
            if is_other:
                _say_other(said, hidden, others[number])
            take(view, said, number + 1)
        answers.append(facts(asked(summaries_of(view), request, permit)[0]))

    assert answers[0] == answers[1]


def _say_other(record: Record, path: str, value: int) -> None:
    """Have a record say something else in a field, or nothing."""
    location = record.location
    if path in {"location", "location.point"}:
        location.point.latitude_deg, location.point.longitude_deg = 31 + value / 8000, 118.8
    if path in {"location", "location.areas"}:
        del location.areas[:]
        location.areas.add().polygons.add(**polygon(*[(31 + value / 8000, 118.8)] * 3))
    if path in {"location", "location.district"}:
        location.district = "320102" if value % 2 else "330100"
    if path == LEVEL and record.HasField("water_level"):
        record.water_level.level_m = float(value)


def test_a_record_that_ends_is_counted_no_more() -> None:
    """No change tells of it but the time."""
    view = StateView()
    soon = reading("soon", 32.0, 118.8)
    soon.expires_at.FromNanoseconds(time.time_ns() + 50_000_000)
    take(view, soon, 1)
    take(view, reading("stays", 32.0, 118.8), 2)
    summaries = summaries_of(view)
    request = api.SummarizeRecordsRequest(group_by=[H3])
    # Without and with a kept answer.
    counts = {asked(summaries, request)[0].groups[0].count for _ in range(2)}
    while time.time_ns() < soon.expires_at.ToNanoseconds():
        counts.add(asked(summaries, request)[0].groups[0].count)

    assert max(counts) <= 2
    assert asked(summaries, request)[0].groups[0].count == 1


def test_cells_are_named_as_h3_names_them_and_have_their_middle() -> None:
    """Resolution 7 unless another is asked for."""
    view = view_of([reading("a", 32.0, 118.8), reading("b")])

    answered, _ = asked(summaries_of(view), api.SummarizeRecordsRequest(group_by=[H3]))

    nowhere, here = answered.groups
    assert (nowhere.h3_cell, nowhere.HasField("h3_center")) == ("", False)
    assert here.h3_cell == h3.latlng_to_cell(32.0, 118.8, 7)
    center = (here.h3_center.latitude_deg, here.h3_center.longitude_deg)
    assert center == h3.cell_to_latlng(here.h3_cell)


def test_an_empty_state_has_no_groups() -> None:
    """Also when it is one group of all."""
    for by in ([], [H3], [KIND]):
        request = api.SummarizeRecordsRequest(group_by=by, value=LEVEL)
        assert not asked(summaries_of(StateView()), request)[0].groups


@pytest.mark.parametrize("narrow", [False, True])
def test_more_groups_than_one_answer_may_have_are_refused_with_what_to_do(narrow: bool) -> None:
    """By columns and record by record."""
    view = view_of(reading(str(i), 20 + i / 1000, 118.8) for i in range(10_001))
    summaries = summaries_of(view)
    request = api.SummarizeRecordsRequest(group_by=[H3], h3_resolution=15)
    if narrow:
        request.selection.observed.start_at.FromSeconds(0)

    with pytest.raises(SummaryTooLarge, match="take a smaller h3_resolution"):
        asked(summaries, request)

    request.h3_resolution = 3
    assert sum(one.count for one in asked(summaries, request)[0].groups) == 10_001


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("water_level.level", "did you mean water_level.level_m"),
        ("watr_level.level_m", "did you mean water_level"),
        ("water_level", "it is a message, expected a number: there are water_level.level_m"),
        ("name", "it is no number"),
        ("status", "it is no number"),
        ("water_level.station_id", "it is no number"),
        ("traffic_vehicle.has_fix", "it is no number"),
        ("location.areas.circles", "location.areas is a list"),
        ("water_level.level_m.x", "water_level.level_m has no fields of its own"),
        (".", "a record has no field ''"),
    ],
)
def test_a_value_that_is_no_number_is_refused_with_what_comes_near(path: str, said: str) -> None:
    """BadRequest names the field `value`."""
    with pytest.raises(InvalidRequest) as raised:
        number_of(path)

    ((field, sentence),) = raised.value.violations
    assert field == "value"
    assert said in sentence


async def test_what_changes_while_columns_are_made_counts_once() -> None:
    """Other calls and changes have their turn meanwhile, also moves from district to district."""
    view = view_of(reading(f"{i:05d}", 32.0, 118.8) for i in range(20_000))
    columns, sequence = Columns(view), 20_000
    view.index()
    key = view.names.known()[0]
    parts = [columns_module.Part(key, 7, None)]
    work = asyncio.create_task(columns.tallies(parts, 7))
    moved = 0
    while not work.done():
        await asyncio.sleep(0)
        for _ in range(3):
            sequence += 1
            moved += 1
            record = reading(f"{(moved * 7919) % 20_000:05d}", 32.0, 118.8, minutes=1)
            record.location.district = "320102"
            take(view, record, sequence)

    (first,), _, _ = work.result()
    known = view.names.known()
    several, _, _ = await columns.tallies([columns_module.Part(one, 7, None) for one in known], 7)

    assert moved
    assert int(first.counts.sum()) >= 20_000 - moved
    assert [int(one.counts.sum()) for one in several] == [view.names.count([one]) for one in known]
    assert sum(int(one.counts.sum()) for one in several) == 20_000


async def test_columns_that_nobody_asks_for_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """And are made again when somebody does."""
    monkeypatch.setattr(columns_module, "_KEPT_S", 0.0)
    view = view_of([reading("a", 32.0, 118.8)])
    view.index()
    columns, parts = Columns(view), [columns_module.Part(view.names.known()[0], 7, None)]
    await columns.tallies(parts, 7)
    columns._forget()
    assert not columns._rows
    assert not view._listeners
    take(view, reading("b", 32.0, 118.8), 2)

    (tally,), _, _ = await columns.tallies(parts, 7)

    assert tally.counts.tolist() == [2]
