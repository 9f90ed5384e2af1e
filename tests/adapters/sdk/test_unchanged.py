"""What a source repeats is told from what it says again."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from adapters.sdk.unchanged import Unchanged

START = datetime(2026, 7, 1, tzinfo=UTC)


@given(st.lists(st.sampled_from([b"a", b"b", b"c"]), min_size=1, max_size=30))
def test_a_time_stays_while_the_content_does(said: list[bytes]) -> None:
    """It is the time of the first of an unbroken run of the same."""
    unchanged = Unchanged()
    expected = START
    for minute, content in enumerate(said):
        now = START + timedelta(minutes=minute)
        if minute and content != said[minute - 1]:
            expected = now

        assert unchanged.since("thing", content, now) == expected


def test_things_do_not_touch_each_other() -> None:
    """Two vehicles may say the same."""
    unchanged, later = Unchanged(), START + timedelta(hours=1)
    unchanged.since("1", b"a", START)

    assert unchanged.since("2", b"a", later) == later
    assert unchanged.since("1", b"a", later) == START


def test_what_is_forgotten_is_new() -> None:
    """On purpose, or because there is too much."""
    unchanged, later = Unchanged(most=2), START + timedelta(hours=1)
    for thing in "123":
        unchanged.since(thing, b"a", START)
    unchanged.forget("3")
    unchanged.forget("never known")

    assert [unchanged.since(thing, b"a", later) for thing in "23"] == [START, later]
    assert unchanged.since("1", b"a", later) == later
