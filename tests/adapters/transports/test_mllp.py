"""Blocks of MLLP: whole, broken off, too large, or none at all."""

import itertools
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sdk import Message, Undecodable
from adapters.sdk.adapter import Outcome
from adapters.sdk.feed import FeedConfig
from adapters.transports.mllp import Mllp, MllpDecoder
from tests.adapters.transports.stage import Stage, StageLine, StageOptions, reading

MAX_BLOCK = 200
START, END = b"\x0b", b"\x1c\r"


def stage() -> Stage:
    """Return an adapter."""
    feed = FeedConfig(id="water.stage", adapter="water/stage", agency="water", source="mllp://x:1")
    return Stage(feed, StageOptions())


def fed(decoder: MllpDecoder, chunks: Sequence[bytes]) -> list[Message | Undecodable]:
    """Feed chunks and close."""
    pieces = [piece for chunk in chunks for piece in decoder.feed(chunk)]
    return [*pieces, *decoder.close()]


def cut(content: bytes, places: Sequence[int]) -> list[bytes]:
    """Cut bytes at places."""
    ends = [0, *sorted(place % (len(content) + 1) for place in places), len(content)]
    return [content[start:end] for start, end in itertools.pairwise(ends)]


def raws(pieces: Sequence[Message | Undecodable]) -> list[tuple[str, bytes]]:
    """Return what each piece is, and its bytes."""
    return [(piece.cause if isinstance(piece, Undecodable) else "", piece.raw) for piece in pieces]


LINES = st.lists(
    st.binary(min_size=1, max_size=MAX_BLOCK).filter(
        lambda line: not any(byte in line for byte in (b"\x0b", b"\x1c", b"\n"))
    ),
    max_size=5,
)


@given(LINES, st.lists(st.integers(min_value=0), max_size=8))
def test_blocks_are_found_however_they_are_cut(lines: list[bytes], places: list[int]) -> None:
    """What is decoded depends on the bytes, not on how they came."""
    content = b"".join(START + line + END for line in lines)

    pieces = fed(MllpDecoder(stage(), MAX_BLOCK), cut(content, places))

    assert pieces == [StageLine(line) for line in lines]


@given(st.lists(st.one_of(st.binary(max_size=600), st.sampled_from([START, END, b"\x1c"]))))
def test_arbitrary_bytes_do_no_harm_and_little_is_held(chunks: list[bytes]) -> None:
    """No exception, and no more in memory than a block, whatever comes."""
    decoder = MllpDecoder(stage(), MAX_BLOCK)
    for chunk in chunks:
        decoder.feed(chunk)
        assert len(decoder._held) <= 4096 + MAX_BLOCK
    decoder.close()
    assert not decoder._held


@given(
    st.lists(st.one_of(st.binary(max_size=300), st.sampled_from([START, END, b"\x1c"]))),
    st.lists(st.integers(min_value=0), max_size=8),
)
def test_what_arbitrary_bytes_become_does_not_depend_on_chunks(
    parts: list[bytes], places: list[int]
) -> None:
    """Noise, broken and oversized blocks are the same pieces, however they were cut."""
    content = b"".join(parts)

    whole = fed(MllpDecoder(stage(), MAX_BLOCK), [content])
    pieces = fed(MllpDecoder(stage(), MAX_BLOCK), cut(content, places))

    assert raws(pieces) == raws(whole)


def test_bytes_outside_blocks_are_given_with_the_reason() -> None:
    """Line ends between blocks are let be; all else is noise."""
    content = b"hello" + START + b"one" + END + b"\r\n" + START + b"two" + END

    pieces = fed(MllpDecoder(stage(), MAX_BLOCK), [content])

    assert raws(pieces) == [("framing", b"hello"), ("", b"one"), ("", b"two")]


def test_a_block_that_another_interrupts_is_truncated() -> None:
    """A sender that begins anew has given up the block before."""
    pieces = fed(MllpDecoder(stage(), MAX_BLOCK), [START + b"half" + START + b"one" + END])

    assert raws(pieces) == [("truncated", b"half"), ("", b"one")]


def test_a_block_without_an_end_is_truncated() -> None:
    """The connection ends first."""
    pieces = fed(MllpDecoder(stage(), MAX_BLOCK), [START + b"half"])

    assert raws(pieces) == [("truncated", b"half")]


@pytest.mark.parametrize("size", [MAX_BLOCK + 1, 10 * MAX_BLOCK])
def test_of_a_block_too_large_the_head_is_kept_and_the_next_is_read(size: int) -> None:
    """The rest of it is passed over."""
    content = START + b"x" * size + END + START + b"one" + END

    pieces = fed(MllpDecoder(stage(), MAX_BLOCK), [content])

    assert raws(pieces) == [("too_large", b"x" * MAX_BLOCK), ("", b"one")]


def test_answers_are_blocks_and_no_answer_is_none() -> None:
    """Also what a faulty piece is answered is wrapped."""
    mllp = Mllp(stage(), MAX_BLOCK)

    assert mllp.answer(StageLine(reading("a")), Outcome.STORED) == START + b"stored\n" + END
    faulty = Undecodable(b"x", "cause", "reason", b"NAK")
    assert mllp.answer(faulty, Outcome.QUARANTINED) == START + b"NAK" + END
    silent = Undecodable(b"x", "cause", "reason")
    assert mllp.answer(silent, Outcome.QUARANTINED) == b""
