"""Bytes on trial: what would become of them with a bus, told without one."""

from collections.abc import Callable

import pytest

from adapters.sdk import Outcome
from adapters.sdk.errors import FeedMisconfigured
from adapters.testing.accounting import Gap, NotInTheData, gaps_of
from adapters.testing.coverage import Coverage
from adapters.testing.trial import Trial
from tests.adapters.testing.gauges import Gauge


def test_the_fixture_puts_an_adapter_on_trial(adapter_case: Callable[..., Trial]) -> None:
    """By its class or its name, with options as the city file gives them."""
    (one,) = adapter_case(Gauge, datum="吴淞", district="320100").run(b"1001,", b"3.21\n")

    (record,) = one.records
    assert (record.water_level.level_m, record.water_level.datum) == (3.21, "吴淞")
    assert (record.location.district, record.provenance.feed) == ("320100", "water.gauge")
    assert (one.outcome, one.answer, one.refused) == (Outcome.STORED, b"OK\n", None)
    assert adapter_case("weather/cap").adapter.name == "weather/cap"


def test_an_option_that_does_not_exist_is_refused(adapter_case: Callable[..., Trial]) -> None:
    """As in a city file."""
    with pytest.raises(FeedMisconfigured, match="datum"):
        adapter_case(Gauge, data="")


def test_the_same_message_again_is_a_duplicate(adapter_case: Callable[..., Trial]) -> None:
    """Also on another connection; what is refused is so every time."""
    trial = adapter_case(Gauge)

    first = trial.run(b"1001,3.21\n1001,high\n")
    again = trial.run(b"1001,3.21\n1001,high\n")

    assert [one.outcome for one in first] == [Outcome.STORED, Outcome.QUARANTINED]
    assert [one.outcome for one in again] == [Outcome.DUPLICATE, Outcome.QUARANTINED]


@pytest.mark.parametrize(
    ("data", "raws", "gaps"),
    [
        (b"", [], []),
        (b"ab\ncd\n", [b"ab", b"cd"], [(2, b"\n"), (5, b"\n")]),
        (b"ab\nab\nab", [b"ab", b"ab", b"ab"], [(2, b"\n"), (5, b"\n")]),
        (b"head\nab", [b"ab"], [(0, b"head\n")]),
        (b"aaaa", [b"a", b"a", b"aa"], []),
        (b"~a~a~b~", [b"~a~", b"~a~", b"~b~"], []),
        (b"<doc/>", [b"<doc/>", b"<doc/>"], []),
        (b"abc!ab", [b"abc", b"ab"], [(3, b"!")]),
        (b"ab\nb\n", [b"ab", b"b\n"], [(2, b"\n")]),
    ],
)
def test_what_stands_in_no_message_is_found(
    data: bytes, raws: list[bytes], gaps: list[tuple[int, bytes]]
) -> None:
    """Neighbours may share a flag, and alerts a document; equal ones are told apart."""
    assert gaps_of(data, raws) == [Gap(*gap) for gap in gaps]


@pytest.mark.parametrize("raws", [[b"x"], [b"cd", b"ab"], [b"abcd", b"e"]])
def test_bytes_that_did_not_come_are_told_of(raws: list[bytes]) -> None:
    """A message is made of what came, in the order in which it came."""
    with pytest.raises(NotInTheData):
        gaps_of(b"abcd", raws)


def test_coverage_counts_what_was_ever_filled(adapter_case: Callable[..., Trial]) -> None:
    """Each field of the kind's body is there, with the number of records that fill it."""
    coverage = Coverage()
    for one in adapter_case(Gauge, datum="吴淞").run(b"1001,3.21\n1002,0\n"):
        coverage.add(one.records)

    assert coverage.kinds() == [("water.level", 2)]
    counts = coverage.of("water.level")
    assert {path: count for path, count in counts.items() if count} == {
        "station_id": 2,
        "level_m": 2,
        "datum": 2,
    }
    assert counts["flow_m3_s"] == counts["measurements[].code"] == counts["series[].step"] == 0
