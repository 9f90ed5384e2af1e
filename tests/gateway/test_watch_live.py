"""Open watches: what changes, what goes, who is slow, who is one too many."""

from datetime import UTC, datetime, timedelta
from random import randrange

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.field_mask_pb2 import FieldMask

from broker.subjects import record_name
from liandong.gateway.v1 import shared_state_pb2 as api
from tests.gateway.town import AGREEMENTS, NOW, City, level
from tests.gateway.watching import (
    BOOKMARK,
    CHANGE,
    HEARTBEAT,
    REMOVAL,
    SNAPSHOT,
    metres,
    risen,
    store,
    watching,
)

LATER = NOW + timedelta(seconds=1)


@pytest.fixture
def place() -> str:
    """Return a district that no other test uses."""
    return f"3201{randrange(10**8):08}"


@pytest.fixture
def here(place: str) -> api.Selection:
    """Return the selection of that district."""
    return api.Selection(districts=[place])


async def test_what_leaves_the_selection_is_removed_and_comes_back_as_a_change(
    city: City, station: str, place: str, here: api.Selection
) -> None:
    """By its key as well as by its place."""
    here.bounding_box.CopyFrom(
        api.BoundingBox(south_deg=31, west_deg=118, north_deg=33, east_deg=119)
    )
    north = level(station, 3.0, at=NOW + timedelta(seconds=3), district=place)
    north.location.point.latitude_deg = 40
    await city.share(level(station, 1.0, district=place))
    async with watching(city, "water", here) as watch:
        await watch.until(BOOKMARK)

        await city.share(level(station, 2.0, at=LATER, district="320102"))
        by_key = await watch.next()
        await city.share(level(station, 2.0, at=NOW + timedelta(seconds=2), district=place))
        back = await watch.next()
        await city.share(north)
        by_place = await watch.next()

    assert back.type == CHANGE
    for event in (by_key, by_place):
        assert (event.type, event.name) == (REMOVAL, north.name)
        assert event.removal_reason == api.REMOVAL_REASON_NOT_SELECTED


async def test_what_ends_is_removed_as_ended(
    city: City, station: str, place: str, here: api.Selection
) -> None:
    """The reason tells it from what was closed or has moved."""
    ending = level(station, 1.0, district=place)
    ending.expires_at.FromDatetime(datetime.now(UTC) + timedelta(seconds=1.5))
    await city.share(ending)
    async with watching(city, "water", here) as watch:
        await watch.until(BOOKMARK)
        event = await watch.next()

    assert (event.type, event.name) == (REMOVAL, ending.name)
    assert event.removal_reason == api.REMOVAL_REASON_EXPIRED


async def test_agreements_open_and_close_records_in_an_open_watch(
    city: City, station: str, place: str, here: api.Selection
) -> None:
    """What is closed is removed, what is opened comes as a change, and nothing else is said."""
    await city.share(level(station, 1.0, district=place))
    async with watching(city, "police", here) as watch:
        await watch.until(BOOKMARK)

        city.agreements.write_text("")
        closed = await watch.next()
        city.agreements.write_text(AGREEMENTS)
        opened = await watch.next()

    assert (closed.type, closed.removal_reason) == (REMOVAL, api.REMOVAL_REASON_NOT_SHARED)
    assert (opened.type, metres([opened])) == (CHANGE, [1.0])


async def test_whoever_breaks_off_while_records_are_closed_begins_anew(
    city: City, station: str, place: str, here: api.Selection
) -> None:
    """The other removals would be missed; that nothing is left is told by an empty snapshot."""
    stations = [f"{station}-{number}" for number in range(2)]
    await city.share(*(level(one, 1.0, district=place) for one in stations))
    async with watching(city, "police", here) as watch:
        await watch.until(BOOKMARK)
        city.agreements.write_text("")
        first, last = await watch.next(), await watch.next()

    async with watching(city, "police", here, first.resume_token) as watch:
        empty = await watch.next()
    async with watching(city, "police", here, last.resume_token) as watch:
        assert (await watch.next()).type == BOOKMARK

    assert empty.type == SNAPSHOT
    assert not empty.HasField("record")


async def test_what_is_closed_is_not_sent_to_a_slow_watcher_any_more(
    city: City, station: str, place: str, here: api.Selection
) -> None:
    """Neither as the latest nor as one of every revision that still wait."""
    await city.share(level(station, 1.0, district=place))
    async with (
        watching(city, "police", here) as latest,
        watching(city, "police", here, every_revision=True) as every,
    ):
        await latest.until(BOOKMARK)
        await every.until(BOOKMARK)
        (one, other) = city.gateway.watches._groups
        entry = city.gateway.view.get(record_name("water", "water.level", station))
        assert entry is not None

        for group in (one, other):
            group.change(entry, 0.0)
        city.agreements.write_text("")
        city.gateway._agreements.refresh()

        assert (await latest.next()).type == REMOVAL
        assert (await every.next()).type == REMOVAL


async def test_an_idle_watch_is_told_that_it_lives_with_a_fresh_token(
    city: City, station: str, place: str, here: api.Selection
) -> None:
    """The city went on meanwhile, so the token of the bookmark would grow old."""
    async with watching(city, "water", here, heartbeat_interval=Duration(seconds=1)) as watch:
        await watch.until(BOOKMARK)
        bookmark = watch.token
        await city.share(level(station, 1.0))
        event = await watch.next()

    assert event.type == HEARTBEAT
    assert event.resume_token != bookmark
    async with watching(city, "water", here, event.resume_token) as watch:
        assert (await watch.next()).type == BOOKMARK


async def test_back_fill_is_no_change(
    city: City, station: str, place: str, here: api.Selection
) -> None:
    """Neither in a watch of the latest nor in one of every revision: it is history."""
    await city.share(level(station, 5.0, district=place))
    async with (
        watching(city, "water", here) as latest,
        watching(city, "water", here, every_revision=True) as every,
    ):
        await latest.until(BOOKMARK)
        await every.until(BOOKMARK)

        await store(city, risen(station, 3, district=place))
        await city.share(level(station, 6.0, at=LATER, district=place))

        assert metres([await latest.next()]) == [6.0]
        assert metres([await every.next()]) == [6.0]


async def test_only_the_fields_that_are_wanted_leave(
    city: City, station: str, place: str, here: api.Selection
) -> None:
    """In the snapshot and in changes; the name is always there."""
    await city.share(level(station, 5.0, district=place))
    mask = FieldMask(paths=["water_level.level_m"])
    async with watching(city, "water", here, read_mask=mask) as watch:
        held = await watch.next()
        await watch.next()
        await city.share(level(station, 6.0, at=LATER, district=place))
        change = await watch.next()

    name = record_name("water", "water.level", station)
    assert [event.record.name for event in (held, change)] == [name, name]
    assert metres([held, change]) == [5.0, 6.0]
    assert not held.record.HasField("location")
    assert not change.record.HasField("observed_at")


async def test_a_field_that_no_record_has_is_refused(city: City) -> None:
    """A misspelt field would otherwise be an empty record."""
    mask = FieldMask(paths=["water_level.levle_m"])
    with pytest.raises(grpc.aio.AioRpcError, match="levle_m") as raised:
        async with watching(city, "water", api.Selection(), read_mask=mask) as watch:
            await watch.next()

    assert raised.value.code() == grpc.StatusCode.INVALID_ARGUMENT
