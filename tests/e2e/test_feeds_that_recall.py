"""Feeds that must know after a restart what they knew, over real sockets and polls."""

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from google.transit import gtfs_realtime_pb2 as gtfs

from adapters.runner import FeedRunner
from adapters.sdk.feed import FeedConfig
from adapters.sdk.stamp import FEED_HEADER
from broker.connection import Bus
from broker.home import Home
from broker.plan import BusPlan, stream_name
from broker.subscriber import scan
from liandong.record.v1.record_pb2 import Record

Connect = Callable[[str], AbstractAsyncContextManager[Bus]]


def _feed(adapter: str, source: str, **options: Any) -> FeedConfig:
    """Return a feed of its own."""
    agency, _, form = adapter.partition("/")
    return FeedConfig(
        id=f"{agency}.{form}-{uuid.uuid4().hex[:8]}",
        adapter=adapter,
        agency=agency,
        source=source,
        options=options,
        transport={"interval_s": 0.05} if source.startswith("http") else {},
    )


async def _records(connect: Connect, feed: FeedConfig, body: str) -> list[Record]:
    """Return a feed's records of one body, in order of arrival."""
    async with connect(feed.agency) as bus:
        found = [
            Record.FromString(delivery.payload)
            async for delivery in scan(bus, stream_name(feed.agency), f"share.{feed.agency}.>")
            if delivery.headers.get(FEED_HEADER) == feed.id
        ]
    return [record for record in found if record.WhichOneof("body") == body]


async def _until(condition: Callable[[], Any]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(30):
        while True:
            if condition():
                return
            await asyncio.sleep(0.02)


class _Producer:
    """An HTTP server that serves one dataset at a time, and counts how often."""

    def __init__(self) -> None:
        self.body = b""
        self.served = 0
        self.url = ""

    def say(self, *entities: gtfs.FeedEntity) -> None:
        """Serve a dataset of now."""
        message = gtfs.FeedMessage(entity=entities)
        message.header.gtfs_realtime_version = "2.0"
        message.header.timestamp = int(time.time())
        self.body, self.served = message.SerializeToString(), 0

    async def polled(self) -> None:
        """Wait until what is served has been settled: a third request follows two answers."""
        await _until(lambda: self.served >= 3)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        await reader.readuntil(b"\r\n\r\n")
        self.served += 1
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(self.body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + self.body)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def _producing() -> AsyncIterator[_Producer]:
    """Run a producer."""
    producer = _Producer()
    server = await asyncio.start_server(producer.answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        producer.url = f"http://127.0.0.1:{port}/feed.pb"
        yield producer


def _alert(alert_id: str) -> gtfs.FeedEntity:
    """Return an alert."""
    entity = gtfs.FeedEntity(id=alert_id)
    entity.alert.header_text.translation.add(text="停运")
    return entity


async def test_alerts_are_stored_once_and_end_also_across_a_restart(
    city_home: Home, plan: BusPlan, bus_of: Connect
) -> None:
    """However often a dataset is polled; one that went while the feed was down ends, too."""
    async with _producing() as producer:
        feed = _feed("transport/gtfs_rt", producer.url)
        producer.say(_alert("A1"), _alert("A2"))
        async with FeedRunner(feed, city_home, plan):
            await producer.polled()
        assert len(await _records(bus_of, feed, "traffic_alert")) == 2

        producer.say(_alert("A1"))
        async with FeedRunner(feed, city_home, plan) as runner:
            await producer.polled()
            assert runner.ledger is not None
            assert not runner.ledger.quarantined

    alerts = await _records(bus_of, feed, "traffic_alert")
    ends = [record.traffic_alert.alert_id for record in alerts if record.HasField("expires_at")]
    assert ends == ["A2"]
    assert len(alerts) == 3


def _moved(event: str, visit: str, minute: int) -> bytes:
    """Return a movement in the ward ICU of NJ1."""
    at = f"202607010{minute // 60}{minute % 60:02d}00+0000"
    text = (
        f"MSH|^~\\&|HIS|NJ1|||{at}||ADT^{event}|{event}{visit}{minute}|P|2.5.1\r"
        f"EVN||{at}\rPV1|1|I|ICU^^^NJ1{'|' * 16}{visit}\r"
    )
    return b"\x0b" + text.encode() + b"\x1c\r"


async def _send(address: str, *messages: bytes) -> bytes:
    """Send messages over one connection; return the answers."""
    host, port = address.removeprefix("tcp://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"".join(messages))
    writer.write_eof()
    async with asyncio.timeout(30):
        answers = await reader.read()
    writer.close()
    return answers


async def test_beds_are_counted_on_across_a_restart(
    city_home: Home, plan: BusPlan, bus_of: Connect
) -> None:
    """A resend after the restart changes nothing, a discharge frees the bed of the right stay."""
    feed = _feed(
        "health/hl7v2",
        "tcp://127.0.0.1:0",
        wards={"NJ1/ICU": {"baseline": 10, "occupied": 3, "bed_type": "AdultICU"}},
        census_at="2026-07-01T00:00:00Z",
    )
    first, second = _moved("A01", "1", 1), _moved("A01", "2", 2)
    async with FeedRunner(feed, city_home, plan) as runner:
        answers = await _send(runner.address, first, second)
    assert answers.count(b"MSA|AA|") == 2

    async with FeedRunner(feed, city_home, plan) as runner:
        await _send(runner.address, second)
        await _send(runner.address, _moved("A03", "1", 3), _moved("A01", "3", 4))

    counts = [
        (bed.occupied, bed.available)
        for record in await _records(bus_of, feed, "health_facility")
        for bed in record.health_facility.beds
    ]
    assert counts == [(4, 6), (5, 5), (4, 6), (5, 5)]


async def test_hospitals_are_read_from_a_folder(
    city_home: Home, plan: BusPlan, bus_of: Connect, feeds_folder: Path, tmp_path: Path
) -> None:
    """The recorded document is seven facilities, and is done with."""
    content = (feeds_folder / "edxl-have" / "HAVE-2.0-wd.xml").read_bytes()
    feed = _feed("health/have", f"drop:{tmp_path / 'in'}")
    async with FeedRunner(feed, city_home, plan) as runner:
        (tmp_path / "in" / ".draft").write_bytes(content)
        (tmp_path / "in" / ".draft").rename(tmp_path / "in" / "have.xml")
        await _until((tmp_path / "in" / "done" / "have.xml").exists)
        ledger = runner.ledger

    assert ledger is not None
    assert (ledger.received, ledger.stored, ledger.quarantined) == (7, 7, 0)
    assert len(await _records(bus_of, feed, "health_facility")) == 7
