"""Cutting frames out of bytes, whatever the bytes, and undoing the cipher."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.sdk.message import Undecodable
from adapters.transport.jt809 import Cipher, Frame, Jt809Decoder
from adapters.transport.jt809.frame import escape, unescape
from tests.adapters.transport.jt809.jt809_frames import (
    SENT,
    message,
    only_frame,
    own_position,
    whole,
)

GOOD = message(0x1200, own_position(), edition="2019")
OTHER = message(0x1005)


def causes(raw: bytes) -> list[str]:
    """Name what the bytes became."""
    return ["frame" if isinstance(p, Frame) else p.cause for p in whole(raw)]


@pytest.mark.parametrize(
    ("plain", "escaped"), [("5b", "5a01"), ("5a", "5a02"), ("5d", "5e01"), ("5e", "5e02")]
)
def test_the_standards_escapes(plain: str, escaped: str) -> None:
    """Four bytes are escaped, by two others."""
    assert escape(bytes.fromhex(plain)) == bytes.fromhex(escaped)
    assert unescape(bytes.fromhex(escaped)) == bytes.fromhex(plain)


@given(st.binary(max_size=300) | st.lists(st.sampled_from(b"\x5a\x5b\x5d\x5e\x01\x02")).map(bytes))
def test_escapes_are_undone(data: bytes) -> None:
    """What was escaped holds no flag and comes back as it was."""
    assert b"\x5b" not in escape(data)
    assert b"\x5d" not in escape(data)
    assert unescape(escape(data)) == data


def test_headers_of_both_forms_are_read() -> None:
    """Since 2019 the time of sending stands at the header's end."""
    old, new = only_frame(OTHER), only_frame(GOOD)

    assert (old.type, old.serial, old.edition, old.sent) == (0x1005, 7, "2011", 0)
    assert (new.type, new.edition, new.sent) == (0x1200, "2019", SENT)
    assert new.body == own_position()


def test_a_login_of_user_0_is_not_taken_for_2019() -> None:
    """Its first four bytes are zeros as a time's are; its length tells."""
    frame = only_frame(message(0x1001, bytes(46)))

    assert (frame.edition, len(frame.body)) == ("2011", 46)


def test_a_wrong_crc_is_told_with_both_values() -> None:
    """The next frame is unharmed."""
    bad, good = whole(GOOD.replace(b"\x12\x00", b"\x12\x01", 1) + OTHER)

    assert isinstance(bad, Undecodable)
    assert bad.cause == "crc"
    assert isinstance(good, Frame)


def test_a_frame_that_is_cut_does_not_take_the_next_with_it() -> None:
    """It has no end flag, so both stand before one."""
    assert causes(GOOD[:40] + OTHER) == ["truncated", "frame"]


def test_bytes_between_frames_are_given() -> None:
    """They belong to none."""
    assert causes(b"\r\n" + OTHER + b"\r\n" + OTHER + b"\x5d") == [
        "garbage",
        "frame",
        "garbage",
        "frame",
        "garbage",
    ]


def test_a_begin_flag_within_a_frame_that_is_right_is_tolerated() -> None:
    """Length and CRC say that it is one; its sender does not escape 5B."""
    sent = message(0x1200, b"\xff[[" + bytes(20))

    assert only_frame(sent.replace(b"\x5a\x01", b"\x5b")).body == b"\xff[[" + bytes(20)


def test_end_flags_without_a_beginning_are_given_together() -> None:
    """A line that repeats one byte fills no quarantine with an entry for each."""
    decoder = Jt809Decoder(1000)
    frame = message(0x1005, b"")

    pieces = decoder.feed(b"]" * 2500 + frame) + decoder.close()

    given = [len(one.raw) for one in pieces if isinstance(one, Undecodable)]
    assert given == [1000, 1000, 500]
    assert isinstance(pieces[-1], Frame)


def test_endless_bytes_without_an_end_flag_are_given_in_bounded_pieces() -> None:
    """A sender of rubbish fills the quarantine, not the memory."""
    decoder = Jt809Decoder(300)
    pieces = [piece for _ in range(100) for piece in decoder.feed(b"x" * 100)]

    assert {len(piece.raw) for piece in pieces} == {300}
    assert sum(len(piece.raw) for piece in pieces) > 9_000


PARTS = st.sampled_from(
    [GOOD, OTHER, GOOD[1:], GOOD[:-1], GOOD[:30], b"\x5b", b"\x5d", b"\x5a", b"a" * 700]
)
BYTES = st.lists(PARTS | st.binary(max_size=30), max_size=7).map(b"".join)


@settings(max_examples=100)
@given(BYTES, st.data())
def test_how_bytes_are_cut_changes_nothing(raw: bytes, data: st.DataObject) -> None:
    """Any chunks give what one chunk gives, down to the raw bytes."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=12)))
    decoder = Jt809Decoder(400)
    pieces = []
    for start, end in itertools.pairwise([0, *cuts, len(raw)]):
        pieces += decoder.feed(raw[start:end])
    pieces += decoder.close()

    assert pieces == whole(raw, 400)


@settings(max_examples=100)
@given(BYTES)
def test_no_byte_is_lost(raw: bytes) -> None:
    """Every byte is in a frame or in something undecodable, in order."""
    assert b"".join(piece.raw for piece in whole(raw)) == raw


@given(st.binary(max_size=400))
def test_arbitrary_bytes_raise_nothing(raw: bytes) -> None:
    """A decoder meets anything and goes on: a frame afterwards is still found."""
    assert whole(raw + GOOD)[-1].raw == GOOD


@given(st.binary(max_size=200), st.sampled_from(["2011", "2019"]))
def test_what_was_framed_is_decoded(body: bytes, edition: str) -> None:
    """Frames come out as they were put in; only 2019 can carry a body that begins with zeros."""
    frame = only_frame(message(0x1300, b"\x13" + body, edition=edition))

    assert (frame.body, frame.edition) == (b"\x13" + body, edition)


WORDS = st.integers(0, 0xFFFFFFFF)


@given(st.binary(max_size=600), WORDS, st.builds(Cipher, m1=WORDS, ia1=WORDS, ic1=WORDS))
def test_the_cipher_is_its_own_inverse(data: bytes, key: int, cipher: Cipher) -> None:
    """Encrypting and decrypting are one, whatever the constants."""
    assert cipher.apply(cipher.apply(data, key), key) == data


@given(st.integers(1, 300), WORDS)
def test_a_body_does_not_depend_on_what_follows_it(size: int, key: int) -> None:
    """The stream of a short body begins as that of a long one."""
    cipher = Cipher(m1=30_000_000, ia1=20_000_000, ic1=20_000_000)

    assert cipher.apply(bytes(600), key).startswith(cipher.apply(bytes(size), key))
