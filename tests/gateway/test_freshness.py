"""What answers say of the feeds behind them."""

from typing import Any

import pytest

from gateway.freshness import FeedAges, age_of
from liandong.feed.v1 import feed_pb2
from liandong.feed.v1.feed_pb2 import Feed
from liandong.gateway.v1.shared_state_pb2 import BatchGetRecordsResponse

NANO = 1_000_000_000
NOW = 1_800_000_000


def feed(*, received: int = NOW, told: int = NOW, usual: int = 60, **fields: Any) -> Feed:
    """Make a feed's state, with times in seconds."""
    made = Feed(
        name="water/rivers",
        freshness=fields.get("freshness", feed_pb2.FRESHNESS_FRESH),
        state=feed_pb2.FEED_STATE_RUNNING,
    )
    if received:
        made.last_received_at.FromSeconds(received)
    if usual:
        made.usual_interval.FromSeconds(usual)
    made.updated_at.FromSeconds(told)
    return made


@pytest.mark.parametrize(
    ("silence", "usual", "freshness"),
    [
        (179, 60, feed_pb2.FRESHNESS_FRESH),
        (180, 60, feed_pb2.FRESHNESS_LATE),
        (599, 60, feed_pb2.FRESHNESS_LATE),
        (600, 60, feed_pb2.FRESHNESS_SILENT),
        (59, 1, feed_pb2.FRESHNESS_LATE),
        (60, 1, feed_pb2.FRESHNESS_SILENT),
        (86_400, 0, feed_pb2.FRESHNESS_FRESH),
    ],
)
def test_a_feed_is_judged_by_its_own_cadence(silence: int, usual: int, freshness: int) -> None:
    """Also between two states that its adapter tells; without a cadence nothing is made up."""
    told = age_of(feed(received=NOW - silence, usual=usual), NOW * NANO)

    assert (told.freshness, told.age.seconds) == (freshness, silence)


def test_an_adapter_that_is_not_heard_of_makes_its_feed_silent() -> None:
    """Its last word, that all was well, is no news."""
    told = age_of(feed(told=NOW - 101), NOW * NANO)

    assert told.freshness == feed_pb2.FRESHNESS_SILENT
    assert told.state == feed_pb2.FEED_STATE_UNSPECIFIED


def test_a_feed_that_brought_nothing_has_no_age() -> None:
    """Absent is not zero."""
    assert not age_of(feed(received=0), NOW * NANO).HasField("age")


def test_ages_are_joined_to_answers_as_they_are() -> None:
    """Encoded once a second; a feed that nobody told of is left out."""
    ages = FeedAges()
    ages.take(feed())

    sized = ages.sized(["water/rivers", "water/unknown"])

    answer = BatchGetRecordsResponse.FromString(b"\x12" + sized[0])
    assert len(sized) == 1
    assert [one.feed for one in answer.feeds] == ["water/rivers"]
