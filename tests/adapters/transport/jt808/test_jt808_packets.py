"""Split messages: each packet a record, the whole put together, gaps asked for."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sdk.adapter import Outcome, Translated
from adapters.sdk.errors import Untranslatable
from adapters.transport.jt808 import Jt808
from tests.adapters.transport.jt808.jt808_frames import (
    adapter,
    only_frame,
    packet,
    position,
    said,
    unescaped,
)

ITEMS = [position(time=f"2406011200{second:02d}") for second in range(10)]
BATCH = b"\x00\x0a\x00" + b"".join(len(one).to_bytes(2, "big") + one for one in ITEMS)


def packets(body: bytes = BATCH, size: int = 100, message_id: int = 0x0704) -> list[bytes]:
    """Split a body into frames."""
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return [packet(message_id, part, n, len(parts)) for n, part in enumerate(parts, 1)]


def take(jt808: Jt808, raw: bytes) -> list[Translated]:
    """Translate a frame."""
    return list(jt808.translate(only_frame(raw)))


def test_the_last_packet_gives_the_records_of_the_whole() -> None:
    """Every packet is a record by itself; nothing waits in memory to be stored."""
    jt808, frames = adapter(), packets()

    taken = [take(jt808, frame) for frame in frames]

    assert [len(records) for records in taken] == [1, 1, 1, 11]
    assert said(taken[0][0].record) == {"packet": "1/4", "content": BATCH[:100].hex().upper()}
    kinds = {one.record.name.split("/")[1] for one in taken[-1][1:]}
    assert kinds == {"traffic.vehicle"}


@given(st.permutations(range(4)), st.lists(st.integers(0, 3), max_size=4))
def test_order_and_repeats_change_nothing(order: list[int], again: list[int]) -> None:
    """The same records with the same ids come out, whichever packet completes the whole."""
    frames, in_order = packets(), adapter()
    expected = {one.message_id for frame in frames for one in take(in_order, frame)}
    jt808 = adapter()

    seen = {one.message_id for number in [*order, *again] for one in take(jt808, frames[number])}

    assert seen == expected


def test_serial_numbers_may_begin_again_within_a_message() -> None:
    """They are 16 bits wide."""
    frames = [
        packet(0x0704, BATCH[at : at + 200], n, 2, serial=65_535) for n, at in ((1, 0), (2, 200))
    ]
    jt808 = adapter()

    assert [len(take(jt808, frame)) for frame in frames] == [1, 11]


@pytest.mark.parametrize(("number", "total"), [(0, 3), (4, 3), (0, 0)])
def test_a_packet_number_that_cannot_be_is_refused(number: int, total: int) -> None:
    """It goes to quarantine and is not kept in memory."""
    with pytest.raises(Untranslatable, match=f"{number} of {total}") as caught:
        take(adapter(), packet(0x0704, b"x", number, total))

    assert caught.value.cause == "packet"


@pytest.mark.parametrize(("version", "body"), [(-1, "00640200020003"), (1, "0064000200020003")])
def test_the_last_packet_of_a_message_with_gaps_asks_for_them(version: int, body: str) -> None:
    """8003 names the first packet's serial and the packets that lack; 8001 goes before it."""
    jt808 = adapter()
    first, last = (only_frame(packet(0x0704, b"x", n, 4, version=version)) for n in (1, 4))
    for frame in (first, last):
        list(jt808.translate(frame))

    assert jt808.answer(first, Outcome.STORED).count(b"\x80\x03") == 0
    general, resend = jt808.answer(last, Outcome.STORED).strip(b"\x7e").split(b"\x7e\x7e")
    assert unescaped(general)[:2] == b"\x80\x01"
    size = 12 if version < 0 else 17
    assert unescaped(resend)[:2] == b"\x80\x03"
    assert unescaped(resend)[size:-1].hex() == body


def test_complete_multimedia_is_answered_with_8800() -> None:
    """Without a list of packets, because all have come; by the id in the first packet."""
    jt808, frames = (
        adapter(),
        packets(bytes.fromhex("0000002a00000102") + b"\xff" * 250, 100, 0x0801),
    )
    for frame in frames:
        take(jt808, frame)

    answer = jt808.answer(only_frame(frames[-1]), Outcome.STORED)

    general, complete = answer.strip(b"\x7e").split(b"\x7e\x7e")
    assert unescaped(complete)[:2] == b"\x88\x00"
    assert unescaped(complete)[12:-1].hex() == "0000002a"
    assert unescaped(general)[:2] == b"\x80\x01"


def test_a_message_that_grows_too_long_is_let_go() -> None:
    """Its packets are records; the whole is not put together, nor asked for."""
    jt808 = adapter(longest_message=1024)
    frames = packets(b"\xff" * 2000, 400, 0x0900)

    assert [len(take(jt808, frame)) for frame in frames] == [1] * 5
    assert jt808.answer(only_frame(frames[-1]), Outcome.STORED).count(b"\x80\x03") == 0


def test_only_so_many_messages_are_remembered() -> None:
    """The oldest is forgotten first, so memory is bounded whatever is sent."""
    jt808 = adapter(open_messages=2)
    old = packets(size=200)
    take(jt808, old[0])
    shuffled = random.Random(1).sample(range(3000), 20)
    for serial in shuffled:
        take(jt808, packet(0x0900, b"x", 1, 2, serial=serial + 200))

    assert len(take(jt808, old[1])) == 1
    assert len(remembered(jt808)) == 2


def remembered(jt808: Jt808) -> Any:
    """Return the messages that are remembered."""
    return jt808._packets._open
