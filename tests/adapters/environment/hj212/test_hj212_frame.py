"""Cutting frames out of bytes, whatever the bytes."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.environment.hj212 import Frame, Hj212Decoder, checksum, framed
from adapters.sdk.message import Undecodable
from tests.adapters.environment.hj212.hj212_frames import MN, segment, upload, whole

GOOD = upload("a34004-Rtd=31.5,a34004-Flag=N")
BODY = GOOD.rstrip(b"\r\n")


def causes(raw: bytes) -> list[str]:
    """Name what the bytes became."""
    return ["frame" if isinstance(p, Frame) else p.cause for p in whole(raw)]


def test_a_frame_is_given_without_its_line_end() -> None:
    """The raw bytes of a frame end with its check value, so they do not depend on chunks."""
    assert [piece.raw for piece in whole(GOOD)] == [BODY]


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"", b"\r\n\r\n"])
def test_frames_follow_each_other_with_any_line_end(end: bytes) -> None:
    """CR LF is the standard's; LF alone, none and two occur."""
    assert causes((BODY + end) * 3) == ["frame"] * 3


def test_a_check_value_in_lower_case_is_right() -> None:
    """Both cases occur; the standard has upper case."""
    assert causes(BODY[:-4] + BODY[-4:].lower() + b"\r\n") == ["frame"]


def test_a_length_of_three_digits_is_taken() -> None:
    """Some loggers of 2005 write no leading zero."""
    assert causes(b"##" + GOOD[3:]) == ["frame"]


def test_a_wrong_check_value_is_told_with_both_values() -> None:
    """A person sees what the frame said and what is true; the next frame is unharmed."""
    damaged, good = whole(GOOD.replace(b"31.5", b"31.6") + GOOD)

    assert isinstance(damaged, Undecodable)
    assert damaged.cause == "crc"
    assert f"{checksum(BODY[6:-4].replace(b'31.5', b'31.6')):04X}" in damaged.reason
    assert BODY[-4:].decode() in damaged.reason
    assert damaged.answer == b""
    assert isinstance(good, Frame)


@pytest.mark.parametrize("said", [b"0001", b"0100", b"0199", b"0900"])
def test_a_wrong_length_costs_one_frame_only(said: bytes) -> None:
    """The frame's real end is its && and check value; what follows is read as usual."""
    assert causes(b"##" + said + GOOD[6:] + GOOD) == ["length", "frame"]


def test_a_length_beyond_the_limit_costs_one_frame_only() -> None:
    """A length field of 9999 makes nobody wait for 9,999 bytes."""
    assert causes(b"##9999" + GOOD[6:] + GOOD) == ["oversized", "frame"]


def test_half_a_frame_ends_where_the_next_begins() -> None:
    """What was cut off is given with its bytes, and the next frame is whole."""
    half, good = whole(BODY[:60] + GOOD)

    assert (half.raw, half.cause) == (BODY[:60], "truncated")  # type: ignore[union-attr]
    assert good.raw == BODY


def test_half_a_frame_at_the_end_is_given_when_the_connection_closes() -> None:
    """Nothing is lost with the connection."""
    decoder = Hj212Decoder()

    assert decoder.feed(BODY[:60]) == []
    (half,) = decoder.close()
    assert half.raw == BODY[:60]


def test_garbage_between_frames_is_given_in_one_piece() -> None:
    """Bytes of no frame are told apart from the frames around them."""
    assert causes(GOOD + b"hello # world \x00\xff" + GOOD) == ["frame", "garbage", "frame"]


def test_endless_garbage_is_given_in_bounded_pieces() -> None:
    """A sender of rubbish fills the quarantine, not the memory."""
    decoder = Hj212Decoder()
    pieces = [piece for _ in range(100) for piece in decoder.feed(b"x" * 1000)]

    assert {len(piece.raw) for piece in pieces} == {4096}
    assert sum(len(piece.raw) for piece in pieces) > 90_000


def test_a_segment_without_parameters_is_no_message() -> None:
    """The check value may be right and the shape still wrong; the reason says which."""
    (piece,) = whole(framed("QN=20240601120001000;ST=22;CN=2011"))

    assert isinstance(piece, Undecodable)
    assert piece.cause == "segment"
    assert "CP=&&" in piece.reason


def test_text_in_gb18030_is_read() -> None:
    """Old loggers write Chinese in GB18030; the standard asks for UTF-8."""
    text = segment("i11001-Info=正常").encode("gb18030")
    (piece,) = whole(b"##%04d%b%04X\r\n" % (len(text), text, checksum(text)))

    assert isinstance(piece, Frame)
    assert piece.segment.parameters == "i11001-Info=正常"


def test_text_in_no_known_encoding_is_refused() -> None:
    """Characters are never replaced silently."""
    text = segment("a=").encode().replace(b"a=", b"a=\xff\xff")
    (piece,) = whole(b"##%04d%b%04X\r\n" % (len(text), text, checksum(text)))

    assert isinstance(piece, Undecodable)
    assert "GB18030" in piece.reason


PARTS = st.sampled_from(
    [
        GOOD,
        BODY,
        BODY[:40],
        BODY[30:],
        BODY[2:],
        GOOD.replace(b"31.5", b"31.6"),
        b"##0001" + GOOD[6:],
        b"##0200" + GOOD[6:],
        b"##" + GOOD[3:],
        b"##9999",
        b"##0101",
        b"##",
        b"#",
        b"CP=&&",
        b"&&1C80",
        b"\r\n",
        b"\x00" * 300,
        b"a" * 5000,
    ]
)
BYTES = st.lists(PARTS | st.binary(max_size=30), max_size=7).map(b"".join)


def without_line_ends(data: bytes) -> bytes:
    """Drop what may be passed over."""
    return data.translate(None, b"\r\n")


@settings(max_examples=60)
@given(BYTES, st.data())
def test_how_bytes_are_cut_changes_nothing(raw: bytes, data: st.DataObject) -> None:
    """Any chunks give what one chunk gives, down to the raw bytes."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=12)))
    decoder = Hj212Decoder(600)
    pieces = []
    for start, end in itertools.pairwise([0, *cuts, len(raw)]):
        pieces += decoder.feed(raw[start:end])
    pieces += decoder.close()

    assert pieces == whole(raw, longest_segment=600)


@settings(max_examples=60)
@given(BYTES)
def test_no_byte_is_lost(raw: bytes) -> None:
    """Every byte but line ends is in a frame or in something undecodable, in order."""
    given_back = b"".join(piece.raw for piece in whole(raw))

    assert without_line_ends(given_back) == without_line_ends(raw)


@given(st.binary(max_size=400))
def test_arbitrary_bytes_raise_nothing(raw: bytes) -> None:
    """A decoder meets anything and goes on: a frame afterwards is still found."""
    pieces = whole(raw + b"\r\n" + GOOD)

    assert BODY in [piece.raw for piece in pieces]


VALUES = st.floats(allow_nan=False, allow_infinity=False, width=32)
TITLES = st.text(st.characters(exclude_characters="&;=,#\r\n", codec="utf-8"), max_size=8)


@given(st.lists(st.tuples(VALUES, TITLES), max_size=6), st.integers(0, 9))
def test_what_was_framed_is_decoded(values: list[tuple[float, str]], count: int) -> None:
    """Frames come out as they were put in."""
    items = ";".join(f"a{n:05d}-Rtd={v},a{n:05d}-Info={t}" for n, (v, t) in enumerate(values))
    frames = [framed(segment(items, mn=f"{MN[:-1]}{number}")) for number in range(count)]

    pieces = whole(b"".join(frames))

    assert [piece.raw + b"\r\n" for piece in pieces] == frames
    assert {piece.segment.parameters for piece in pieces} <= {items}  # type: ignore[union-attr]
