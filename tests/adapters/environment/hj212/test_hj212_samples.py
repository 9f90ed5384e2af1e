"""Frames that were published elsewhere, against an independent reading of them."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.environment.hj212 import Frame
from adapters.environment.hj212.segment import pairs
from adapters.sdk.errors import Untranslatable
from adapters.sdk.message import Undecodable
from tests.adapters.environment.hj212.hj212_frames import adapter

ROOT = Path(__file__).parents[4]
FEEDS = Path(os.environ.get("LIANDONG_FEEDS", ROOT.parent / "shared" / "feeds"))
SAMPLES = FEEDS / "hj212"

pytestmark = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason=f"no samples at {SAMPLES}; LIANDONG_FEEDS says where they are"
)


Tell = Callable[[str], None]


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Tell:
    """Return what prints a line past pytest's capture: the counts are to be seen."""

    def say(line: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"{line}\n")

    return say


def test_every_sample_agrees_with_the_independent_reading(tell: Tell) -> None:
    """Right frames carry the same items; wrong ones are undecodable for the same reason.

    The independent reading keeps stray commas and the case of names in the head; here
    they are read for what they mean.
    """
    expected: dict[str, list[dict[str, Any]]] = json.loads((SAMPLES / "expected.json").read_text())
    good = bad = 0
    for name, readings in expected.items():
        decoder = adapter().decoder()
        pieces = decoder.feed((SAMPLES / name).read_bytes()) + decoder.close()
        assert len(pieces) == len(readings), name
        for piece, reading in zip(pieces, readings, strict=True):
            if not (reading["len_ok"] and reading["crc_ok"]):
                assert isinstance(piece, Undecodable)
                assert piece.cause == ("crc" if reading["len_ok"] else "length")
                bad += 1
                continue
            assert isinstance(piece, Frame), piece
            good += 1
            items = [pair for item in reading["cp"] for pair in item.items()]
            assert list(pairs(piece.segment.parameters)) == items
            head = {key.strip(",").upper(): value for key, value in reading["head"].items()}
            assert piece.segment.mn == head["MN"]
            assert piece.segment.cn == head["CN"]
            assert piece.segment.flag == int(head.get("FLAG", 0))
    tell(f"\nhj212 samples: {good} frames, {bad} undecodable, none lost")


def test_every_good_sample_becomes_a_record(tell: Tell) -> None:
    """All of them are readings; each value that is a number is a measurement's."""
    records = refused = 0
    for path in sorted(SAMPLES.glob("*.txt")):
        hj212 = adapter()
        decoder = hj212.decoder()
        for piece in decoder.feed(path.read_bytes()) + decoder.close():
            if isinstance(piece, Frame):
                try:
                    records += len(list(hj212.translate(piece)))
                except Untranslatable:
                    refused += 1
    tell(f"\nhj212 samples: {records} records, {refused} refused")
    assert records == 14
    assert refused == 0
