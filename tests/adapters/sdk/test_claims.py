"""Which connection speaks for which station."""

from collections.abc import Iterator

import pytest

from adapters.sdk.claims import Claim, Claims

NAME = "water/water.level/0012345678"
A, B, C = "10.0.0.1:4000", "10.0.0.2:4000", "10.0.0.3:4000"


class Clock:
    """Tells the time that a test sets."""

    time = 0.0

    def __call__(self) -> float:
        """Return it."""
        return self.time


@pytest.fixture
def clock() -> Clock:
    """Return a clock."""
    return Clock()


@pytest.fixture
def claims(clock: Clock) -> Claims:
    """Return claims of a few names."""
    return Claims(3, clock)


def spoken(claims: Claims, *speakers: str, name: str = NAME) -> list[Claim]:
    """Let connections speak in turn; return what each may say."""

    def turns() -> Iterator[Claim]:
        for speaker in speakers:
            claims.hear(speaker)
            yield claims.claim(name, speaker)

    return list(turns())


def test_a_logger_that_reconnects_takes_its_claim_over(claims: Claims) -> None:
    """Its old connection looks open and is silent: however often, nothing is contested."""
    assert set(spoken(claims, A, A, B, B, C, C)) == {Claim.SOLE}


def test_two_open_connections_in_turn_are_two_stations(claims: Claims) -> None:
    """The first keeps the name; a third that joins is kept apart as well."""
    found = spoken(claims, A, B, A, B, A, C)

    assert found == [Claim.SOLE, Claim.SOLE, Claim.FIRST, Claim.OTHER, Claim.FIRST, Claim.OTHER]


@pytest.mark.parametrize(("gone", "left"), [(A, B), (B, A)])
def test_it_is_calm_once_one_hangs_up(claims: Claims, gone: str, left: str) -> None:
    """Who is left speaks for the name alone, whether it was the first or not."""
    spoken(claims, A, B, A)
    claims.release(gone)

    assert set(spoken(claims, left, left)) == {Claim.SOLE}


def test_a_claim_of_a_connection_that_ended_is_free(claims: Claims) -> None:
    """A after B after A is no alternation when each had ended before the next began."""
    for speaker in (A, B, A, B, A):
        assert spoken(claims, speaker) == [Claim.SOLE]
        claims.release(speaker)


def test_a_connection_that_is_silent_for_long_speaks_for_nobody(
    claims: Claims, clock: Clock
) -> None:
    """Who sends datagrams never hangs up; its address may change and change back."""
    spoken(claims, A, B)
    clock.time = 900.0

    assert spoken(claims, A) == [Claim.SOLE]


def test_a_message_that_is_only_tried_again_claims_nothing(claims: Claims) -> None:
    """While the bus is away a lot of the old connection waits; the new one has spoken since."""
    spoken(claims, A, B)

    assert claims.claim(NAME, A, is_repeat=True) is Claim.SOLE
    assert spoken(claims, B) == [Claim.SOLE]


def test_a_contested_name_is_so_for_what_is_tried_again(claims: Claims) -> None:
    """The second connection's message does not get the name by waiting."""
    spoken(claims, A, B, A)

    assert claims.claim(NAME, A, is_repeat=True) is Claim.FIRST
    assert claims.claim(NAME, B, is_repeat=True) is Claim.OTHER


def test_the_oldest_claims_are_forgotten_first(claims: Claims) -> None:
    """What is remembered is bounded; a forgotten name is claimed anew."""
    spoken(claims, A, B)
    for number in range(3):
        spoken(claims, C, name=f"water/water.level/{number}")

    assert len(claims._holders) == 3
    assert spoken(claims, A) == [Claim.SOLE]
