"""Do the books of a feed balance, by themselves and against JetStream?"""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.sdk.hours import HOUR_S
from adapters.sdk.journal import held, last_state
from broker.api import call
from broker.connection import Bus
from broker.plan import stream_name
from broker.removals import Removals, read_removals
from broker.subjects import quarantine_subject
from broker.users import quarantine_stream
from liandong.feed.v1.feed_pb2 import Feed

_FINDINGS_SHOWN = 5
_TOLD_WITHIN_S = 2.0
_TRIES = 3
_SILENT = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Audit:
    """What the audit of one feed found.

    Attributes:
        feed: The feed's state as it tells it.
        stored: How many of its records the agency's stream holds, up to the feed's last
            quiet moment.
        quarantined: How many entries its quarantine holds, up to that moment.
        healed: How many entries have left it as records.
        discarded: How many were discarded.
        findings: One sentence for each thing that is not explained; none: the books
            balance.
    """

    feed: Feed
    stored: int
    quarantined: int
    healed: int
    discarded: int
    findings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Held:
    """What there is of a feed: under which word the books have it, in all and by hour of arrival.

    ``since`` is the first hour of which nothing was dropped by the stream's limits; 0: nothing
    ever was. ``where`` says what was counted.
    """

    word: str
    total: int
    hours: dict[int, int]
    since: int
    where: str


async def audit(bus: Bus, agency: str, feed_id: str) -> Audit:
    """Check a feed's books: the sum, and the counts of each hour against JetStream itself.

    What is compared is where the books stood at their last quiet moment, which is exact
    while the feed goes on. Hours that a stream has begun to drop by its limits are left out.

    Args:
        bus: A connection that may read the agency's streams.
        agency: The agency.
        feed_id: The feed.

    Raises:
        LookupError: If no such feed has told its state.
        StreamUnavailable: If a stream cannot be read.
    """
    stream = stream_name(agency)
    feed, kept, left, moving = await _quarantine(bus, agency, feed_id)
    upto = feed.settled.stream_sequence
    records = await held(bus, stream, f"share.{agency}.>", feed_id, upto=upto)
    state = (await call(bus, stream, f"STREAM.INFO.{stream}"))["state"]
    # By its limits the stream drops its oldest records; the quarantine refuses instead.
    counts = _counts(records)
    since = _whole_since(state)
    stored = _Held("stored", sum(counts.values()), counts, since, "the stream holds")
    findings = (
        *_sums(feed),
        *_differences(feed, stored),
        *_differences(feed, _quarantined(kept, left)),
        *_silence(feed, await _later(bus, feed, feed_id)),
    )
    return Audit(
        feed, stored.total, sum(kept.values()), left.healed, left.discarded, findings + moving
    )


async def _quarantine(
    bus: Bus, agency: str, feed_id: str
) -> tuple[Feed, dict[int, int], Removals, tuple[str, ...]]:
    """Return a feed's state with what its quarantine holds and what left it, all of one moment.

    Raises:
        LookupError: If the feed never told its state.
    """
    stream, subject = quarantine_stream(agency), quarantine_subject(agency, feed_id)
    moving: tuple[str, ...] = ()
    for _ in range(_TRIES):
        left, revision = await read_removals(bus, feed_id)
        feed = await _told(bus, agency, feed_id)
        if await _later(bus, feed, feed_id):
            # A feed tells its state once a second: what came since is in the next one.
            await asyncio.sleep(_TOLD_WITHIN_S)
            feed = await _told(bus, agency, feed_id)
        found = await held(bus, stream, subject, feed_id, upto=feed.settled.quarantine_sequence)
        if (await read_removals(bus, feed_id))[1] == revision:
            break
    else:
        moving = ("entries leave its quarantine at the moment: audit it when that has ended",)
    if left.since != feed.counting_since.seconds:
        # What left before the books began anew is not in them.
        left = Removals()
    # What is counted as gone may still be there: whoever was deleting it has died.
    gone = frozenset(left.leaving)
    kept = {hour: sum(number not in gone for number in numbers) for hour, numbers in found.items()}
    return feed, kept, left, moving


def _quarantined(kept: dict[int, int], left: Removals) -> _Held:
    """Return how many entries there ever were: those that are held, and those that left."""
    hours = Counter(kept)
    hours.update(left.hours)
    total = sum(kept.values()) + left.total
    return _Held("quarantined", total, hours, 0, "held, healed and discarded are")


async def _told(bus: Bus, agency: str, feed_id: str) -> Feed:
    """Return a feed's state as last told.

    Raises:
        LookupError: If it never was.
    """
    feed = await last_state(bus, agency, feed_id)
    if feed is None:
        raise LookupError(f"feed {feed_id} of {agency} has never told its state: is it running?")
    return feed


async def _later(bus: Bus, feed: Feed, feed_id: str) -> int:
    """Return how many of a feed's records are stored after its last quiet moment."""
    after = feed.settled.stream_sequence
    subject = f"share.{feed.agency}.>"
    found = await held(bus, stream_name(feed.agency), subject, feed_id, after=after)
    return sum(map(len, found.values()))


def _whole_since(state: dict[str, Any]) -> int:
    """Return the first hour of which a stream dropped nothing; 0: it never dropped anything.

    What it dropped was stored before what it holds, and arrived before it was stored.
    """
    if state["first_seq"] <= 1:
        return 0
    return int(datetime.fromisoformat(state["first_ts"]).timestamp()) // HOUR_S + 1


def _silence(feed: Feed, later: int) -> list[str]:
    """Check that a feed whose records go on tells its state."""
    age = datetime.now(UTC) - feed.updated_at.ToDatetime(UTC)
    if not later or age < _SILENT:
        return []
    told = feed.updated_at.ToJsonString()
    since = f"{later} records were stored after the feed told its state for the last time, {told}"
    return [f"{since}: start it again, and it counts them"]


def _counts(found: dict[int, list[int]]) -> dict[int, int]:
    """Return how many there are of each hour."""
    return {hour: len(sequences) for hour, sequences in found.items()}


def _sums(feed: Feed) -> list[str]:
    """Check that what was received is what was settled or is in flight."""
    settled = feed.stored + feed.duplicates + feed.quarantined
    total = settled + feed.in_flight
    if feed.received == total:
        return []
    return [
        f"received {feed.received}, but stored, duplicates, quarantined, in flight make {total}"
    ]


def _differences(feed: Feed, stream: _Held) -> list[str]:
    """Compare the books with a stream, in all while it is whole, and hour by hour."""
    word, findings = stream.word, []
    total = getattr(feed.settled, word)
    if not stream.since and total != stream.total:
        findings.append(f"the books say {total} {word}, {stream.where} {stream.total}")
    books = {
        count.start_at.seconds // HOUR_S: int(getattr(count, word)) for count in feed.settled.hours
    }
    # Of hours before those in the books nothing is known any more.
    since = max(stream.since, min(books, default=0))
    for hour in sorted(books.keys() | stream.hours.keys()):
        told, there = books.get(hour, 0), stream.hours.get(hour, 0)
        if hour >= since and told != there:
            findings.append(
                f"of {datetime.fromtimestamp(hour * HOUR_S, UTC):%Y-%m-%d %H}h UTC the books say "
                f"{told} {word}, {stream.where} {there}"
            )
    return findings[:_FINDINGS_SHOWN]
