"""Frames are found wherever they stand, and no byte is lost."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.sdk.message import Undecodable
from adapters.water.sl651 import Frame, Sl651Decoder
from tests.adapters.water.sl651.sl651_frames import (
    body,
    decoded,
    framed,
    only_frame,
    packets,
    picture,
    sealed,
)

LEVEL = framed(body("392300010490"))
NOISE = st.binary(max_size=40) | st.lists(
    st.sampled_from([b"\x7e", b"\x7e\x7e", b"\x02", b"\x16", b"\x00", LEVEL[:20], LEVEL[20:]]),
    max_size=8,
).map(b"".join)
PIECES = st.lists(
    NOISE
    | st.sampled_from([LEVEL, framed("0003240601120005", function="2F"), *packets("00" * 40, 9)])
    | st.sampled_from([LEVEL[:-1] + b"\x7e", LEVEL[:12] + b"\xff" + LEVEL[13:]]),
    max_size=10,
).map(b"".join)


def cut(raw: bytes, places: list[int]) -> list[bytes]:
    """Cut bytes at these places."""
    ends = sorted({place % (len(raw) + 1) for place in places} | {0, len(raw)})
    return [raw[first:last] for first, last in pairwise(ends)]


@settings(deadline=None)
@given(PIECES, st.lists(st.integers(0, 10_000), max_size=12))
def test_what_comes_out_does_not_depend_on_the_chunks(raw: bytes, places: list[int]) -> None:
    """The same bytes give the same messages, however the line cut them."""
    assert decoded(*cut(raw, places)) == decoded(raw)


@settings(deadline=None)
@given(st.lists(NOISE | st.just(LEVEL), max_size=10).map(b"".join))
def test_every_byte_is_in_a_message_or_reported(raw: bytes) -> None:
    """What is cut, put together again, is what came, but for line ends between frames."""
    told = b"".join(message.raw for message in decoded(raw))

    assert told.translate(None, b"\r\n") == raw.translate(None, b"\r\n")


@settings(deadline=None)
@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=5))
def test_arbitrary_bytes_raise_nothing(raw: bytes, places: list[int]) -> None:
    """Anything may come over a line."""
    found = decoded(*cut(raw, places))

    told = b"".join(message.raw for message in found)
    assert told.translate(None, b"\r\n") == raw.translate(None, b"\r\n")


def test_a_frame_comes_byte_by_byte() -> None:
    """A slow line changes nothing."""
    (frame,) = decoded(*(LEVEL[at : at + 1] for at in range(len(LEVEL))))

    assert isinstance(frame, Frame)
    assert frame.raw == LEVEL
    assert (frame.centre, frame.station, frame.function) == (1, "0063212345", 0x32)
    assert frame.password == b"\x12\x34"


def test_a_chunk_that_ends_with_half_a_mark_leaves_the_next_frame_whole() -> None:
    """A checksum may end with 7E, which is no beginning of the frame after it."""
    ending = next(
        raw
        for serial in range(1, 65536)
        if (raw := framed(body("392300010490", serial=serial))).endswith(b"\x7e")
    )

    assert [message.raw for message in decoded(ending, LEVEL)] == [ending, LEVEL]
    assert all(isinstance(message, Frame) for message in decoded(ending, LEVEL))


def test_a_length_that_is_too_long_costs_one_frame() -> None:
    """The frame that it swallows in part begins inside, and is found there."""
    for longer in range(1, len(LEVEL)):
        wrong = LEVEL[:12] + bytes((LEVEL[12] + longer,)) + LEVEL[13:]
        *bad, good = decoded(wrong + LEVEL)

        assert good.raw == LEVEL
        assert b"".join(message.raw for message in bad) == wrong


def test_a_length_that_is_too_short_costs_one_frame() -> None:
    """What follows the frame's supposed end is no frame."""
    wrong = LEVEL[:12] + bytes((LEVEL[12] - 3,)) + LEVEL[13:]

    found = decoded(wrong + LEVEL)

    assert [getattr(message, "cause", "frame") for message in found] == ["crc", "garbage", "frame"]


def test_a_frame_behind_a_frame_that_never_ends_is_found_when_the_line_goes_quiet() -> None:
    """The transport closes the decoder of a stalled line: what is whole in it comes out."""
    endless = LEVEL[:11] + b"\x0f\xff" + LEVEL[13:]
    decoder = Sl651Decoder()

    assert decoder.feed(endless + LEVEL) == []
    half, frame = decoder.close()

    assert isinstance(half, Undecodable)
    assert (half.cause, half.raw) == ("half", endless)
    assert isinstance(frame, Frame)
    assert decoder.close() == []


def test_a_mark_inside_a_body_begins_nothing() -> None:
    """Values may be 7E7E; the length says where the frame ends."""
    raw = framed(body("76107E7E"))

    assert only_frame(raw).raw == raw


def test_a_whole_frame_inside_a_body_is_part_of_it() -> None:
    """A station may quote another's frame."""
    raw = framed(body("F2F2" + LEVEL.hex()), function="35")

    assert only_frame(raw).raw == raw


@pytest.mark.parametrize("end", [b"\r\n", b"\n", b"\r\n\r\n"])
def test_a_modems_line_ends_are_nothing(end: bytes) -> None:
    """They would fill the quarantine, a pair for each report."""
    assert decoded((LEVEL + end) * 3) == decoded(LEVEL * 3)


def test_a_checksum_with_its_bytes_swapped_says_so() -> None:
    """It is what an installer gets wrong, and can put right."""
    (refused,) = decoded(LEVEL[:-2] + LEVEL[-1:] + LEVEL[-2:-1])

    assert isinstance(refused, Undecodable)
    assert "its bytes are swapped" in refused.reason


def test_garbage_before_a_frame_is_reported_with_the_frame() -> None:
    """Modems say their names first; that is no reason to lose the report."""
    garbage, frame = decoded(b"+CSQ: 21\r\n~" + LEVEL)

    assert isinstance(garbage, Undecodable)
    assert (garbage.cause, garbage.raw) == ("garbage", b"+CSQ: 21\r\n~")
    assert frame.raw == LEVEL


def test_endless_garbage_is_given_in_pieces_and_not_kept() -> None:
    """A sender of nothing but garbage fills no memory."""
    decoder = Sl651Decoder()

    found = [message for _ in range(64) for message in decoder.feed(b"\x7e\x00" * 4096)]

    assert {len(message.raw) for message in found} == {4096}
    assert len(decoder._run) + len(decoder._held) <= 4096 + 13


def test_the_longest_frame_is_taken() -> None:
    """The length has twelve bits (table 20)."""
    raw = framed("00" * 4095)

    assert only_frame(raw).raw == raw


def test_a_mark_without_a_start_character_says_what_was_expected() -> None:
    """The fourteenth byte is STX or SYN (table 11)."""
    (wrong,) = decoded(sealed("7E7E01006321234512343200080900"))

    assert isinstance(wrong, Undecodable)
    assert wrong.cause == "start"
    assert "09, expected 02 (STX) or 16 (SYN)" in wrong.reason


def test_a_frame_from_a_centre_is_refused() -> None:
    """Direction 8 is what centres send (table 20)."""
    (wrong,) = decoded(framed("0007240601120005", direction="8", end="06"))

    assert isinstance(wrong, Undecodable)
    assert wrong.cause == "direction"


def test_a_frame_with_another_end_is_refused() -> None:
    """Control characters end a frame (table 10)."""
    (wrong,) = decoded(framed("0007240601120005", end="09"))

    assert isinstance(wrong, Undecodable)
    assert "09, expected 03 (ETX) or 17 (ETB)" in wrong.reason


def test_a_wrong_checksum_is_reported_with_both_and_answered_by_nothing() -> None:
    """What is received invalid is not responded to (clause 6.3.1.2 b)."""
    (wrong,) = decoded(LEVEL[:-1] + bytes((LEVEL[-1] ^ 1,)))

    assert isinstance(wrong, Undecodable)
    assert f"calculated is {LEVEL[-2:].hex().upper()}" in wrong.reason
    assert wrong.answer == b""


@pytest.mark.parametrize("last", [0x7E, 0x01])
def test_a_damaged_frame_that_ends_like_a_beginning_is_one_piece(last: int) -> None:
    """Its last byte may begin a frame; when none follows, it belongs to what was damaged."""
    damaged = LEVEL[:-1] + bytes((last,))

    (alone,) = decoded(damaged)
    before, frame = decoded(damaged, LEVEL)

    assert (alone.raw, before.raw, frame.raw) == (damaged, damaged, LEVEL)


def test_both_forms_of_a_stations_address_are_read() -> None:
    """00 and eight digits, or a division and a number that is no BCD (clause 6.2.3.2)."""
    division = framed("0003240601120005", function="2F", station="40590235C2")

    assert only_frame(LEVEL).station == "0063212345"
    assert only_frame(division).station == "40590235C2"


def test_packets_between_frames_do_not_disturb_them() -> None:
    """A station may report while it sends a picture."""
    first, *rest = packets(picture(b"\xff\xd8" + bytes(40) + b"\xff\xd9"), 20)

    report, whole = decoded(first, LEVEL, *rest)

    assert report.raw == LEVEL
    assert isinstance(whole, Frame)
    assert whole.packets == 1 + len(rest)
