"""EDXL-DE's word on what it carries is found and understood."""

from xml.etree.ElementTree import fromstring

import pytest

from adapters.sdk.distribution import distribution_status, status_of
from adapters.sdk.errors import Untranslatable
from liandong.record.v1.record_pb2 import STATUS_ACTUAL, STATUS_EXERCISE, STATUS_TEST


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("", ""),
        ("<distributionStatus/>", ""),
        ("<distributionStatus> Test </distributionStatus>", "Test"),
        ("<distributionStatus><x> Test </x> </distributionStatus>", "Test"),
        ("<distributionStatus><x>urn:list</x><y>Test</y></distributionStatus>", "Test"),
    ],
)
def test_the_word_is_found_in_either_version(said: str, word: str) -> None:
    """1.0 has it in the element, 2.0 in a child."""
    assert distribution_status(fromstring(f"<d>{said}</d>").iter()) == word


@pytest.mark.parametrize(
    ("word", "status"),
    [("", STATUS_ACTUAL), ("EXERCISE", STATUS_EXERCISE), ("System", STATUS_TEST)],
)
def test_the_word_says_whether_it_is_real(word: str, status: int) -> None:
    """Case is forgiven; without an envelope it is real."""
    assert status_of(word) == status


def test_another_word_is_refused() -> None:
    """Nobody guesses whether it is real."""
    with pytest.raises(Untranslatable, match="Rehearsal"):
        status_of("Rehearsal")
