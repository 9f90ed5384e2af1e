"""Copies of a stream, compared."""

from broker.replicas import Replica, missing


def copies(*held: tuple[int, int], stream: str = "CITY") -> list[Replica]:
    """Return copies on servers a, b, c with so many messages, up to that sequence."""
    return [
        Replica(server, "HUB", stream, messages, last)
        for server, (messages, last) in zip("abc", held, strict=False)
    ]


def told(replicas: list[Replica]) -> dict[str, int]:
    """Return what each server's copy lacks."""
    return {one.server: lacking for one, lacking in missing(replicas).items()}


def test_a_copy_with_fewer_messages_up_to_the_same_sequence_has_a_hole() -> None:
    """The fullest is right: servers drop nothing of themselves that others keep."""
    assert told(copies((90, 100), (60, 100), (90, 100))) == {"a": 0, "b": 30, "c": 0}


def test_a_copy_that_lags_has_no_hole() -> None:
    """Nothing is said of it until it is as far as another."""
    assert told(copies((100, 100), (60, 60), (100, 100))) == {"a": 0, "c": 0}


def test_copies_of_which_none_are_equally_far_are_left_out() -> None:
    """All changes too fast to be compared at this moment."""
    assert told(copies((100, 100), (99, 99), (101, 101))) == {}


def test_an_only_copy_lacks_nothing() -> None:
    """There is none to compare it with."""
    assert told(copies((7, 100))) == {"a": 0}


def test_streams_are_compared_each_with_its_own_copies() -> None:
    """Also those of one name in several accounts."""
    other = Replica("b", "WATER", "CITY", 5, 100)

    assert missing([*copies((90, 100)), other])[other] == 0
