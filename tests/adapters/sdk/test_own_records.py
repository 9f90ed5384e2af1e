"""What a department's responders take for true now."""

from datetime import timedelta
from typing import Any

from adapters.sdk.records import OwnRecords
from broker.delivery import Delivery
from liandong.record.v1.record_pb2 import STATUS_EXERCISE, Record
from tests.adapters.own import NOW, NOW_NS, deliver, own, record


def level(metres: float, minutes: float = 0.0, **more: Any) -> Record:
    """Make a level of so many minutes ago."""
    at = NOW - timedelta(minutes=minutes)
    return record("water", "water.level", "1", at=at, station_id="1", level_m=metres, **more)


def levels(records: OwnRecords) -> list[float]:
    """Return the levels that hold."""
    return [one.water_level.level_m for one in records.of("water.level", NOW_NS)]


def test_the_later_observation_holds() -> None:
    """Whatever the order of arrival: a back-fill changes nothing."""
    assert levels(own(level(1.0, 10), level(2.0, 5), level(3.0, 60))) == [2.0]


def test_a_clock_ahead_does_not_hold_the_place() -> None:
    """The next true reading replaces one observed in the future."""
    assert levels(own(level(9.0, -600), level(2.0))) == [2.0]


def test_a_drill_is_no_answer() -> None:
    """It neither appears nor replaces the real thing."""
    records = own(level(1.0, 10))

    deliver(records, level(9.0, status=STATUS_EXERCISE))

    assert levels(records) == [1.0]


def test_what_has_ended_is_no_answer() -> None:
    """From the moment of its end."""
    ended = level(1.0, expires_at=NOW)
    lasting = level(2.0, expires_at=NOW + timedelta(seconds=1))

    assert levels(own(ended)) == []
    assert levels(own(lasting)) == [2.0]


def test_bytes_that_are_no_record_spoil_nothing() -> None:
    """They are logged and left out."""
    records = own(level(1.0))

    for payload in (b"\xff\xff", b""):
        records.take(Delivery("share.water.water.level.1", payload, {}, 2, NOW_NS, 0))

    assert levels(records) == [1.0]
