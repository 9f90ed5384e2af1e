"""What the documents print runs as it stands."""

import re
from pathlib import Path

import pytest

from adapters.sdk.adapter import Adapter
from adapters.sdk.feed import FeedConfig
from adapters.sdk.message import Undecodable
from adapters.sdk.translation import BUG, Translation
from gateway.agreement import Agreement
from gateway.agreements_file import read_agreements

DOCS = Path(__file__).parents[1] / "docs"


def river_stage() -> Adapter:
    """Make the adapter that the integrators' page prints."""
    page = (DOCS / "integrators.md").read_text()
    source = next(block for block in re.findall(r"```python\n(.*?)```", page, re.DOTALL))
    names: dict[str, object] = {"__name__": "bureau.river_stage"}
    exec(compile(source, "integrators.md", "exec"), names)
    kind = names["RiverStage"]
    feed = FeedConfig(
        id="river", adapter="water/river_stage", agency="water", source="tcp://127.0.0.1:0"
    )
    return kind(feed, kind.options_type())  # type: ignore[operator]


def test_the_printed_agreement_can_be_put_in_force(tmp_path: Path) -> None:
    """Every key that there is, in one agreement."""
    page = (DOCS / "operations.md").read_text()
    source = next(block for block in re.findall(r"```toml\n(.*?)```", page, re.DOTALL))
    file = tmp_path / "agreements.toml"
    file.write_text(source)

    (terms,) = read_agreements(file)

    assert set(re.findall(r"^(\w+) =", source, re.MULTILINE)) == set(Agreement.__struct_fields__)
    assert terms.grace_ns == 7_200_000_000_000


def test_the_printed_adapter_makes_records() -> None:
    """A line is a level of its station."""
    adapter = river_stage()
    (line,) = adapter.decoder().feed(b"0012345678,1750000000,8.25\n")

    (one,), refused = Translation(adapter).of(line)

    assert refused is None
    assert one.record.name == "water/water.level/0012345678"
    assert one.record.water_level.level_m == 8.25


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (b"x,1750000000,abc\n", "metres"),
        (b"x,1750000000,nan\n", "metres"),
        (b"x,1750000000,1_0\n", "metres"),
        ("x,1750000000,١٢\n".encode(), "metres"),
        (b"x,17_50000000,1\n", "seconds"),
        (b"x,4294967295,1\n", "seconds"),
        (b"x,9999999999,1\n", "seconds"),
        (b"\x00,1750000000,1\n", "the id of the water.level"),
        (b"x,yesterday,1\n", "seconds"),
        (b"x,1750000000\n", "line"),
        ("站,1750000000\n".encode(), "line"),
    ],
)
def test_the_printed_adapter_refuses_in_words(line: bytes, field: str) -> None:
    """Bad input is the sender's fault and says so; it is no bug of the adapter."""
    adapter = river_stage()
    (message,) = adapter.decoder().feed(line)

    _, refused = Translation(adapter).of(message)

    assert isinstance(refused, Undecodable)
    assert refused.cause != BUG
    assert field in refused.reason
