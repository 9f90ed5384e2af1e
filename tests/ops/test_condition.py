"""How feeds fare, in words, on a narrow screen and in `status`."""

import asyncio
import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from broker.connection import Bus, BusSettings
from broker.home import Home
from broker.outgoing import Outgoing
from broker.publisher import Publisher
from broker.subjects import feed_subject
from broker.users import feeds_stream
from liandong.feed.v1.feed_pb2 import (
    FEED_STATE_RUNNING,
    FEED_STATE_STOPPED,
    FRESHNESS_FRESH,
    FRESHNESS_INCOMPLETE,
    FRESHNESS_LATE,
    FRESHNESS_SILENT,
    Feed,
)
from ops.city import read_city
from ops.condition import condition
from tests.ops.conftest import Town
from tests.ops.screens import Screen
from tests.running_city import until


def state(name: str, told_ago: timedelta = timedelta(), **facts: object) -> Feed:
    """Return a feed's state, told now or some time ago."""
    told = datetime.now(UTC) - told_ago
    feed = Feed(name=f"water/{name}", agency="water", state=FEED_STATE_RUNNING)
    feed.received = feed.stored = 123_456
    feed.updated_at.FromDatetime(told)
    feed.last_received_at.FromDatetime(told - timedelta(seconds=5))
    feed.usual_interval.FromTimedelta(timedelta(minutes=5))
    feed.freshness = FRESHNESS_FRESH
    for fact, value in facts.items():
        setattr(feed, fact, value)
    return feed


def hindered(name: str, since: timedelta) -> Feed:
    """Return the state of a feed whose source has not been readable for some time."""
    feed = state(name, trouble="no such table: stages")
    feed.trouble_since.FromDatetime(feed.updated_at.ToDatetime(UTC) - since)
    return feed


def states() -> list[Feed]:
    """Return states of each kind; the last is of an adapter that was killed."""
    some: dict[str, Any] = {"entities_heard": 1893, "entities_expected": 2500}
    return [
        state("water.fresh"),
        state("water.late", freshness=FRESHNESS_LATE),
        state("water.silent", freshness=FRESHNESS_SILENT),
        state("water.some", freshness=FRESHNESS_INCOMPLETE, **some),
        state("water.spooling", spooled=12_345, spooled_bytes=4_200_000, in_flight=12_345),
        hindered("water.hindered", timedelta(minutes=5)),
        hindered("water.blinking", timedelta()),
        state("water.stopped", state=FEED_STATE_STOPPED),
        state("water.killed", timedelta(minutes=10)),
    ]


WORDS = {
    "water.fresh": "running",
    "water.late": "late",
    "water.silent": "silent",
    "water.some": "1893 of 2500",
    "water.spooling": "12,345 spooled",
    "water.hindered": "hindered",
    "water.blinking": "hindered",
    "water.stopped": "stopped",
    "water.killed": "unheard",
}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Town, Path]]:
    """Run a small city to which feeds that are in its file, and do not run, have told states."""
    town = Town(tmp_path_factory.mktemp("told"))
    city = town.folder / "more.toml"
    feed = '[[feed]]\nid = "{0}"\nadapter = "x/y"\nagency = "water"\nsource = "tcp://h:1"\n'
    city.write_text("\n".join([town.city.read_text(), *map(feed.format, WORDS)]))

    async def tell() -> None:
        settings = BusSettings.of(Home(town.home), read_city(town.city).plan, "water")
        async with Bus(settings) as bus, Publisher(bus, feeds_stream("water")) as publisher:
            for feed in states():
                subject = feed_subject("water", feed.name.partition("/")[2])
                payload = feed.SerializeToString()
                await publisher.publish(Outgoing(subject, payload, uuid.uuid4().hex))

    with town.up():
        asyncio.run(tell())
        until(lambda: len(town.objects("feeds")) == len(WORDS) + 2)
        yield town, city


@pytest.mark.parametrize("columns", [80, 160])
def test_a_narrow_screen_says_how_each_feed_fares_on_one_line(
    told: tuple[Town, Path], columns: int
) -> None:
    """The word, or what is spooled; a wide one has the spool in a column of its own."""
    town, city = told
    screen = Screen(town, columns, "feeds", "--city", str(city))
    assert screen.read_to_end() == 0
    rows = {line.split()[0]: line for line in screen.lines if line.startswith("water.")}

    assert set(rows) == set(WORDS)
    assert all(len(line.rstrip()) <= columns for line in screen.lines)
    for name, word in WORDS.items():
        if columns == 160 and "spooled" in word:
            word = "running"  # noqa: PLW2901 - its own column has it
            assert " 12,345 " in rows[name]
        assert word in rows[name]
        assert "123,456" in rows[name]


def test_status_says_what_is_not_well_in_a_phrase(told: tuple[Town, Path]) -> None:
    """Silent, stopped, unheard or hindered for long needs looking after; a spool is told."""
    town, city = told
    done = town.run("status", "--json", "--city", city)
    parts = {part["name"]: part for part in map(json.loads, done.stdout.splitlines())}

    assert done.returncode == 1
    assert {name for name in WORDS if not parts[name]["well"]} == {
        "water.hindered",
        "water.silent",
        "water.stopped",
        "water.killed",
    }
    assert parts["water.silent"]["state"].startswith("silent, and an entity speaks every 5 min")
    assert parts["water.hindered"]["state"].startswith("hindered since ")
    assert ": no such table: stages; last received " in parts["water.hindered"]["state"]
    assert parts["water.killed"]["state"].startswith("not heard of since ")
    assert parts["water.some"]["state"].startswith("1893 of 2500 entities are heard; last received")
    assert parts["water.spooling"]["state"].endswith("; 12,345 spooled, 4.2 MB")
    assert parts["water.stopped"]["state"] == "does not run"


def test_a_feed_is_heard_of_as_long_as_it_tells_now_and_then(town: Town) -> None:
    """Two of the half minutes may be missed, not more."""
    city = read_city(town.city)
    feed = state("water.fresh")
    told = feed.updated_at.ToDatetime(UTC)

    def word(after: float) -> str:
        return condition(feed, city, told + timedelta(seconds=after)).word

    assert [word(after) for after in (0, 31, 95, 105)] == ["running"] * 3 + ["unheard"]
