"""What watchers have still to be sent."""

import pytest

from gateway.backlog import Backlog, Behind, Event, Every, Latest


def event(name: str, data: str = "") -> Event:
    """Make an event."""
    return Event(name, (data or name).encode(), None)


def said(backlog: Backlog, position: int) -> list[str]:
    """Return what comes after a position."""
    return [one.data.decode() for one in backlog.since(position)]


def test_the_latest_of_each_is_sent_in_the_order_of_change() -> None:
    """Whoever has been told part of it is sent what it lacks."""
    backlog = Latest()
    for one in (event("a", "a1"), event("b", "b1"), event("a", "a2")):
        backlog.add(one)

    assert [said(backlog, position) for position in range(4)] == [
        ["b1", "a2"],
        ["b1", "a2"],
        ["a2"],
        [],
    ]


@pytest.mark.parametrize("backlog", [Latest(), Every(1000)])
def test_what_all_have_been_sent_is_let_go(backlog: Backlog) -> None:
    """The rest stays."""
    for name in "abc":
        backlog.add(event(name))

    backlog.trim(2)

    assert said(backlog, 2) == ["c"]
    assert len(backlog._held) == 1  # type: ignore[attr-defined]


@pytest.mark.parametrize("backlog", [Latest(), Every(1000)])
def test_what_was_closed_is_not_sent(backlog: Backlog) -> None:
    """However long it has waited."""
    for name in "aba":
        backlog.add(event(name))

    backlog.close({"a"})

    assert "".join(said(backlog, 0)) == "b"


def test_whoever_falls_behind_every_event_is_told() -> None:
    """A silent gap would be worse."""
    backlog = Every(3)
    for name in "abcde":
        backlog.add(event(name))

    assert said(backlog, 2) == ["c", "d", "e"]
    with pytest.raises(Behind):
        backlog.since(1)
