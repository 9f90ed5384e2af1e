"""Cutting frames out of bytes, whatever the bytes."""

import itertools
from functools import reduce
from operator import xor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.sdk.message import Undecodable
from adapters.transport.jt808 import Frame, Jt808Decoder, check_code
from adapters.transport.jt808.frame import LONGEST, escape, unescape
from tests.adapters.transport.jt808.jt808_frames import (
    NOON,
    closed,
    message,
    only_frame,
    position,
    whole,
)

GOOD = message(0x0200, position())
OTHER = message(0x0002, serial=8, version=1)


def causes(raw: bytes) -> list[str]:
    """Name what the bytes became."""
    return ["frame" if isinstance(p, Frame) else p.cause for p in whole(raw)]


def test_the_standards_example_of_escapes() -> None:
    """30 7E 08 7D 55 is sent as 30 7D 02 08 7D 01 55 (JT/T 808-2019, 4.4.2)."""
    assert escape(bytes.fromhex("307e087d55")) == bytes.fromhex("307d02087d0155")
    assert unescape(bytes.fromhex("307d02087d0155")) == bytes.fromhex("307e087d55")


def test_a_7d_before_a_02_survives() -> None:
    """Escapes undone in the wrong order would turn 7D 02 into 7E."""
    frame = only_frame(message(0x0900, b"\xf0\x7d\x02\x7d\x01\x7e"))

    assert frame.body == b"\xf0\x7d\x02\x7d\x01\x7e"


@given(st.binary(max_size=1100))
def test_escapes_are_undone(data: bytes) -> None:
    """What was escaped holds no flag and comes back as it was."""
    assert b"\x7e" not in escape(data)
    assert unescape(escape(data)) == data


@given(st.binary(min_size=1, max_size=2100))
def test_the_check_code_is_the_exclusive_or_of_all_bytes(data: bytes) -> None:
    """Folding one large number gives what a loop over the bytes gives."""
    assert check_code(data) == reduce(xor, data)


def test_headers_of_both_forms_are_read() -> None:
    """Since 2019 bit 14 announces a version and a phone number of 20 digits."""
    old, new = only_frame(GOOD), only_frame(OTHER)

    assert (old.id, old.serial, old.phone, old.edition) == (0x200, 7, "13812345678", "2011/2013")
    assert (new.id, new.serial, new.phone, new.edition) == (2, 8, "13812345678", "2019")


@pytest.mark.parametrize("between", [b"", b"\x7e", b"\x7e\x7e"])
def test_frames_follow_each_other_with_any_flags(between: bytes) -> None:
    """Neighbours may share a flag, and flags may be repeated."""
    assert causes(GOOD[:-1] + between + GOOD) == ["frame", "frame"]


def test_a_wrong_check_code_is_told_with_both_values() -> None:
    """A person sees what the frame said and what is true; the next frame is unharmed."""
    damaged = GOOD.replace(bytes.fromhex(NOON), bytes.fromhex("240601120001"))
    bad, good = whole(damaged + GOOD)

    assert isinstance(bad, Undecodable)
    assert (bad.cause, bad.raw, bad.answer) == ("check", damaged, b"")
    assert f"{GOOD[-2]:02X}" in bad.reason
    assert f"{GOOD[-2] ^ 1:02X}" in bad.reason
    assert isinstance(good, Frame)


@pytest.mark.parametrize("change", [-1, 1])
def test_a_body_of_another_length_than_the_headers_is_refused(change: int) -> None:
    """With a right check code it is the sender that is wrong, and the reason says so."""
    header = bytes.fromhex("02000000013812345678") + b"\x00\x07"
    body = position()
    length = (len(body) + change).to_bytes(2, "big")
    (bad,) = whole(closed(header[:2] + length + header[4:] + body))

    assert isinstance(bad, Undecodable)
    assert bad.cause == "length"
    assert f"{len(body) + change} bytes; it has {len(body)}" in bad.reason


@pytest.mark.parametrize("properties", ["4000", "2000", "6000"])
def test_a_header_that_is_cut_is_refused(properties: str) -> None:
    """Bits 13 and 14 announce more header than there is."""
    assert causes(closed(bytes.fromhex(f"0002{properties}0138123456780007"))) == ["length"]


def test_half_a_frame_ends_where_the_next_begins() -> None:
    """What was cut off is given with its bytes, and the next frame is whole."""
    assert causes(GOOD[:20] + GOOD) == ["check", "frame"]


def test_half_a_frame_at_the_end_is_given_when_the_connection_closes() -> None:
    """Nothing is lost with the connection."""
    decoder = Jt808Decoder()

    assert decoder.feed(GOOD[:20]) == []
    (half,) = decoder.close()
    assert (half.raw, half.cause) == (GOOD[:20], "truncated")  # type: ignore[union-attr]


def test_endless_bytes_without_a_flag_are_given_in_bounded_pieces() -> None:
    """A sender of rubbish fills the quarantine, not the memory."""
    decoder = Jt808Decoder()
    pieces = [piece for _ in range(100) for piece in decoder.feed(b"x" * 1000)]

    assert {len(piece.raw) for piece in pieces} == {LONGEST}
    assert sum(len(piece.raw) for piece in pieces) > 90_000
    assert decoder.feed(b"\x7e" + GOOD)[-1].raw == GOOD


PARTS = st.sampled_from(
    [
        GOOD,
        OTHER,
        GOOD[1:],
        GOOD[:-1],
        GOOD[:30],
        b"\x7e",
        b"\x7d",
        b"\x7e\x7e",
        b"\x00" * 15,
        b"a" * 2500,
        b"a" * LONGEST,
    ]
)
BYTES = st.lists(PARTS | st.binary(max_size=30), max_size=7).map(b"".join)


@settings(max_examples=100)
@given(BYTES, st.data())
def test_how_bytes_are_cut_changes_nothing(raw: bytes, data: st.DataObject) -> None:
    """Any chunks give what one chunk gives, down to the raw bytes."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=12)))
    decoder = Jt808Decoder()
    pieces = []
    for start, end in itertools.pairwise([0, *cuts, len(raw)]):
        pieces += decoder.feed(raw[start:end])
    pieces += decoder.close()

    assert pieces == whole(raw)


@settings(max_examples=100)
@given(BYTES)
def test_no_byte_is_lost(raw: bytes) -> None:
    """Every byte but flags is in a frame or in something undecodable, in order."""
    given_back = b"".join(piece.raw for piece in whole(raw))

    assert given_back.replace(b"\x7e", b"") == raw.replace(b"\x7e", b"")


@given(st.binary(max_size=400))
def test_arbitrary_bytes_raise_nothing(raw: bytes) -> None:
    """A decoder meets anything and goes on: a frame afterwards is still found."""
    assert whole(raw + GOOD)[-1].raw == GOOD


@given(st.binary(max_size=1023), st.integers(0, 0x7FFF), st.sampled_from([-1, 0, 1]))
def test_what_was_framed_is_decoded(body: bytes, message_id: int, version: int) -> None:
    """Frames come out as they were put in."""
    frame = only_frame(message(message_id, body, version=version))

    assert (frame.id, frame.body, frame.version) == (message_id, body, version)
