"""What is late, silent or incomplete, by a feed's own rhythm."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from adapters.sdk.cadence import Cadence, Hearing
from liandong.feed.v1.feed_pb2 import (
    FRESHNESS_FRESH,
    FRESHNESS_INCOMPLETE,
    FRESHNESS_LATE,
    FRESHNESS_SILENT,
    FRESHNESS_UNSPECIFIED,
)

MINUTE = 60.0
HOUR = 3600.0


def station(number: int) -> str:
    """Return an entity's name."""
    return f"water/water.level/{number}"


def regular(
    cadence: Cadence, entities: Iterable[int], every_s: float, times: int, start: float = 0.0
) -> float:
    """Have entities speak in turn; return when the last word was said."""
    at = start
    for beat in range(times):
        at = start + beat * every_s
        for entity in entities:
            cadence.hear(station(entity), int(at), at)
    return at


def interval_s(hearing: Hearing) -> float:
    """Return the usual interval, which must be known."""
    assert hearing.interval is not None
    return hearing.interval.total_seconds()


def test_a_feed_that_has_said_little_is_not_judged() -> None:
    """Neither on its first words nor on entities that spoke once."""
    cadence = Cadence()
    assert cadence.hearing(0.0).freshness == FRESHNESS_UNSPECIFIED

    last = regular(cadence, range(5), MINUTE, times=3)

    assert cadence.hearing(last + 10 * HOUR) == Hearing(FRESHNESS_UNSPECIFIED, None, 0, 0)


def test_late_after_three_intervals_and_silent_after_ten() -> None:
    """The interval is the feed's own: a minute here."""
    cadence = Cadence()
    last = regular(cadence, range(5), MINUTE, times=10)

    found = {after: cadence.hearing(last + after * MINUTE).freshness for after in (1, 2.9, 4, 11)}

    assert found == {
        1: FRESHNESS_FRESH,
        2.9: FRESHNESS_FRESH,
        4: FRESHNESS_LATE,
        11: FRESHNESS_SILENT,
    }
    assert interval_s(cadence.hearing(last)) == MINUTE


def test_a_fast_feed_is_not_silent_within_a_minute() -> None:
    """Vehicles that speak each second may be away for a tunnel's length."""
    cadence = Cadence()
    last = regular(cadence, range(5), 1.0, times=100)

    assert cadence.hearing(last + 50).freshness == FRESHNESS_LATE
    assert cadence.hearing(last + 61).freshness == FRESHNESS_SILENT


def test_some_that_are_missing_make_it_incomplete() -> None:
    """A tenth of its entities; the others go on."""
    cadence = Cadence()
    last = regular(cadence, range(20), MINUTE, times=10)
    one = regular(cadence, range(1, 20), MINUTE, times=10, start=last)
    assert cadence.hearing(one).freshness == FRESHNESS_FRESH

    two = regular(cadence, range(2, 20), MINUTE, times=10, start=one)

    assert cadence.hearing(two) == Hearing(
        FRESHNESS_INCOMPLETE, cadence.hearing(last).interval, expected=20, heard=18
    )


def test_a_burst_is_one_word() -> None:
    """A logger that sends thirty messages on the hour speaks once an hour."""
    cadence = Cadence()
    for hour in range(8):
        for part in range(30):
            at = hour * HOUR + part * 0.02
            cadence.hear(station(1), int(hour * HOUR) + part, at)

    assert round(interval_s(cadence.hearing(7 * HOUR))) == HOUR
    assert cadence.hearing(9 * HOUR).freshness == FRESHNESS_FRESH
    assert cadence.hearing(11 * HOUR).freshness == FRESHNESS_LATE


def test_a_slow_burst_does_not_make_a_fast_rhythm() -> None:
    """Three messages, some seconds apart, on each hour."""
    cadence = Cadence()
    for hour in range(8):
        for part in range(3):
            at = hour * HOUR + part * 5
            cadence.hear(station(1), int(at), at)

    assert interval_s(cadence.hearing(8 * HOUR)) == HOUR - 10


def test_an_outage_is_no_habit() -> None:
    """After a day's outage a feed of a minute is late after three again."""
    cadence = Cadence()
    last = regular(cadence, range(5), MINUTE, times=20)
    back = regular(cadence, range(5), MINUTE, times=2, start=last + 24 * HOUR)

    assert interval_s(cadence.hearing(back)) == MINUTE
    assert cadence.hearing(back).freshness == FRESHNESS_FRESH
    assert cadence.hearing(back + 4 * MINUTE).freshness == FRESHNESS_LATE


def test_a_new_rhythm_is_learnt_slower_or_faster() -> None:
    """From a minute to an hour after two hours, and back within eight minutes."""
    cadence = Cadence()
    last = regular(cadence, range(5), MINUTE, times=20)
    slow = regular(cadence, range(5), HOUR, times=2, start=last + HOUR)
    assert interval_s(cadence.hearing(slow)) == HOUR
    assert cadence.hearing(slow + HOUR).freshness == FRESHNESS_FRESH

    fast = regular(cadence, range(5), MINUTE, times=8, start=slow + MINUTE)

    assert interval_s(cadence.hearing(fast)) == MINUTE


def test_what_is_sent_late_from_oldest_to_newest_does_not_spoil_the_rhythm() -> None:
    """A station catches up: many readings at once, each newer than the last."""
    cadence = Cadence()
    last = regular(cadence, range(1), MINUTE, times=10)
    back = last + 100 * MINUTE
    for missed in range(100):
        cadence.hear(station(0), int(last) + missed * 60 + 60, back + missed * 0.01)
    again = regular(cadence, range(1), MINUTE, times=3, start=back + MINUTE)

    assert interval_s(cadence.hearing(again)) <= MINUTE
    assert cadence.hearing(again + 2 * MINUTE).freshness == FRESHNESS_FRESH
    assert cadence.hearing(again + 11 * MINUTE).freshness == FRESHNESS_SILENT


def test_old_observations_say_nothing_of_now() -> None:
    """A source that repeats its last reading, or sends only history, is silent in truth."""
    cadence = Cadence()
    last = regular(cadence, range(5), MINUTE, times=10)
    for minute in range(1, 30):
        for entity in range(5):
            cadence.hear(station(entity), int(last), last + minute * MINUTE)
            cadence.hear(station(entity), int(last) - minute * 60, last + minute * MINUTE)

    hearing = cadence.hearing(last + 30 * MINUTE)

    assert (hearing.freshness, hearing.heard) == (FRESHNESS_SILENT, 0)
    assert interval_s(hearing) == MINUTE


def test_what_is_remembered_is_bounded() -> None:
    """The entities that spoke least recently are forgotten first."""
    cadence = Cadence()
    last = regular(cadence, range(25_000), MINUTE, times=1)
    for beat in range(1, 5):
        last = regular(cadence, range(20_000), MINUTE, times=1, start=beat * MINUTE)

    assert len(cadence._rhythms) == 20_000
    assert cadence.hearing(last).expected == 20_000
    assert max(len(rhythm.gaps) for rhythm in cadence._rhythms.values()) <= 8


@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.integers(0, 10_000), st.floats(0, 1e6, allow_nan=False)),
        max_size=200,
    ),
    st.floats(0, 1e6, allow_nan=False),
)
def test_whatever_is_heard_the_numbers_fit(
    words: list[tuple[int, int, float]], after: float
) -> None:
    """Nobody is heard who is not expected, and an interval is never negative."""
    cadence, now = Cadence(), 0.0
    for entity, observed, pause in words:
        now += pause
        cadence.hear(station(entity), observed, now)

    hearing = cadence.hearing(now + after)

    assert 0 <= hearing.heard <= hearing.expected <= 5
    assert (hearing.interval is None) == (hearing.freshness == FRESHNESS_UNSPECIFIED)
    assert hearing.interval is None or interval_s(hearing) >= 1
