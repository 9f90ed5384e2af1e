"""Recorded messages of vehicles through the real transport, to the last byte accounted for."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

from adapters.transport.jt808 import Frame, Jt808Decoder, framed
from adapters.transport.jt808.frame import escape
from tests.adapters.transports.running import until
from tests.adapters.transports.web import page, serving
from tests.e2e.samples import Run

TCP = "tcp://127.0.0.1:0"


def on_the_wire(file: Path) -> list[bytes]:
    """Return a file's frames as they were sent; traccar's were published unescaped."""
    frames = [bytes.fromhex(line) for line in file.read_text().split()]
    if file.name.startswith("traccar"):
        return [b"\x7e" + escape(frame[1:-1]) + b"\x7e" for frame in frames]
    return frames


async def test_jt808_samples(run: Run, feeds_folder: Path) -> None:
    """Terminals' frames are records, platforms' and broken ones are in quarantine, none is lost."""
    files = {file.stem: on_the_wire(file) for file in (feeds_folder / "jt808").glob("*.hex")}
    async with run("transport/jt808", TCP) as feed:
        answers = b"".join([await feed.send(b"".join(frames)) for frames in files.values()])

        await feed.balance("jt808")
        kinds = Counter(record.name.split("/")[1] for record in await feed.records())
        causes = Counter(entry.cause for entry in await feed.quarantined())
        assert kinds == {"traffic.vehicle": 64, "station.report": 38}
        assert causes == {"direction": 38, "length": 7, "check": 4}
        told = Counter(
            f"{frame.id:04X}" for frame in Jt808Decoder().feed(answers) if isinstance(frame, Frame)
        )
        # 92 frames of terminals, of which 9 reply to a platform; multimedia has two answers.
        assert told == {"8001": 77, "8100": 6, "8800": 1}


async def test_a_terminal_lives_its_day(run: Run) -> None:
    """It registers, is let in with the code it was given, and each message waits for its answer."""
    me = Frame(b"", 0, bytes.fromhex("013812345678"), "", 0, b"")
    host: dict[str, Any] = {"vehicles": {"13812345678": {"plate": "苏A12345", "kind": "bus"}}}
    async with run("transport/jt808", TCP, authentication="issued", **host) as feed:
        name, port = feed.runner.address.removeprefix("tcp://").split(":")
        reader, writer = await asyncio.open_connection(name, int(port))

        async def ask(message_id: int, body: bytes, serial: int) -> bytes:
            writer.write(framed(me, message_id, serial, body))
            async with asyncio.timeout(30):
                await reader.readexactly(1)
                answer = b"\x7e" + await reader.readuntil(b"\x7e")
            (frame,) = Jt808Decoder().feed(answer)
            assert isinstance(frame, Frame)
            return frame.body

        registered = await ask(0x0100, bytes(37), 0)
        admitted = await ask(0x0102, registered[3:], 1)
        refused = await ask(0x0102, b"guess", 2)
        fix = bytes.fromhex("000000000000000301e8ea1c07143f28000c01680000240601120000")
        located = await ask(0x0200, fix, 3)
        writer.close()

        assert registered[:3].hex() == "000000"
        assert (admitted[-1], refused[-1], located[-1]) == (0, 1, 0)
        await feed.balance("a terminal's day")
        (vehicle,) = [one for one in await feed.records() if one.HasField("traffic_vehicle")]
        assert vehicle.traffic_vehicle.plate == "苏A12345"


async def test_jt809_samples(run: Run, feeds_folder: Path) -> None:
    """What platforms send is records; the rest is in quarantine; a link test is answered."""
    file = feeds_folder / "jt809" / "smallchi_frames.hex"
    constants = {"20180920": {"m1": 30_000_000, "ia1": 20_000_000, "ic1": 20_000_000}}
    async with run("transport/jt809", TCP, ciphers=constants) as feed:
        frames = [bytes.fromhex(line) for line in file.read_text().split()]
        answers = await feed.send(b"".join(frames))

        await feed.balance("jt809")
        kinds = Counter(record.name.split("/")[1] for record in await feed.records())
        causes = Counter(entry.cause for entry in await feed.quarantined())
        assert kinds == {"traffic.vehicle": 1, "station.report": 7}
        assert causes == {"direction": 5, "length": 1, "body": 1, "crc": 1, "encrypted": 1}
        # Logins in lines 7, 8 and 16; the last is in quarantine and refused.
        assert answers.count(b"\x10\x02") == 3


async def test_gtfs_rt_samples(run: Run, feeds_folder: Path) -> None:
    """A dataset that is polled becomes a vehicle and a report; polled again, nothing more."""
    dataset = (feeds_folder / "gtfsrt" / "vehicle_position.pb").read_bytes()
    async with (
        serving(page(dataset)) as web,
        run("transport/gtfs_rt", web.url, {"interval_s": 0.02, "max_interval_s": 0.05}) as feed,
    ):
        await until(lambda: len(web.requests) > 3)
        await until(lambda: feed.ledger.received and not feed.ledger.in_flight)

        await feed.balance("gtfs-rt over http")
        kinds = Counter(record.name.split("/")[1] for record in await feed.records())
        assert kinds == {"traffic.vehicle": 1, "station.report": 1}
        assert not await feed.quarantined()
