"""A station's dialogue over a socket: what is answered is stored first."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import msgspec

from adapters.runner import FeedRunner
from adapters.sdk.feed import FeedConfig
from adapters.sdk.stamp import FEED_HEADER
from broker.connection import Bus
from broker.home import Home
from broker.plan import BusPlan, stream_name
from broker.quarantine import entries
from broker.subscriber import scan
from liandong.record.v1.record_pb2 import Record
from tests.adapters.water.sl651.sl651_frames import STATION, framed, packets, picture

JPEG = b"\xff\xd8" + bytes(range(200)) + b"\xff\xd9"
FEED = FeedConfig(
    id="water.sl651-dialogue", adapter="water/sl651", agency="water", source="tcp://127.0.0.1:0"
)


@asynccontextmanager
async def connected(
    home: Home, plan: BusPlan
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """Run the feed, and connect to it as a station does."""
    async with FeedRunner(FEED, home, plan) as runner, asyncio.timeout(30):
        host, port = runner.address.removeprefix("tcp://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        try:
            yield reader, writer
        finally:
            writer.close()
            await writer.wait_closed()


async def test_a_station_is_asked_for_a_missing_packet_and_confirmed_when_all_is_stored(
    city_home: Home, plan: BusPlan, bus_of: Callable[[str], AbstractAsyncContextManager[Bus]]
) -> None:
    """NAK with the packet's number, then ACK, with one picture in the stream (table 23)."""
    first, second, *rest = packets(picture(JPEG), 60)
    damaged = second[:-1] + bytes((second[-1] ^ 1,))
    again = framed(second[14:-3].hex(), function="36", start="16", end="03")

    async with connected(city_home, plan) as (reader, writer):
        writer.write(b"".join((first, damaged, *rest)))
        asked = await reader.readexactly(28)
        writer.write(again)
        confirmed = await reader.readexactly(28)

    total = 2 + len(rest)
    assert asked[2:7].hex().upper() == STATION
    assert (asked[14:17].hex(), asked[-3]) == (f"{total:03x}002", 0x15)
    assert (confirmed[14:17].hex(), confirmed[-3]) == (f"{total:03x}{total:03x}", 0x06)
    async with bus_of("water") as bus:
        pictures = [
            Record.FromString(delivery.payload).water_picture.jpeg
            async for delivery in scan(bus, stream_name("water"), "share.water.>")
            if delivery.headers.get(FEED_HEADER) == FEED.id
        ]
        held = [entry async for entry in entries(bus, "water", FEED.id)]
    assert pictures == [JPEG]
    assert {entry.cause: entry.raw for entry in held} == {"crc": damaged, "missing": rest[-1]}


async def test_a_picture_in_datagrams_is_confirmed_once_and_stored_whole(
    city_home: Home, plan: BusPlan, bus_of: Callable[[str], AbstractAsyncContextManager[Bus]]
) -> None:
    """Mode M3 over UDP: each packet is a datagram, and one answer is for all of them."""
    feed = msgspec.structs.replace(FEED, id="water.sl651-datagrams", source="udp://127.0.0.1:0")
    sent = packets(picture(JPEG), 60)

    async with FeedRunner(feed, city_home, plan) as runner, asyncio.timeout(30):
        host, port = runner.address.removeprefix("udp://").split(":")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as station:
            station.setblocking(False)
            station.connect((host, int(port)))
            for datagram in sent:
                station.send(datagram)
            answer = await asyncio.get_running_loop().sock_recv(station, 4096)

    assert (answer[14:17].hex(), answer[-3]) == (f"{len(sent):03x}{len(sent):03x}", 0x06)
    async with bus_of("water") as bus:
        pictures = [
            Record.FromString(delivery.payload).water_picture.jpeg
            async for delivery in scan(bus, stream_name("water"), "share.water.>")
            if delivery.headers.get(FEED_HEADER) == feed.id
        ]
        held = [entry async for entry in entries(bus, "water", feed.id)]
    assert (pictures, held) == ([JPEG], [])
