"""Beds are counted from movements, where a city has said how many there are."""

from datetime import UTC, datetime
from itertools import permutations
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.health.hl7v2 import Hl7v2Options, Ward
from adapters.sdk.errors import FeedMisconfigured
from adapters.sdk.feed import FeedConfig, options_of
from liandong.health.v1.health_pb2 import BedCapacity
from liandong.quantity.v1.quantity_pb2 import QUALITY_LEVEL_ESTIMATED
from liandong.record.v1.record_pb2 import Record
from tests.adapters.health.hl7v2.hl7_messages import Hl7, adapter, adt, message, translated

SINCE = datetime(2026, 7, 1, tzinfo=UTC)
WARDS = {
    "NJ1/ICU": Ward(baseline=10, occupied=4, bed_type="AdultICU"),
    "NJ1/MED": Ward(baseline=20, occupied=5),
    "NJ2/MED": Ward(baseline=5),
}


def _counting() -> Hl7:
    """Return an adapter that counts the beds of three wards."""
    return adapter(wards=WARDS, census_at=SINCE)


def _facilities(reader: Hl7, raw: bytes) -> list[Record]:
    """Return the facilities that a message tells."""
    records = [found.record for found in translated(reader, raw)]
    return [record for record in records if record.HasField("health_facility")]


def _beds(reader: Hl7, *messages: bytes) -> dict[str, BedCapacity]:
    """Return the beds after messages, the last of which must tell them."""
    for raw in messages:
        found = _facilities(reader, raw)
    (record,) = found
    return {bed.bed_type: bed for bed in record.health_facility.beds}


def _moved(event: str, visit: str = "V", hour: int = 1, **places: str) -> bytes:
    """Return a movement at an hour of the first of July, UTC."""
    at = f"202607{1 + hour // 24:02d}{hour % 24:02d}0000+0000"
    return adt(event, visit=visit, at=at, control_id=f"{event}{visit}{hour}", **places)


def test_admission_transfer_and_discharge_are_counted() -> None:
    """Each says how many beds are taken and how many are left, by type."""
    reader = _counting()

    beds = _beds(reader, _moved("A01", ward="MED"))
    assert (beds["MED"].occupied, beds["MED"].available, beds["MED"].baseline) == (6, 14, 20)
    assert (beds["AdultICU"].occupied, beds["AdultICU"].available) == (4, 6)

    beds = _beds(reader, _moved("A02", hour=2, ward="ICU", from_ward="MED"))
    assert (beds["MED"].occupied, beds["AdultICU"].occupied) == (5, 5)

    beds = _beds(reader, _moved("A03", hour=3, ward="ICU"))
    assert beds["AdultICU"].occupied == 4


@pytest.mark.parametrize(
    ("event", "ward", "from_ward", "counts"),
    [("A11", "MED", "", (5, 4)), ("A12", "MED", "ICU", (6, 4)), ("A13", "MED", "", (6, 4))],
)
def test_what_is_taken_back_is_counted_back(
    event: str, ward: str, from_ward: str, counts: tuple[int, int]
) -> None:
    """A11 undoes A01, A12 undoes A02, A13 undoes A03."""
    before = {
        "A11": [_moved("A01", ward="MED")],
        "A12": [
            _moved("A01", ward="MED"),
            _moved("A02", hour=2, ward="ICU", from_ward="MED"),
        ],
        "A13": [_moved("A01", ward="MED"), _moved("A03", hour=2, ward="MED")],
    }[event]

    beds = _beds(_counting(), *before, _moved(event, hour=3, ward=ward, from_ward=from_ward))

    assert (beds["MED"].occupied, beds["AdultICU"].occupied) == counts


def test_one_who_was_there_at_the_census_leaves_a_bed() -> None:
    """A discharge of a stay that is not known ends one that was counted in."""
    assert _beds(_counting(), _moved("A03", ward="MED"))["MED"].occupied == 4


def test_a_repeated_message_says_the_same() -> None:
    """A resend after a lost answer must not admit the patient twice."""
    reader, raw = _counting(), _moved("A01", ward="MED")

    assert _beds(reader, raw) == _beds(reader, raw)


def test_what_happened_before_the_census_is_not_counted() -> None:
    """It is in the census."""
    reader = _counting()
    early = adt("A01", ward="MED", at="20260630230000+0000")

    assert _facilities(reader, early) == []
    assert _beds(reader, _moved("A01", "W", ward="MED"))["MED"].occupied == 6


def test_training_and_other_wards_are_not_counted() -> None:
    """Only real movements of wards that are configured make a facility."""
    reader = _counting()

    assert _facilities(reader, adt("A01", ward="MED", processing="T")) == []
    assert _facilities(reader, adt("A01", ward="OTHER")) == []
    assert _facilities(reader, adt("A08", ward="MED")) == []
    assert _facilities(adapter(), adt("A01", ward="MED")) == []


def test_a_facility_says_that_it_is_an_estimate() -> None:
    """A count of movements is no census; nothing of the stay is in it."""
    (record,) = _facilities(_counting(), _moved("A01", ward="MED"))

    assert record.name == "health/health.facility/NJ1"
    assert record.quality.level == QUALITY_LEVEL_ESTIMATED
    assert [bed.bed_type for bed in record.health_facility.beds] == ["AdultICU", "MED"]


def test_counts_are_made_again_from_the_stored_movements() -> None:
    """After a restart the adapter knows what it knew."""
    reader, later = _counting(), _counting()
    stored: list[Record] = []
    for raw in (_moved("A01", "1", ward="MED"), _moved("A01", "2", 2, ward="ICU")):
        stored += [found.record for found in translated(reader, raw)]
    for record in stored:
        if record.HasField("health_movement"):
            later.recall(record)

    assert later.recalls() == ("health.movement",)
    assert adapter().recalls() == ()
    last = _moved("A01", "3", 3, ward="MED")
    assert {k: b.occupied for k, b in _beds(later, last).items()} == {
        k: b.occupied for k, b in _beds(reader, last).items()
    }


@given(st.lists(st.integers(min_value=0, max_value=5), min_size=1, max_size=14))
def test_repetitions_in_order_never_change_the_count(path: list[int]) -> None:
    """However often messages are repeated after they were first sent, the end is the same."""
    course = [
        _moved("A01", "1", 1, ward="MED"),
        _moved("A02", "1", 2, ward="ICU", from_ward="MED"),
        _moved("A01", "2", 3, ward="MED"),
        _moved("A03", "1", 4, ward="ICU"),
        _moved("A13", "1", 5, ward="ICU"),
        _moved("A03", "2", 6, ward="MED"),
    ]
    straight, repeated = _counting(), _counting()
    for raw in course:
        translated(straight, raw)
    for index, raw in enumerate(course):
        translated(repeated, raw)
        for again in path:
            if again <= index:
                translated(repeated, course[again])

    probe = _moved("A01", "9", 9, ward="MED")
    assert _beds(straight, probe) == _beds(repeated, probe)


def test_two_stays_may_come_in_any_order() -> None:
    """Movements of different stays do not wait for each other."""
    course = [
        _moved("A01", "1", 1, ward="MED"),
        _moved("A01", "2", 2, ward="ICU"),
        _moved("A03", "3", 3, ward="MED"),
    ]
    ends = set()
    for order in permutations(course):
        reader = _counting()
        for raw in order:
            translated(reader, raw)
        beds = _beds(reader, _moved("A01", "9", 9, ward="MED"))
        ends.add((beds["MED"].occupied, beds["AdultICU"].occupied))

    assert ends == {(6, 5)}


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"wards": {"MED": {"baseline": 1}}, "census_at": SINCE}, "facility"),
        ({"wards": {"A/MED": {"baseline": 1}}}, "census_at"),
        ({"wards": {"A/MED": {"baseline": -1}}, "census_at": SINCE}, "baseline"),
        ({"max_message_bytes": 1}, "max_message_bytes"),
        ({"key": "x"}, "key"),
    ],
)
def test_options_that_cannot_be_right_are_named(options: dict[str, Any], named: str) -> None:
    """The city file's fault is found before the first message."""
    feed = FeedConfig(
        id="h", adapter="health/hl7v2", agency="health", source="tcp://a:1", options=options
    )

    with pytest.raises(FeedMisconfigured, match=named):
        options_of(feed, "options", Hl7v2Options)


def test_options_as_a_city_file_writes_them() -> None:
    """TOML has times of its own, and text."""
    text = {"wards": {"A/M": {"baseline": 3}}, "census_at": "2026-07-01T08:00:00+08:00"}

    assert msgspec.convert(text, Hl7v2Options).census_at == SINCE


def test_an_outpatient_who_is_admitted_takes_a_bed_and_frees_it_again() -> None:
    """A06 is an admission like A01; A07 ends the stay in the bed, wherever one is seen now."""
    reader = _counting()

    beds = _beds(reader, _moved("A04", ward="OPD"), _moved("A06", hour=2, ward="MED"))
    assert beds["MED"].occupied == 6

    beds = _beds(reader, _moved("A07", hour=3, ward="OPD", from_ward="MED"))
    assert beds["MED"].occupied == 5


def test_one_who_was_in_a_bed_before_the_census_frees_it() -> None:
    """A07 of a stay that is not known names the bed that was left, or is seen in the same ward."""
    assert _beds(_counting(), _moved("A07", ward="OPD", from_ward="MED"))["MED"].occupied == 4
    assert _beds(_counting(), _moved("A07", ward="MED"))["MED"].occupied == 4


@pytest.mark.parametrize("is_told", [True, False])
def test_two_who_swap_their_beds_are_known_in_the_other_ward(*, is_told: bool) -> None:
    """No bed is freed by it, and a discharge frees the one that was swapped for."""
    reader = _counting()
    _beds(reader, _moved("A01", "V", ward="ICU"), _moved("A01", "W", ward="MED"))
    left, right = ("ICU", "MED") if is_told else ("", "")
    swap = message(
        "EVN|A17|20260701020000+0000",
        "PID|1||P-1",
        f"PV1|1|I|MED^1^1^NJ1|||{left}^^^NJ1{'|' * 13}V",
        "PID|2||P-2",
        f"PV1|2|I|ICU^1^1^NJ1|||{right}^^^NJ1{'|' * 13}W",
        kind="ADT^A17",
    )

    told = _facilities(reader, swap)[-1].health_facility.beds
    assert {bed.bed_type: bed.occupied for bed in told} == {"AdultICU": 5, "MED": 6}

    beds = _beds(reader, _moved("A03", "V", hour=3, ward=""))
    assert (beds["AdultICU"].occupied, beds["MED"].occupied) == (5, 5)
