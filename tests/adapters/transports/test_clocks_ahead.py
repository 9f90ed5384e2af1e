"""Senders whose clock is wrong, over a real socket."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from adapters.environment.hj212 import framed
from broker.home import Home
from broker.plan import BusPlan
from liandong.quantity.v1.quantity_pb2 import (
    QUALITY_LEVEL_INVALID,
    QUALITY_LEVEL_SUSPECT,
    QUALITY_LEVEL_VALID,
    Quality,
)
from liandong.record.v1.record_pb2 import Record
from tests.adapters.transports.running import RunningFeed, answers, running

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
ZONE = ZoneInfo("Asia/Shanghai")
SOURCE = "tcp://127.0.0.1:0"


def reading(at: datetime, flag: str = "N") -> bytes:
    """Write a frame of a moment, which wants an answer."""
    time = f"{at:%Y%m%d%H%M%S}"
    return framed(
        f"QN={time}000;ST=22;CN=2011;PW=123456;MN=320102000000A00000000001;Flag=5;"
        f"CP=&&DataTime={time};a34004-Rtd=31.0,a34004-Flag={flag}&&"
    )


async def stored(feed: RunningFeed, frame: bytes) -> Record:
    """Send a frame; return the record that is stored of it."""
    reader, writer = await feed.connect()
    writer.write(frame)
    await answers(reader, 1)
    writer.close()
    (record,) = await feed.records()
    return record


@pytest.mark.parametrize("off", [-30 * HOUR, -HOUR, timedelta(), 9 * MINUTE])
async def test_a_time_that_is_late_or_a_little_ahead_is_no_fault(
    city_home: Home, plan: BusPlan, off: timedelta
) -> None:
    """Stations catch up for days, and no two clocks agree."""
    async with running(city_home, plan, "environment/hj212", SOURCE) as feed:
        record = await stored(feed, reading(datetime.now(ZONE) + off))

    assert record.quality == Quality(level=QUALITY_LEVEL_VALID, source_flag="N")


async def test_a_time_an_hour_ahead_is_kept_and_suspect(city_home: Home, plan: BusPlan) -> None:
    """It is as the source said, with a note; the feed is not fresh until then."""
    said = datetime.now(ZONE).replace(microsecond=0) + HOUR
    async with running(city_home, plan, "environment/hj212", SOURCE) as feed:
        record = await stored(feed, reading(said))
        state = feed.ledger.snapshot(datetime.now(ZONE))

    assert record.observed_at.ToDatetime(ZONE) == said
    assert record.quality.level == QUALITY_LEVEL_SUSPECT
    assert record.quality.note.endswith(" min ahead of its receipt.")
    assert state.last_observed_at.ToDatetime(ZONE) < said


async def test_what_is_worse_already_stays_so_and_keeps_its_note(
    city_home: Home, plan: BusPlan
) -> None:
    """A faulty instrument's reading does not become merely suspect."""
    async with running(city_home, plan, "environment/hj212", SOURCE) as feed:
        record = await stored(feed, reading(datetime.now(ZONE) + HOUR, flag="D"))

    assert record.quality.level == QUALITY_LEVEL_INVALID
    assert record.quality.source_flag == "D"
    assert record.quality.note.endswith(" min ahead of its receipt.")


async def test_the_tolerance_is_the_feed_s(city_home: Home, plan: BusPlan) -> None:
    """A feed whose senders are an hour ahead by habit says so."""
    async with running(
        city_home, plan, "environment/hj212", SOURCE, clock_tolerance_s=7200.0
    ) as feed:
        record = await stored(feed, reading(datetime.now(ZONE) + HOUR))

    assert record.quality.level == QUALITY_LEVEL_VALID
