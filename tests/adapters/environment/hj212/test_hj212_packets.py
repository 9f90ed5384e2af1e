"""Split messages: each packet published as it comes, as the union so far."""

from typing import Any

import pytest

from adapters.environment.hj212 import Hj212, framed
from adapters.sdk.adapter import Translated
from adapters.sdk.errors import Untranslatable
from tests.adapters.environment.hj212.hj212_frames import (
    adapter,
    only_frame,
    segment,
    translated,
    upload,
)

PM = "a34004-Rtd=31.5,a34004-Flag=N"
SO2 = "a21026-Rtd=6,a21026-Flag=N"


def packet(number: int, total: int, reading: str, **head: Any) -> bytes:
    """Write one packet; each has a QN of its own."""
    return upload(
        reading,
        flag=7,
        packet=f"PNUM={total};PNO={number};",
        qn=f"2024060112000100{number}",
        **head,
    )


def one(hj212: Hj212, raw: bytes) -> Translated:
    """Translate one packet."""
    (record,) = hj212.translate(only_frame(raw))
    return record


def test_packets_are_merged_in_the_order_of_their_numbers() -> None:
    """Factors differ from packet to packet; whoever comes last completes the record."""
    hj212 = adapter()

    first = one(hj212, packet(2, 2, SO2)).record.environment_air
    both = one(hj212, packet(1, 2, PM)).record.environment_air

    assert [m.code for m in first.measurements] == ["a21026"]
    assert (first.packets.total, list(first.packets.merged)) == (2, [2])
    assert [m.code for m in both.measurements] == ["a34004", "a21026"]
    assert list(both.packets.merged) == [1, 2]
    assert (both.pm2_5_ug_m3, both.so2_ug_m3) == (31.5, 6)


def test_a_repeated_packet_gives_the_whole_again_under_its_own_id() -> None:
    """The id makes it a duplicate; should it be stored all the same, nothing is lost."""
    hj212 = adapter()
    before = one(hj212, packet(1, 2, PM))
    one(hj212, packet(2, 2, SO2))

    again = one(hj212, packet(1, 2, PM))

    assert again.message_id == before.message_id
    assert list(again.record.environment_air.packets.merged) == [1, 2]


def test_messages_of_other_times_and_stations_are_not_mixed() -> None:
    """MN, CN and DataTime together name a message."""
    hj212 = adapter()
    one(hj212, packet(1, 2, PM))

    others = [
        packet(2, 2, SO2, at="20240601130000"),
        packet(2, 2, SO2, mn="OTHER1"),
        packet(2, 2, SO2, cn="2051"),
    ]

    for raw in others:
        assert list(one(hj212, raw).record.environment_air.packets.merged) == [2]


def test_the_oldest_open_message_is_forgotten() -> None:
    """Memory is bounded by how many split messages are remembered."""
    hj212 = adapter(open_messages=2)
    for mn in ("A1", "A2", "A3"):
        one(hj212, packet(1, 2, PM, mn=mn))

    merged = [
        list(one(hj212, packet(2, 2, SO2, mn=mn)).record.environment_air.packets.merged)
        for mn in ("A3", "A1")
    ]

    assert merged == [[1, 2], [2]]


def test_water_quality_counts_its_packets() -> None:
    """Its schema has two numbers where the others have a list."""
    water = translated(packet(1, 3, "w01001-Rtd=7,w01001-Flag=N", st="21")).water_quality

    assert (water.packets_merged, water.packets_total) == (1, 3)


@pytest.mark.parametrize(("number", "total"), [(0, 2), (3, 2), (1, 0)])
def test_a_packet_beyond_the_announced_is_refused(number: int, total: int) -> None:
    """Packet 3 of 2 belongs to nothing."""
    with pytest.raises(Untranslatable, match="PNO"):
        one(adapter(), packet(number, total, PM))


def test_a_message_of_too_many_factors_is_refused() -> None:
    """A record has room for 2,048, and a sender cannot fill the memory with more."""
    hj212 = adapter()
    lots = [";".join(f"b{number}{index}-Rtd=1" for index in range(290)) for number in range(1, 10)]
    for number, lot in enumerate(lots[:7], 1):
        one(hj212, packet(number, 9, lot))

    with pytest.raises(Untranslatable, match="2048"):
        one(hj212, packet(8, 9, lots[7]))


def untimed(number: int, total: int, reading: str) -> bytes:
    """Write a packet without a DataTime of its own."""
    head: dict[str, Any] = {
        "flag": 7,
        "packet": f"PNUM={total};PNO={number};",
        "qn": f"2024060112300100{number}",
    }
    return framed(segment(reading, **head))


def test_a_packet_without_a_time_continues_the_message_before_it() -> None:
    """Some loggers write DataTime into the first packet alone; QN is when they sent it."""
    hj212 = adapter()
    first = one(hj212, packet(1, 2, PM)).record

    second = one(hj212, untimed(2, 2, SO2)).record
    again = one(hj212, untimed(2, 2, SO2)).record

    for record in (second, again):
        assert record.observed_at == first.observed_at
        assert list(record.environment_air.packets.merged) == [1, 2]


@pytest.mark.parametrize("before", [packet(1, 3, PM), packet(2, 2, PM), packet(1, 2, PM, mn="A1")])
def test_a_packet_without_a_time_continues_no_message_that_it_does_not_fit(before: bytes) -> None:
    """Another station's, one of more packets, or one that has another packet 2: QN dates it."""
    hj212 = adapter()
    one(hj212, before)

    record = one(hj212, untimed(2, 2, SO2)).record

    assert list(record.environment_air.packets.merged) == [2]
    assert record.observed_at.ToJsonString() == "2024-06-01T04:30:01.002Z"
