"""The contract passes who keeps it, and tells who breaks it what is wrong."""

from collections.abc import Callable
from typing import Any

import pytest

from adapters.sdk import Adapter
from adapters.testing.contract import AdapterContract
from adapters.testing.trial import AdapterBroke
from tests.adapters.testing import gauges

TESTS = [name for name in dir(AdapterContract) if name.startswith("test_")]


def contract_of(kind: type[Adapter[Any, Any]]) -> AdapterContract:
    """Return the contract of a gauge."""

    class Contract(gauges.GaugeContract):
        adapter = kind

    return Contract()


@pytest.mark.parametrize("test", TESTS)
def test_who_keeps_it_passes(test: str) -> None:
    """Nothing is asked that a plain adapter of lines does not give."""
    run: Callable[[], None] = getattr(contract_of(gauges.Gauge), test)

    run()


@pytest.mark.parametrize(
    ("kind", "test", "said"),
    [
        (gauges.Forgetful, "test_every_byte_is_accounted_for", "is in no message and no filler"),
        (gauges.Impatient, "test_how_bytes_are_cut_changes_nothing", ""),
        (gauges.Raising, "test_any_bytes_become_records_or_a_reason", "UnicodeDecodeError at"),
        (gauges.Buggy, "test_any_bytes_become_records_or_a_reason", "ValueError at testing/gauges"),
        (gauges.Foreign, "test_good_samples_become_valid_records_of_the_agency", "police/"),
        (gauges.Restless, "test_a_resent_message_is_known_again", "new ids for"),
        (gauges.Confusing, "test_different_messages_are_told_apart", "have the same ids"),
        (gauges.Vague, "test_bad_samples_are_refused_with_the_field_named", "do not name 'level'"),
        (gauges.Stripping, "test_what_is_refused_can_be_tried_again_alone", "('mark', 'a line"),
        (gauges.Sulking, "test_answers_follow_what_became_of_the_message", "answered otherwise"),
        (gauges.Tonguetied, "test_answers_follow_what_became_of_the_message", "its answer raised"),
        (gauges.Hoarding, "test_memory_stays_bounded_on_endless_input", "without end it holds"),
    ],
)
def test_who_breaks_it_is_told_which_clause(
    kind: type[Adapter[Any, Any]], test: str, said: str
) -> None:
    """The sentence says what was wrong and with which bytes."""
    run: Callable[[], None] = getattr(contract_of(kind), test)

    with pytest.raises((AssertionError, AdapterBroke)) as caught:
        run()

    assert said in str(caught.value)


def test_a_sample_that_is_good_is_no_bad_one() -> None:
    """Samples on the wrong side are told of."""

    class Contract(gauges.GaugeContract):
        bad = {b"1001,3.21\n": "level"}  # noqa: RUF012 - typed in the contract

    with pytest.raises(AssertionError, match="was refused"):
        Contract().test_bad_samples_are_refused_with_the_field_named()


def test_one_good_sample_is_not_enough() -> None:
    """With one alone nothing can be told apart."""

    class Contract(gauges.GaugeContract):
        good = (b"1001,3.21\n",)

    with pytest.raises(AssertionError, match="two good samples"):
        Contract().test_different_messages_are_told_apart()
