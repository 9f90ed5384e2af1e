"""What a part of the state holds, and what it must refuse to answer for."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from broker.state_part import WHOLE, StatePart
from broker.subjects import matches, share_subject

# The last of each is one that nobody names: a department, a kind and a domain to come.
AGENCIES = ("police", "water", "new")
KINDS = ("water.level", "water.quality", "water.new", "traffic.crowd", "traffic.new", "new.new")
agencies = st.lists(st.sampled_from(AGENCIES[:-1]), max_size=3)
patterns = st.lists(
    st.sampled_from(("*", "water.*", "water.level", "water.quality", "traffic.*", "traffic.crowd")),
    max_size=3,
)


def meant(of: list[str], kinds: list[str]) -> set[tuple[str, str]]:
    """Return which departments' kinds are meant, of all that there are or will be."""
    return {
        (agency, kind)
        for agency, kind in itertools.product(AGENCIES, KINDS)
        if (not of or agency in of)
        and (not kinds or any(matches(pattern, kind) for pattern in kinds))
    }


@given(agencies, patterns, agencies, patterns)
def test_a_part_answers_for_what_it_holds_and_will_hold(
    own: list[str], held: list[str], asked_of: list[str], asked: list[str]
) -> None:
    """Never for something of which it would have only some."""
    part = StatePart("a", tuple(held), tuple(own))

    assert part.holds(asked_of, asked) == (meant(asked_of, asked) <= meant(own, held))


@given(agencies, patterns)
def test_a_part_reads_what_it_holds_and_nothing_else(own: list[str], held: list[str]) -> None:
    """Each subject by one pattern: a server refuses two that overlap."""
    part = StatePart("a", tuple(held), tuple(own))
    read = [pattern.split(".") for pattern in part.subjects]

    for agency, kind in itertools.product(AGENCIES, KINDS):
        tokens = share_subject(f"{agency}/{kind}/1").split(".")
        taken = [
            pattern
            for pattern in read
            if all(own in {"*", token} for own, token in zip(pattern, tokens, strict=True))
        ]
        assert len(taken) == ((agency, kind) in meant(own, held))


def test_the_whole_state_is_a_part_without_a_border() -> None:
    """It holds what any request asks for, and reads every record's subject."""
    assert WHOLE.holds()
    assert WHOLE.holds(["new"], ["new.new"])
    assert WHOLE.is_whole
    assert WHOLE.subjects == ("share.*.*.*.*",)
