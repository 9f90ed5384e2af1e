"""Published notifications go through the adapter, alone and over a real socket and bus."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import protovalidate

from adapters.runner import FeedRunner
from adapters.sdk.feed import FeedConfig
from adapters.sdk.stamp import FEED_HEADER
from broker.connection import Bus
from broker.home import Home
from broker.plan import BusPlan, stream_name
from broker.quarantine import entries
from broker.subscriber import scan
from liandong.incident.v1 import incident_pb2 as incident
from liandong.record.v1.record_pb2 import Record
from tests.conftest import Books

Connect = Callable[[str], AbstractAsyncContextManager[Bus]]
# Sample: its record's entity, when it was, what it is, how grave, and whether its place is known.
SAMPLES = {
    "alarm_method2_type1.xml": (
        "34020000001320000001-20260605103000-2.1",
        "2026-06-05T02:30:00Z",
        "视频丢失报警",
        incident.LEVEL_I,
        True,
    ),
    "alarm_method7_no_type.xml": (
        "55123456781381000010-20260605094605-7",
        "2026-06-05T01:46:05Z",
        "其他报警",
        incident.LEVEL_I,
        False,
    ),
    "alarm_standard_example.xml": (
        "64010000001340000001-20091204162332-2",
        "2009-12-04T08:23:32Z",
        "设备报警",
        incident.LEVEL_IV,
        True,
    ),
}


def test_every_sample_is_an_alarm(make: Any, read: Any, feeds_folder: Path) -> None:
    """A new sample in the folder asks for its line here."""
    files = sorted((feeds_folder / "gb28181").glob("*.xml"))
    assert {file.name for file in files} == set(SAMPLES)

    for file in files:
        (found,) = read(make(), file.read_bytes())

        record = found.record
        protovalidate.validate(record)
        assert (
            record.name.rpartition("/")[2],
            record.observed_at.ToJsonString(),
            record.incident.type,
            record.incident.level,
            record.location.HasField("point"),
        ) == SAMPLES[file.name]


def test_the_standards_example_keeps_its_words(make: Any, read: Any, feeds_folder: Path) -> None:
    """On the wire it is in GB 2312; its longitude lies in the Pacific, and stays there."""
    sample = (feeds_folder / "gb28181" / "alarm_standard_example.xml").read_text(encoding="utf-8")

    (found,) = read(make(), sample.encode("gb2312"))

    assert found.record.incident.description == "警情描述"
    assert found.record.location.point.longitude_deg == 171.3
    assert found.record.location.district == "640100"


async def test_samples_over_a_socket_are_stored_and_answered(
    city_home: Home, plan: BusPlan, bus_of: Connect, feeds_folder: Path, books: Books
) -> None:
    """One connection, three alarms and one that is broken: three records, one in quarantine."""
    feed = FeedConfig(
        id="police.gb28181-samples",
        adapter="police/gb28181",
        agency="police",
        source="tcp://127.0.0.1:0",
    )
    files = sorted((feeds_folder / "gb28181").glob("*.xml"))
    broken = b"<Notify><AlarmTime>"
    content = b"\r\n".join(file.read_bytes() for file in files) + broken
    async with FeedRunner(feed, city_home, plan) as runner, bus_of("police") as bus:
        host, port = runner.address.removeprefix("tcp://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(content)
        writer.write_eof()
        async with asyncio.timeout(30):
            answers = await reader.read()
        writer.close()

        names = [
            Record.FromString(delivery.payload).name.rpartition("/")[2]
            async for delivery in scan(bus, stream_name("police"), "share.police.>")
            if delivery.headers.get(FEED_HEADER) == feed.id
        ]
        refused = [entry async for entry in entries(bus, "police", feed.id)]

        assert runner.ledger is not None
        books("gb28181 over tcp", runner.ledger)
        assert runner.ledger.stored == len(names)

    assert names == [expected[0] for expected in SAMPLES.values()]
    assert [entry.raw for entry in refused] == [broken]
    # Two of the samples have lost their SN, without which nothing can be acknowledged.
    assert answers.count(b"<Result>OK</Result>") == 1
    assert b"<SN>1</SN>" in answers
