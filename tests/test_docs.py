"""What the documents print runs as it stands."""

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sdk.adapter import Adapter
from adapters.sdk.feed import FeedConfig
from adapters.sdk.message import Undecodable
from adapters.sdk.translation import BUG, Translation
from gateway.agreement import Agreement
from gateway.agreements_file import read_agreements

DOCS = Path(__file__).parents[1] / "docs"


def printed(name: str) -> Any:
    """Return what the integrators' page prints under a name."""
    page = (DOCS / "integrators.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    source = next(block for block in blocks if f"class {name}" in block)
    names: dict[str, object] = {"__name__": "bureau.printed"}
    exec(compile(source, "integrators.md", "exec"), names)
    return names[name]


def river_stage() -> Adapter[Any, Any]:
    """Make the adapter that the integrators' page prints."""
    kind = printed("RiverStage")
    feed = FeedConfig(
        id="river", adapter="water/river_stage", agency="water", source="tcp://127.0.0.1:0"
    )
    return kind(feed, kind.options_type())  # type: ignore[no-any-return]


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


def framed(body: bytes) -> bytes:
    """Return a frame as the printed decoder cuts it."""
    frame = b"\xa5\x5a" + len(body).to_bytes(2, "big") + body
    return frame + bytes([-sum(frame) % 256])


@given(st.data())
def test_the_printed_decoder_of_frames_gives_the_same_however_it_is_cut(
    data: st.DataObject,
) -> None:
    """Junk too: its pieces, every byte once, none larger than a piece or a frame."""
    bits = st.sampled_from((b"\xa5", b"\xa5\x5a", b"\xa5\x5a\x00", b"\x00" * 3000, framed(b"ab")))
    raw = b"".join(data.draw(st.lists(st.one_of(bits, st.binary(max_size=8)), max_size=12)))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=6)))
    whole, cut = printed("Frames")(), printed("Frames")()

    pieces = [*whole.feed(raw), *whole.close()]
    chunks = [raw[a:b] for a, b in pairwise([0, *cuts, len(raw)])]
    again = [piece for chunk in chunks for piece in cut.feed(chunk)] + cut.close()

    assert [(type(one).__name__, one.raw) for one in pieces] == [
        (type(one).__name__, one.raw) for one in again
    ]
    assert b"".join(one.raw for one in pieces) == raw
    assert max((len(one.raw) for one in pieces), default=0) <= 1029


def test_the_printed_decoder_finds_frames_among_junk() -> None:
    """One that is damaged costs itself alone."""
    good, bad = framed(b"one"), framed(b"two")[:-1] + b"\x00"

    pieces = printed("Frames")().feed(b"??" + good + bad + good)

    assert [one.raw for one in pieces if not isinstance(one, Undecodable)] == [good, good]
    assert [one.raw for one in pieces if isinstance(one, Undecodable)] == [b"??", bad]
