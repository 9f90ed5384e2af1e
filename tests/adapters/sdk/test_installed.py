"""Adapters and responders of third parties: what is wrong with one is told by its name."""

import sys
from pathlib import Path

import pytest

from adapters.sdk.errors import FeedMisconfigured, ResponderMisconfigured
from adapters.sdk.feed import FeedConfig
from adapters.sdk.records import OwnRecords
from adapters.sdk.registry import adapter_of
from adapters.sdk.responder import ResponderConfig, responder_of
from tests.adapters.sdk.packages import install


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder from which packages are imported."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def feed(adapter: str) -> FeedConfig:
    """Return a feed of an adapter."""
    return FeedConfig(id="water.some", adapter=adapter, agency="water", source="tcp://h:1")


def test_an_adapter_that_cannot_be_imported_is_named_with_its_line(packages: Path) -> None:
    """Whoever wrote it must find the line; the words hold nothing that a feed sent."""
    entries = "[liandong.adapters]\nwater/broken = broken_bureau:Broken\n"
    install(packages, "broken_bureau", entries, "x = 1\nraise TypeError('no default')\n")

    with pytest.raises(FeedMisconfigured) as caught:
        adapter_of(feed("water/broken"))

    said = str(caught.value)
    assert "the adapter 'water/broken', broken_bureau:Broken, cannot be imported" in said
    assert "TypeError at" in said
    assert "broken_bureau.py:2: no default" in said
    assert "broken_bureau" not in sys.modules


def test_a_responder_whose_class_is_not_there_is_named(packages: Path) -> None:
    """A name mistyped in an entry point is the most frequent mistake."""
    entries = "[liandong.responders]\nwater/gone = gone_bureau:Wrad\n"
    install(packages, "gone_bureau", entries, "class Ward: ...\n")
    config = ResponderConfig(id="water.gone", responder="water/gone", agency="water")

    with pytest.raises(ResponderMisconfigured, match="gone_bureau:Wrad, cannot be imported"):
        responder_of(config, OwnRecords())


def test_two_packages_of_one_name_are_told(packages: Path) -> None:
    """Which of them would run is nobody's choice."""
    for package in ("one_bureau", "other_bureau"):
        entries = f"[liandong.adapters]\nwater/twice = {package}:Twice\n"
        install(packages, package, entries, "")

    with pytest.raises(FeedMisconfigured, match="one_bureau:Twice and other_bureau:Twice"):
        adapter_of(feed("water/twice"))
