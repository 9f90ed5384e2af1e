"""Packets are collected, joined once, asked for, and given up within bounds."""

import random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.sdk.message import Undecodable
from adapters.water.sl651 import Frame, Sl651Decoder
from adapters.water.sl651.multipacket import OPEN_BYTES, OPEN_MESSAGES
from tests.adapters.water.sl651.sl651_frames import (
    STATION,
    AtNoon,
    adapter,
    decoded,
    framed,
    only_record,
    packets,
    picture,
)

JPEG = b"\xff\xd8" + bytes(range(256)) + b"\xff\xd9"
PACKETS = packets(picture(JPEG), 60)


def counted(found: list[Frame | Undecodable]) -> list[str]:
    """Return what each message is."""
    return [message.cause if isinstance(message, Undecodable) else "frame" for message in found]


@settings(deadline=None)
@given(st.permutations(PACKETS), st.lists(st.sampled_from(PACKETS[1:-1]), max_size=3))
def test_packets_in_any_order_and_more_than_once_make_one_message(
    order: list[bytes], again: list[bytes]
) -> None:
    """Only what is in them counts; without a centre that answers nothing is asked for."""
    found = decoded(*order[:-1], *(raw for raw in again if raw in order[:-1]), order[-1])

    (frame,) = found
    assert isinstance(frame, Frame)
    assert frame.body.hex() == picture(JPEG).lower()
    assert frame.raw == b"".join(PACKETS)
    assert frame.packets == len(PACKETS)


def test_a_joined_picture_is_one_record() -> None:
    """The JPEG file is what the packets carried (table 40)."""
    record = only_record(b"".join(PACKETS))

    assert record.name == f"water/water.picture/{STATION}"
    assert record.water_picture.jpeg == JPEG
    assert record.water_picture.packets == len(PACKETS)


def test_stations_may_send_packets_at_the_same_time() -> None:
    """A relay forwards several stations over one line (table 14)."""
    other = packets(picture(JPEG[::-1]), 60, station="0063254321")
    mixed = [raw for pair in zip(PACKETS, other, strict=True) for raw in pair]

    mine, its = decoded(*mixed)

    assert mine.raw == b"".join(PACKETS)
    assert its.raw == b"".join(other)


def test_packets_in_datagrams_make_one_message() -> None:
    """Each datagram has a decoder of its own; what one lacks the next may bring."""
    tcp = adapter()
    udp = AtNoon(msgspec.structs.replace(tcp.feed, source="udp://127.0.0.1:0"), tcp.options)

    found = [message for raw in PACKETS for message in decoded(raw, decoder=udp.decoder())]
    over_tcp = [message for raw in PACKETS for message in decoded(raw, decoder=tcp.decoder())]

    assert counted(found) == ["frame"]
    assert {*counted(over_tcp)} == {"incomplete", "missing"}


def test_another_message_begins_when_a_packet_has_other_content() -> None:
    """What came of the first is not mixed into the second, and is not lost."""
    second = packets(picture(JPEG, serial=8), 60)

    given_up, frame = decoded(*PACKETS[:2], *second)

    assert isinstance(given_up, Undecodable)
    assert (given_up.cause, given_up.raw) == ("incomplete", b"".join(PACKETS[:2]))
    assert frame.raw == b"".join(second)


def test_a_missing_packet_is_asked_for_and_the_message_completed() -> None:
    """NAK names one packet, which the station sends again with ETX (clause 6.3.1.2 c)."""
    decoder = adapter().decoder()
    early = [message for raw in (*PACKETS[:1], *PACKETS[2:-1]) for message in decoder.feed(raw)]

    (asked,) = decoder.feed(PACKETS[-1])
    again = f"{len(PACKETS):03X}002{picture(JPEG)[120:240]}"
    (frame,) = decoder.feed(framed(again, function="36", start="16", end="03"))

    assert early == []
    assert isinstance(asked, Undecodable)
    assert (asked.cause, asked.raw) == ("missing", PACKETS[-1])
    nak = f"7E7E{STATION}01123436800B16{len(PACKETS):03X}0020007240601123000" + "15"
    assert asked.answer[:-2].hex().upper() == nak
    assert isinstance(frame, Frame)
    assert frame.body.hex() == picture(JPEG).lower()


def test_several_missing_packets_are_asked_for_one_after_the_other() -> None:
    """One number in a NAK, and each packet is sent by itself (table 23, note a)."""
    decoder = adapter().decoder()
    for raw in PACKETS[:1]:
        decoder.feed(raw)

    numbers = []
    for number in (len(PACKETS), *range(2, len(PACKETS) - 1)):
        last = PACKETS[number - 1]
        content = last[14:-3].hex()
        (asked,) = decoder.feed(framed(content, function="36", start="16", end="03"))
        assert isinstance(asked, Undecodable)
        numbers.append(int.from_bytes(asked.answer[14:17], "big") & 0xFFF)

    assert numbers == list(range(2, len(PACKETS)))


def test_the_serial_number_of_a_request_is_0_while_the_first_packet_is_missing() -> None:
    """Only the first packet has it (clause 6.6.2.4)."""
    decoder = adapter().decoder()

    (asked,) = [message for raw in PACKETS[1:] for message in decoder.feed(raw)]

    assert isinstance(asked, Undecodable)
    assert asked.answer[14:19].hex() == f"{len(PACKETS):03x}0010000"


def test_a_packet_that_does_not_come_is_asked_for_twice_and_then_given_up() -> None:
    """A station sends a packet again twice at most (clause 6.3.1.2 c)."""
    decoder = adapter().decoder()

    found = [
        message
        for _ in range(3)
        for raw in PACKETS[:-2] + PACKETS[-1:]
        for message in decoder.feed(raw)
    ]

    assert counted(found) == ["missing", "missing", "incomplete"]
    assert found[-1].raw == b"".join(PACKETS[:-2] + PACKETS[-1:])
    assert decoder.close() == []


def test_stations_that_expect_no_answer_are_asked_for_nothing() -> None:
    """Mode M1 has no downlink frame (clause 6.3.1.2 a)."""
    decoder = adapter(mode="M1").decoder()

    assert [message for raw in PACKETS[1:] for message in decoder.feed(raw)] == []
    assert counted(decoder.close()) == ["incomplete"]


def test_what_never_came_is_named() -> None:
    """A person sees which packets to look for."""
    (given_up,) = decoded(PACKETS[0], PACKETS[2])

    assert isinstance(given_up, Undecodable)
    assert (
        f"of {len(PACKETS)} packets of station {STATION} these never came: 2, 4" in given_up.reason
    )


def test_a_packet_outside_the_announced_is_refused() -> None:
    """There is no packet 0, and none after the last (table 22); nor one without numbers."""
    for content in ("002000AA", "002003AA", "000000AA", "00", ""):
        (refused,) = decoded(framed(content, start="16"), decoder=adapter().decoder())

        assert isinstance(refused, Undecodable)
        assert refused.cause == "packet"


def test_endless_beginnings_of_messages_fill_no_memory() -> None:
    """The oldest is given up when there are too many, and nothing of it is lost."""
    decoder = Sl651Decoder()
    stations = [f"00{number:08d}" for number in range(5 * OPEN_MESSAGES)]
    first = [packets("00" * 40, 30, station=station)[0] for station in stations]

    found = [message for raw in first for message in decoder.feed(raw)]

    assert counted(found) == ["incomplete"] * (4 * OPEN_MESSAGES)
    assert b"".join(message.raw for message in found + decoder.close()) == b"".join(first)


def test_an_endless_message_fills_no_memory() -> None:
    """A message that fits into none of the bus is given up in pieces that do."""
    decoder = Sl651Decoder()
    content = random.Random(1).randbytes(4000).hex()
    sent = [
        framed(f"FFF{number:03X}{content}", start="16", end="17", function="36")
        for number in range(1, 600)
    ]

    found = [message for raw in sent for message in decoder.feed(raw)]

    assert set(counted(found)) == {"incomplete"}
    assert max(len(message.raw) for message in found) <= 256 << 10
    assert decoder._packets._bytes <= OPEN_BYTES
    assert b"".join(message.raw for message in found + decoder.close()) == b"".join(sent)


def test_the_largest_picture_of_the_schema_fits() -> None:
    """900,000 bytes in packets of 256."""
    jpeg = bytes(900_000)

    record = only_record(b"".join(packets(picture(jpeg), 256 - 20)))

    assert record.water_picture.jpeg == jpeg
