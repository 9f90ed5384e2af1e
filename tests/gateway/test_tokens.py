"""Tokens: what was handed out comes back whole, or is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import InvalidRequest
from gateway.tokens import decode, encode

BOUND = "0123456789ab"


@given(st.text(st.characters(codec="utf-8"), max_size=320))
def test_a_token_brings_its_position_back(position: str) -> None:
    """Whatever the name of the last record is."""
    assert decode("page_token", encode("page", BOUND, position), "page", BOUND) == position


@given(st.data())
def test_a_page_token_that_was_cut_is_refused(data: st.DataObject) -> None:
    """It would begin at another place, and records be missed or told twice without a word."""
    token = encode("page", BOUND, "water/water.level/0063200101")
    cut = token[: data.draw(st.integers(0, len(token) - 1))]

    with pytest.raises(InvalidRequest, match="page_token: is "):
        decode("page_token", cut, "page", BOUND)


def test_a_token_says_what_it_is_for() -> None:
    """One of a page is none of a watch, and one of another request none of this."""
    with pytest.raises(InvalidRequest, match="is a page token, expected a watch token"):
        decode("resume_token", encode("page", BOUND, "x"), "watch", BOUND)
    with pytest.raises(InvalidRequest, match="belongs to another selection"):
        decode("page_token", encode("page", BOUND, "x"), "page", BOUND[::-1])
