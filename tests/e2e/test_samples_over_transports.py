"""Recorded messages through each adapter's real transport, to the last byte accounted for.

Where an adapter's reading differs from ``expected.json``, the adapters' own sample tests
give the clause.
"""

import asyncio
import json
import shutil
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

from adapters.runner import FeedRunner
from adapters.sdk.audit import audit
from adapters.sdk.feed import FeedConfig
from adapters.sdk.stamp import FEED_HEADER
from broker.connection import Bus
from broker.home import Home
from broker.plan import BusPlan, stream_name
from broker.quarantine import QuarantineEntry, entries
from broker.subscriber import scan
from liandong.record.v1.record_pb2 import Record

Connect = Callable[[str], AbstractAsyncContextManager[Bus]]


class Running:
    """A feed under test, and what the bus holds of it."""

    def __init__(self, runner: FeedRunner, bus: Bus, home: Home) -> None:
        self.runner, self.bus, self.home = runner, bus, home
        self.feed = runner.feed

    async def send(self, content: bytes) -> bytes:
        """Send bytes over a socket of their own; return the answers."""
        host, port = self.runner.address.removeprefix("tcp://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(content)
        writer.write_eof()
        async with asyncio.timeout(30):
            answers = await reader.read()
        writer.close()
        return answers

    async def drop(self, file: Path) -> Path:
        """Put a file into the folder; return where it was moved to."""
        folder = Path(self.runner.address.removeprefix("drop:"))
        shutil.copyfile(file, folder / f".{file.name}")
        (folder / f".{file.name}").rename(folder / file.name)
        async with asyncio.timeout(30):
            while True:
                for outcome in ("done", "failed"):
                    if (folder / outcome / file.name).exists():
                        return folder / outcome / file.name
                await asyncio.sleep(0.05)

    async def records(self) -> list[Record]:
        """Return the feed's records, as the agency's stream holds them."""
        agency = self.feed.agency
        return [
            Record.FromString(delivery.payload)
            async for delivery in scan(self.bus, stream_name(agency), f"share.{agency}.>")
            if delivery.headers.get(FEED_HEADER) == self.feed.id
        ]

    async def quarantined(self) -> list[QuarantineEntry]:
        """Return the feed's quarantine."""
        return [entry async for entry in entries(self.bus, self.feed.agency, self.feed.id)]

    async def balance(self, label: str) -> None:
        """Check the feed's books against JetStream, and print them."""
        ledger = self.runner.ledger
        assert ledger is not None
        assert ledger.received == ledger.stored + ledger.duplicates + ledger.quarantined
        assert ledger.stored == len(await self.records())
        assert ledger.quarantined == len(await self.quarantined())
        print(
            f"\n{label}: received {ledger.received} = stored {ledger.stored} + duplicates "
            f"{ledger.duplicates} + quarantined {ledger.quarantined}"
        )


@asynccontextmanager
async def running(
    home: Home, plan: BusPlan, connect: Connect, adapter: str, source: str, **options: Any
) -> AsyncIterator[Running]:
    """Run a feed of its own."""
    agency, _, form = adapter.partition("/")
    feed = FeedConfig(
        id=f"{agency}.{form}-{uuid.uuid4().hex[:8]}",
        adapter=adapter,
        agency=agency,
        source=source,
        options=options,
    )
    async with FeedRunner(feed, home, plan) as runner, connect(agency) as bus:
        yield Running(runner, bus, home)


async def test_hj212_samples(
    city_home: Home, plan: BusPlan, bus_of: Connect, feeds_folder: Path
) -> None:
    """Frames with a right checksum are records, the others are in quarantine."""
    folder = feeds_folder / "hj212"
    expected = json.loads((folder / "expected.json").read_text())
    frames = [frame for lot in expected.values() for frame in lot]
    good = [frame for frame in frames if frame["len_ok"] and frame["crc_ok"]]
    async with running(city_home, plan, bus_of, "environment/hj212", "tcp://127.0.0.1:0") as feed:
        for file in sorted(folder.glob("*.txt")):
            await feed.send(file.read_bytes())

        await feed.balance("hj212")
        records, bad = await feed.records(), await feed.quarantined()
        assert len(records) == len(good)
        assert len(bad) == len(frames) - len(good)
        stations = Counter(record.name.rpartition("/")[2] for record in records)
        wanted = Counter(
            {key.strip(", "): value for key, value in frame["head"].items()}["MN"] for frame in good
        )
        assert stations == wanted


async def test_gbk_log_of_a_receiver(
    city_home: Home, plan: BusPlan, bus_of: Connect, feeds_folder: Path
) -> None:
    """A log in GBK sent to a socket by mistake is kept in quarantine, byte for byte."""
    content = (feeds_folder / "gb18030" / "gb212rx_20201203.log").read_bytes()
    async with running(city_home, plan, bus_of, "environment/hj212", "tcp://127.0.0.1:0") as feed:
        await feed.send(content)

        await feed.balance("gb18030 log")
        kept = b"".join(entry.raw for entry in await feed.quarantined())
        assert kept.translate(None, b"\r\n") == content.translate(None, b"\r\n")


async def test_sl651_samples(
    city_home: Home, plan: BusPlan, bus_of: Connect, feeds_folder: Path
) -> None:
    """Every good uplink message is at least one record; a picture of 13 packets is one."""
    async with running(city_home, plan, bus_of, "water/sl651", "tcp://127.0.0.1:0") as feed:
        for file in sorted((feeds_folder / "sl651").glob("*.hex")):
            await feed.send(b"".join(map(bytes.fromhex, file.read_text().split())))

        await feed.balance("sl651")
        kinds = Counter(record.name.split("/")[1] for record in await feed.records())
        assert kinds["water.picture"] == 1
        causes = Counter(entry.cause for entry in await feed.quarantined())
        assert causes == {"crc": 2, "direction": 1}


async def test_cap_samples(
    city_home: Home, plan: BusPlan, bus_of: Connect, feeds_folder: Path, tmp_path: Path
) -> None:
    """Every alert is a warning; XML that is none is in quarantine and its file in failed."""
    async with running(city_home, plan, bus_of, "weather/cap", f"drop:{tmp_path}") as feed:
        files = sorted(f for f in (feeds_folder / "cap").iterdir() if f.suffix in {".cap", ".xml"})
        moved = [await feed.drop(file) for file in files]
        other = await feed.drop(feeds_folder / "gb18030" / "gb212_params.xml")

        await feed.balance("cap")
        assert {path.parent.name for path in moved} == {"done"}
        assert other.parent.name == "failed"
        sent = [record for record in await feed.records() if record.weather_warning.infos]
        assert len(sent) >= len(files) - 1
        assert [entry.cause for entry in await feed.quarantined()] == ["not_cap"]


async def test_dispatch_samples(
    city_home: Home, plan: BusPlan, bus_of: Connect, feeds_folder: Path, tmp_path: Path
) -> None:
    """Each of 1,500 rows is a record or a duplicate; the same file again adds nothing."""
    file = feeds_folder / "cad-911" / "montgomery_911_part1.csv"
    async with running(
        city_home,
        plan,
        bus_of,
        "police/incident_csv",
        f"drop:{tmp_path / 'in'}",
        preset="montgomery-911",
    ) as feed:
        await feed.drop(file)
        stored = len(await feed.records())
        again = tmp_path / "again.csv"
        shutil.copyfile(file, again)
        await feed.drop(again)

        await feed.balance("cad-911")
        ledger = feed.runner.ledger
        assert ledger is not None
        assert ledger.received == 3000
        assert len(await feed.records()) == stored
        assert not await feed.quarantined()


async def test_the_audit_finds_the_books_of_a_feed_balanced(
    city_home: Home, plan: BusPlan, bus_of: Connect, feeds_folder: Path
) -> None:
    """What `liandong feeds --audit` checks holds after good, bad and repeated frames."""
    content = (feeds_folder / "hj212" / "guocay_test.txt").read_bytes()
    async with running(city_home, plan, bus_of, "environment/hj212", "tcp://127.0.0.1:0") as feed:
        await feed.send(content)
        await feed.send(content)
        found = await audit(feed.bus, "environment", feed.feed.id)

    assert found.findings == ()
    assert found.stored == 3
    assert found.quarantined == 4
