"""A full dataset is said again at each poll: what stays, what changes, what goes."""

from datetime import timedelta

import pytest
from google.transit import gtfs_realtime_pb2 as gtfs
from hypothesis import given
from hypothesis import strategies as st

from adapters.transport.gtfs_rt.standing import StandingAlerts
from liandong.record.v1.record_pb2 import Record
from tests.adapters.transport.gtfs_rt.gtfs_feeds import (
    START,
    Gtfs,
    adapter,
    bus,
    closure,
    dataset,
    delays,
    translated,
)


def _ids(reader: Gtfs, raw: bytes) -> list[tuple[str, str]]:
    """Return names and message ids, but for the dataset's own."""
    found = translated(reader, raw)
    return [(each.record.name, each.message_id) for each in found[:-1]]


def _alerts(reader: Gtfs, raw: bytes) -> list[Record]:
    """Return a dataset's alerts, also those that it ends."""
    records = (each.record for each in translated(reader, raw))
    return [record for record in records if record.HasField("traffic_alert")]


def test_what_is_said_again_has_the_id_that_it_had() -> None:
    """A poll of an unchanged feed stores nothing but its sign of life."""
    reader = adapter()
    first = _ids(reader, dataset(bus(at=START), closure(), delays()))

    assert _ids(reader, dataset(bus(at=START), closure(), delays(), at=START + 30)) == first
    assert len(first) == 3


@pytest.mark.parametrize("make", [bus, closure, delays], ids=["vehicle", "alert", "trip"])
def test_what_changes_and_changes_back_is_said_three_times(
    make: "type[gtfs.FeedEntity]",
) -> None:
    """The change back must not be taken for a resend of what was there before."""
    reader = adapter()
    usual, other = make(), make()
    if other.HasField("vehicle"):
        other.vehicle.position.latitude += 1
    elif other.HasField("alert"):
        other.alert.effect = gtfs.Alert.DETOUR
    else:
        other.trip_update.delay = 500
    ids = [
        _ids(reader, dataset(entity, at=START + 30 * poll))[0]
        for poll, entity in enumerate((usual, other, usual, usual))
    ]

    assert len(set(ids)) == 3
    assert ids[2] == ids[3]


def test_an_alert_that_is_gone_has_ended() -> None:
    """From the dataset's time; its period ends with it."""
    reader = adapter()
    _alerts(reader, dataset(closure("A1"), closure("A2", end=START + 9999)))

    stays, gone = _alerts(reader, dataset(closure("A2", end=START + 9999), at=START + 60))

    assert stays.name.endswith("/A2")
    assert gone.name == "transport/traffic.alert/A1"
    assert gone.observed_at.seconds == gone.expires_at.seconds == START + 60
    assert gone.traffic_alert.periods[0].end_at.seconds == START + 60
    assert gone.traffic_alert.headline == "地铁停运"


def test_an_end_is_repeated_for_an_hour_under_one_id() -> None:
    """Whether it could be stored the first time is not known."""
    reader = adapter()
    translated(reader, dataset(closure()))
    ids = [
        [each.message_id for each in translated(reader, dataset(at=START + seconds))[:-1]]
        for seconds in (60, 120, 3600, 3661)
    ]

    assert ids[0] == ids[1] == ids[2]
    assert len(ids[0]) == 1
    assert ids[3] == []


def test_an_alert_that_comes_back_is_new() -> None:
    """It had ended, and stands again; and can end again."""
    reader = adapter()
    (first,) = _ids(reader, dataset(closure()))
    translated(reader, dataset(at=START + 60))
    (again,) = _ids(reader, dataset(closure(), at=START + 120))
    (gone,) = _alerts(reader, dataset(at=START + 180))

    assert again != first
    assert gone.expires_at.seconds == START + 180


def test_an_older_dataset_ends_nothing() -> None:
    """A cache may serve yesterday's file once."""
    reader = adapter()
    translated(reader, dataset(closure(), at=START + 60))

    assert _alerts(reader, dataset(at=START)) == []
    assert len(_alerts(reader, dataset(at=START + 120))) == 1


def test_a_difference_ends_only_what_it_deletes() -> None:
    """What a differential dataset does not mention stays."""
    reader = adapter()
    translated(reader, dataset(closure("A1"), closure("A2")))

    assert _alerts(reader, dataset(at=START + 60, differential=True)) == []
    deleted = gtfs.FeedEntity(id="A1", is_deleted=True)
    ended = _alerts(reader, dataset(deleted, at=START + 120, differential=True))

    assert {record.name.rpartition("/")[2] for record in ended} == {"A1"}
    assert ended[0].expires_at.seconds == START + 120


def test_a_deleted_thing_that_is_not_known_is_a_report() -> None:
    """Nothing that a feed says is dropped."""
    raw = dataset(gtfs.FeedEntity(id="v9", is_deleted=True), differential=True)
    first, _ = translated(adapter(), raw)

    assert first.record.name == "transport/station.report/entity:v9"
    assert first.record.station_report.function == "is_deleted"


def test_alerts_that_went_while_the_feed_was_stopped_end_after_all() -> None:
    """What the feed stored is recalled at its start."""
    before, after = adapter(), adapter()
    stored = _alerts(before, dataset(closure("A1"), closure("A2"), closure("A3")))
    stored += _alerts(before, dataset(closure("A1"), closure("A2"), at=START + 60))[-1:]
    for record in stored:
        after.recall(record)
    after.at += timedelta(hours=5)

    found = _alerts(after, dataset(closure("A1"), at=START + 5 * 3600))

    assert after.recalls() == ("traffic.alert",)
    ends = {record.name[-2:]: record.HasField("expires_at") for record in found}
    assert ends == {"A1": False, "A2": True}


def test_an_alert_that_still_stands_after_a_restart_is_the_same() -> None:
    """Its id is made from when it was first said."""
    before, after = adapter(), adapter()
    raw = dataset(closure())
    (first, _) = translated(before, raw)
    after.recall(first.record)

    (again, _) = translated(after, dataset(closure(), at=START + 600))

    assert again.message_id == first.message_id
    assert again.record.observed_at == first.record.observed_at


def test_a_sign_of_life_without_a_time_is_stored_when_something_changes() -> None:
    """A feed without a timestamp must not add a record at each poll."""
    reader = adapter()
    first = translated(reader, dataset(at=0))[-1].message_id
    reader.at += timedelta(minutes=1)

    assert translated(reader, dataset(at=0))[-1].message_id == first
    assert translated(reader, dataset(bus(), at=0))[-1].message_id != first


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 400)), max_size=60))
def test_what_is_remembered_of_alerts_is_bounded(alerts: list[tuple[int, int]]) -> None:
    """By number and by bytes, whatever a feed sends."""
    standing = StandingAlerts(most=8, most_bytes=1500)
    for number, size in alerts:
        record = Record(name=f"transport/traffic.alert/{number}")
        record.traffic_alert.description = "x" * size
        standing.remember(str(number), record)

    assert len(standing._standing) <= 8
    assert standing._bytes == sum(map(len, standing._standing.values())) <= 1500
