"""Watches that go on with a token: after a restart, on another gateway, under other agreements."""

import asyncio
import dataclasses
from datetime import UTC, datetime, timedelta
from random import randrange

import grpc
import pytest

from gateway.resume import Place
from gateway.selection import digest
from liandong.gateway.v1 import shared_state_pb2 as api
from liandong.record.v1 import record_pb2
from tests.gateway.town import AGREEMENTS, NOW, City, level
from tests.gateway.watching import (
    BOOKMARK,
    CHANGE,
    REMOVAL,
    SNAPSHOT,
    another,
    metres,
    risen,
    store,
    watching,
)

LATER = NOW + timedelta(seconds=1)
INTERNAL = record_pb2.CLASSIFICATION_INTERNAL
RESTRICTED = record_pb2.CLASSIFICATION_RESTRICTED


@pytest.fixture
def place() -> str:
    """Return a district that no other test uses."""
    return f"3201{randrange(10**8):08}"


@pytest.fixture
def here(place: str) -> api.Selection:
    """Return the selection of that district."""
    return api.Selection(districts=[place])


async def token_of(city: City, agency: str, selection: api.Selection) -> str:
    """Watch up to the bookmark, and return its token."""
    async with watching(city, agency, selection) as watch:
        await watch.until(BOOKMARK)
        return watch.token


async def test_a_token_of_a_gateway_that_is_gone_brings_what_changed_and_what_is_gone(
    city: City, station: str, place: str, here: api.Selection
) -> None:
    """Changed, moved away, ended, or added while no gateway ran: all is told, then a bookmark."""
    moved, stays = level(f"{station}-moved", 1.0, district=place), level(station, 1.0)
    stays.location.district = place
    ending = level(f"{station}-ending", 1.0, district=place)
    ending.expires_at.FromDatetime(datetime.now(UTC) + timedelta(seconds=2))
    async with another(city) as first:
        await first.share(moved, stays, ending)
        token = await token_of(first, "water", here)

    gone = level(f"{station}-moved", 2.0, at=LATER, district="320102")
    risen_since = level(station, 2.0, at=LATER, district=place)
    await city.share(gone, risen_since, level(f"{station}-new", 5.0, district=place))
    await ended(city, ending.name)

    async with another(city) as second, watching(second, "water", here, token) as watch:
        events = await watch.until(BOOKMARK)

    told = {
        (event.type, event.name or event.record.name, event.removal_reason) for event in events[:-1]
    }
    assert told == {
        (REMOVAL, ending.name, api.REMOVAL_REASON_EXPIRED),
        (REMOVAL, moved.name, api.REMOVAL_REASON_NOT_SELECTED),
        (CHANGE, stays.name, 0),
        (CHANGE, f"{stays.name}-new", 0),
    }


async def ended(city: City, name: str) -> None:
    """Wait until a gateway has noticed that a record has ended."""
    noticed = asyncio.Event()
    end = city.gateway.view.listen(lambda entry: noticed.set() if entry.name == name else None)
    async with asyncio.timeout(10):
        await noticed.wait()
    end()


async def test_a_token_of_one_gateway_goes_on_at_another(
    city: City, station: str, place: str, here: api.Selection
) -> None:
    """Also at once, when the other has not yet read what the token has seen."""
    await city.share(level(station, 1.0, district=place))
    async with another(city) as other, watching(city, "water", here) as watch:
        await watch.until(BOOKMARK)
        for number in range(2, 12):
            await city.publish(
                level(station, number, at=NOW + timedelta(seconds=number), district=place)
            )
            seen = await watch.next()
            async with watching(other, "water", here, watch.token) as resumed:
                assert [event.type for event in await resumed.until(BOOKMARK)] == [BOOKMARK]
            assert metres([seen]) == [number]


async def test_a_token_is_not_refused_for_good_while_the_stream_is_found_again(
    city: City, station: str, place: str, here: api.Selection
) -> None:
    """When servers change who leads, it is not known for a moment which stream is read."""
    await city.share(level(station, 1.0, district=place))
    async with another(city) as other:
        async with watching(other, "water", here, every_revision=True) as watch:
            await watch.until(BOOKMARK)
            token = watch.token
        other.gateway.watches.restart()

        async with asyncio.timeout(10):
            while True:
                try:
                    async with watching(
                        other, "water", here, token, every_revision=True
                    ) as resumed:
                        events = await resumed.until(BOOKMARK)
                    break
                except grpc.aio.AioRpcError as error:
                    assert error.code() is grpc.StatusCode.UNAVAILABLE  # noqa: PT017

    assert [event.type for event in events] == [BOOKMARK]


async def test_a_token_of_other_agreements_begins_anew(
    city: City, station: str, place: str, here: api.Selection
) -> None:
    """What was opened or closed since is not known, so the client's state is replaced."""
    await city.share(level(station, 1.0, district=place))
    token = await token_of(city, "police", here)

    city.agreements.write_text(AGREEMENTS.replace("internal", "public"))

    async with another(city) as other, watching(other, "police", here, token) as watch:
        empty = await watch.next()
        assert (empty.type, empty.HasField("record")) == (SNAPSHOT, False)

    city.agreements.write_text(AGREEMENTS.replace("internal", "restricted"))

    async with another(city) as other, watching(other, "police", here, token) as watch:
        assert (await watch.next()).type == SNAPSHOT


async def test_a_token_of_a_stream_that_was_made_anew_begins_anew(
    city: City, station: str, place: str, here: api.Selection
) -> None:
    """Its sequences say nothing of this one."""
    await city.share(level(station, 1.0, district=place))
    seen = Place.of(await token_of(city, "water", here), digest(here))
    token = dataclasses.replace(seen, stream="0" * 12).token(digest(here))

    async with watching(city, "water", here, token) as watch:
        assert (await watch.next()).type == SNAPSHOT


async def test_a_token_of_an_end_that_was_lost_begins_anew(
    city: City, station: str, place: str, here: api.Selection
) -> None:
    """A stream that lost its end and has grown anew stored that sequence later."""
    await city.share(level(station, 1.0, district=place))
    seen = Place.of(await token_of(city, "water", here), digest(here))
    token = dataclasses.replace(seen, stored_ns=seen.stored_ns - 10**12).token(digest(here))

    async with watching(city, "water", here, token) as watch:
        assert (await watch.next()).type == SNAPSHOT


@pytest.mark.parametrize(
    ("ceilings", "told"),
    [
        ((INTERNAL, RESTRICTED), [api.REMOVAL_REASON_NOT_SHARED]),
        ((RESTRICTED, RESTRICTED), []),
    ],
)
async def test_a_removal_names_only_what_the_caller_might_see(
    city: City, station: str, place: str, ceilings: tuple[int, int], told: list[int]
) -> None:
    """What was closed in the gap is removed; what was closed already does not exist."""
    here = api.Selection(districts=[place])
    before, after = ceilings
    await city.share(level(station, 1.0, district=place, classification=before))
    token = await token_of(city, "police", here)

    await city.share(level(station, 2.0, at=LATER, district=place, classification=after))

    async with watching(city, "police", here, token) as watch:
        events = await watch.until(BOOKMARK)
    assert [event.removal_reason for event in events[:-1]] == told


async def test_every_revision_that_was_missed_is_told_from_the_stream(
    city: City, station: str, place: str, here: api.Selection
) -> None:
    """In the order of the bus, less what was back-filled, with no gap or double at the seam."""
    revisions = risen(station, 40, district=place)
    await store(city, revisions[:1])
    async with watching(city, "water", here, every_revision=True) as watch:
        await watch.until(BOOKMARK)
        token = watch.token
    await store(
        city, [*revisions[1:20], level(station, 99.0, at=NOW - timedelta(days=1), district=place)]
    )

    async with another(city) as other:
        storing = asyncio.create_task(store(city, revisions[20:]))
        async with watching(other, "water", here, token, every_revision=True) as watch:
            events = [await watch.next() for _ in range(40)]
        await storing

    assert metres(events) == [float(number) for number in range(1, 40)]
    assert [event.type for event in events].count(BOOKMARK) == 1


async def test_a_token_of_a_city_that_had_said_nothing_brings_all_that_it_said(
    city: City, station: str, place: str, here: api.Selection
) -> None:
    """The place before the first message is one as well."""
    seen = Place.of(await token_of(city, "water", here), digest(here))
    token = dataclasses.replace(seen, sequence=0, stored_ns=0).token(digest(here))
    await city.share(level(station, 1.0, district=place))

    async with watching(city, "water", here, token) as watch:
        change = await watch.next()

    assert metres([change]) == [1.0]


async def test_revisions_that_the_stream_no_longer_keeps_are_told_as_gone(
    city: City, station: str, place: str, here: api.Selection
) -> None:
    """A gap in every revision would be silent otherwise; without it the token still serves."""
    revisions = risen(station, city.plan.history + 2, district=place)
    await city.share(revisions[0])
    token = await token_of(city, "water", here)
    await store(city, revisions[1:])

    with pytest.raises(grpc.aio.AioRpcError, match="resume without every_revision") as raised:
        async with watching(city, "water", here, token, every_revision=True) as watch:
            await watch.next()

    assert raised.value.code() == grpc.StatusCode.OUT_OF_RANGE
    async with watching(city, "water", here, token) as watch:
        assert metres(await watch.until(BOOKMARK)) == [revisions[-1].water_level.level_m]


async def test_a_replay_of_revisions_tells_what_left_the_selection(
    city: City, station: str, place: str, here: api.Selection
) -> None:
    """There, away, and back again: three events."""
    there = [place, "320102", place]
    await city.share(level(station, 1.0, district=place))
    token = await token_of(city, "water", here)
    await store(
        city,
        [
            level(station, number, at=NOW + timedelta(seconds=number), district=district)
            for number, district in enumerate(there, 2)
        ],
    )

    async with watching(city, "water", here, token, every_revision=True) as watch:
        events = await watch.until(BOOKMARK)

    assert [event.type for event in events] == [CHANGE, REMOVAL, CHANGE, BOOKMARK]
    assert events[1].removal_reason == api.REMOVAL_REASON_NOT_SELECTED
