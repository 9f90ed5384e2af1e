"""What is written beside a record, and what is read from it whoever wrote it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sdk.hours import HOUR_S
from adapters.sdk.stamp import HOUR_HEADER, Stamp, hour_of, hour_of_lines, new_trace_id
from broker.outgoing import header_lines

STORED = 1_750_000_000
LAST_HOUR = 9_999_999


@given(st.integers(0, LAST_HOUR))
def test_the_hour_is_read_as_it_was_written(hour: int) -> None:
    """Whenever the message is stored."""
    assert hour_of_lines(Stamp("water.stage").lines(hour, new_trace_id())) == hour


def test_each_lot_is_a_span_of_its_trace() -> None:
    """As W3C Trace Context writes it; the feed's name is beside it."""
    stamp, trace = Stamp("water.stage"), new_trace_id()
    lines = [stamp.lines(500_000, trace).decode(), stamp.lines(500_001, trace).decode()]
    head = "Liandong-Feed: water.stage\r\nLiandong-Hour: 50000[01]\r\n"
    wanted = rf"{head}traceparent: 00-{trace}-[0-9a-f]{{16}}-00\r\n"

    assert all(re.fullmatch(wanted, text) for text in lines)
    assert lines[0].rpartition(":")[2] != lines[1].rpartition(":")[2]


def test_a_lot_that_is_traced_says_so_and_names_its_span() -> None:
    """Whoever reads it goes on from there; all others say that nothing more is told."""
    lines = Stamp("water.stage").lines(500_000, 32 * "a", 16 * "b").decode()

    assert lines.endswith(f"traceparent: 00-{32 * 'a'}-{16 * 'b'}-01\r\n")


@pytest.mark.parametrize("hour", ["", "-1", "x", "1e5", "99999999", "9" * 5000, "\u0663"])
def test_an_hour_that_is_none_is_that_of_storing(hour: str) -> None:
    """Anybody may put a record on the bus; the audit must be able to say when it came."""
    assert hour_of({HOUR_HEADER: hour}, STORED * 10**9) == STORED // HOUR_S


def test_an_entry_without_an_hour_has_the_time_of_its_receipt() -> None:
    """As entries were written before they had one."""
    headers = {"Liandong-Received": "2026-06-15T10%3A30%3A00%2B00%3A00"}

    assert hour_of(headers, STORED * 10**9) == 494_866


@given(
    st.dictionaries(
        st.from_regex("[A-Z][a-z-]{0,8}", fullmatch=True),
        st.text(st.characters(blacklist_characters="\r\n", blacklist_categories=["Cs"])),
    )
)
def test_other_lines_do_no_harm(others: dict[str, str]) -> None:
    """Whatever they hold."""
    lines = header_lines(others) + header_lines({HOUR_HEADER: "500000"})

    assert hour_of_lines(lines) == 500_000
