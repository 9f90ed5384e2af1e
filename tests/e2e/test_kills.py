"""Adapters and nats-server are killed again and again; what was answered is there, once."""

import asyncio
import contextlib
import os
import random
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from adapters.sdk.audit import audit
from broker.connection import Bus, BusSettings
from broker.home import Home
from broker.server import EmbeddedServer
from broker.streams import reconcile
from broker.subscriber import scan
from liandong.record.v1.record_pb2 import Record
from ops.city import City, read_city
from ops.demo import frames
from tests.conftest import Books, free_port
from tests.e2e.processes import begun

KILLS = 200 if "LIANDONG_CHAOS" in os.environ else 20
STATIONS = 8
ALLOWANCE = 10
"""Frames that each station may send more when a kill is planned."""
MOST_ANSWERS = 60
"""Of how many of them a kill waits for at most; fewer than are allowed."""
BURST = 3
PATIENCE_S = 2.0
SECONDS_A_KILL = 5.0
START = datetime(2026, 6, 15, 18, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
SERIAL = slice(14, 16)
"""Where the serial number lies in an answer to a report in one frame (SL 651, 6.3.1.2)."""
ANSWER = 25


def at(number: int) -> datetime:
    """Return the time of a station's frame."""
    return START + timedelta(minutes=number)


def logger_frame(station: str, number: int) -> bytes:
    """Write a logger's frame."""
    return frames.hj212(
        station=station,
        station_type="22",
        command="2011",
        sent=at(number),
        observed=at(number),
        values=[("a34004", float(number))],
    )


async def logger_answer(reader: asyncio.StreamReader) -> int:
    """Return the number of the frame that is answered, by its QN."""
    answer = await reader.readuntil(b"\r\n")
    assert b"CN=9014" in answer
    sent = answer.partition(b"QN=")[2][:14].decode()
    told = datetime.strptime(sent, "%Y%m%d%H%M%S").replace(tzinfo=START.tzinfo)
    return (told - START) // timedelta(minutes=1)


def river_frame(station: str, number: int) -> bytes:
    """Write a river station's report; serial numbers begin at 1."""
    return frames.sl651(
        station=station,
        station_class="48",
        serial=number + 1,
        sent=at(number),
        observed=at(number),
        elements=[("39", number / 100, 4, 3)],
    )


async def river_answer(reader: asyncio.StreamReader) -> int:
    """Return the number of the frame that is answered, by its serial number."""
    answer = await reader.readexactly(ANSWER)
    return int.from_bytes(answer[SERIAL]) - 1


@dataclass(frozen=True)
class Speech:
    """A feed, and how its stations speak."""

    feed: str
    adapter: str
    agency: str
    station: str
    frame: Callable[[str, int], bytes]
    answer: Callable[[asyncio.StreamReader], Coroutine[Any, Any, int]]


SPEECHES = (
    Speech(
        "loggers", "environment/hj212", "environment", "320100{:018d}", logger_frame, logger_answer
    ),
    Speech("rivers", "water/sl651", "water", "00632{:05d}", river_frame, river_answer),
)


class Station:
    """Sends a few frames at a time, in order, and repeats what is not answered."""

    def __init__(self, crowd: "Crowd", name: str) -> None:
        self.name = name
        self.answered: set[int] = set()
        self.sent = 0
        self.allowed = 0
        self.more = asyncio.Event()
        self._crowd = crowd

    async def run(self) -> None:
        """Send what is allowed, for ever; over a new connection after each trouble."""
        while True:
            await self._crowd.listening.wait()
            with contextlib.suppress(OSError, EOFError, TimeoutError):
                reader, writer = await asyncio.open_connection("127.0.0.1", self._crowd.port)
                try:
                    await self._talk(reader, writer)
                finally:
                    writer.transport.abort()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Send burst after burst, each when the one before it is answered."""
        speech = self._crowd.speech
        while True:
            first = len(self.answered)
            burst = range(first, min(first + BURST, self.allowed))
            if not burst:
                self.more.clear()
                await self.more.wait()
                continue
            self.sent += len(burst)
            writer.write(b"".join(speech.frame(self.name, number) for number in burst))
            async with asyncio.timeout(PATIENCE_S):
                for expected in burst:
                    assert await speech.answer(reader) == expected
                    self.answered.add(expected)
                    self._crowd.on_answer()


class Crowd:
    """A feed's stations, and its adapter: a process that is started again when it ends."""

    def __init__(self, speech: Speech, port: int, options: tuple[str, ...]) -> None:
        self.speech = speech
        self.port = port
        self.listening = asyncio.Event()
        self.stations = [Station(self, speech.station.format(n)) for n in range(STATIONS)]
        self._options = options
        self._process: asyncio.subprocess.Process | None = None
        self._awaited = 0
        self._reached = asyncio.Event()

    async def keep(self, log: Path) -> None:
        """Run the adapter, for ever; its standard input is closed when this is called off."""
        while True:
            self._process = await begun(log, "adapter", "run", self.speech.feed, *self._options)
            assert self._process.stdin is not None
            assert self._process.stdout is not None
            try:
                if await self._process.stdout.readline():
                    self.listening.set()
                await self._process.wait()
            finally:
                self.listening.clear()
                self._process.stdin.close()
                await self._process.wait()

    def kill(self) -> None:
        """End the adapter at once (SIGKILL), whatever it does, if it runs."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()

    def allow(self) -> None:
        """Let each station send some more."""
        for station in self.stations:
            station.allowed += ALLOWANCE
            station.more.set()

    def on_answer(self) -> None:
        """Count down to the answers that are waited for."""
        self._awaited -= 1
        if self._awaited <= 0:
            self._reached.set()

    async def answers(self, count: int) -> None:
        """Wait for so many more answers."""
        self._awaited = count
        if count:
            self._reached.clear()
            await self._reached.wait()

    @property
    def unanswered(self) -> int:
        """Return how many frames are allowed and not answered."""
        return sum(station.allowed - len(station.answered) for station in self.stations)


def city_of(folder: Path, ports: dict[str, int]) -> tuple[City, tuple[str, ...]]:
    """Write the city file; return what it says, and the options that name it."""
    lines = [
        '[city]\nname = "kills"\ntitle = "Kills"\ndistrict = "320100"',
        f'time_zone = "Asia/Shanghai"\n[nats]\nhost = "127.0.0.1"\nport = {free_port()}',
        f'[gateway]\nhost = "127.0.0.1"\nport = {free_port()}',
    ]
    lines += [
        f'[[agency]]\nname = "{speech.agency}"\ntitle = "{speech.agency}"\n[[feed]]\n'
        f'id = "{speech.feed}"\nadapter = "{speech.adapter}"\nagency = "{speech.agency}"\n'
        f'source = "tcp://127.0.0.1:{ports[speech.feed]}"'
        for speech in SPEECHES
    ]
    path = folder / "city.toml"
    path.write_text("\n".join(lines) + "\n")
    return read_city(path), ("--home", str(folder / "home"), "--city", str(path))


async def kill_at_random(
    rng: random.Random, crowds: Sequence[Crowd], server: EmbeddedServer
) -> Counter[str]:
    """Kill an adapter, the server, or both, after a random number of answers each time."""
    kills: Counter[str] = Counter()
    while kills.total() < KILLS:
        victim = rng.choice(crowds)
        what = rng.choice(("adapter", "server", "both"))
        for crowd in crowds:
            crowd.allow()
        await victim.answers(rng.randrange(MOST_ANSWERS))
        if what != "server":
            victim.kill()
        if what != "adapter":
            await server.kill()
            await server.start()
        kills[what] += 1
    for crowd in crowds:
        await crowd.answers(crowd.unanswered)
    return kills


@contextlib.asynccontextmanager
async def running(crowds: Sequence[Crowd], folder: Path) -> AsyncIterator[None]:
    """Run adapters and stations; stations end first, adapters settle what is under way."""
    async with asyncio.TaskGroup() as adapters:
        kept = [
            adapters.create_task(crowd.keep(folder / f"{crowd.speech.feed}.log"))
            for crowd in crowds
        ]
        async with asyncio.TaskGroup() as stations:
            sending = [
                stations.create_task(station.run())
                for crowd in crowds
                for station in crowd.stations
            ]
            yield
            for task in sending:
                task.cancel()
        for task in kept:
            task.cancel()


async def numbers_on_bus(bus: Bus, agency: str) -> dict[str, list[int]]:
    """Return the numbers of each station's records, as they lie in the stream."""
    numbers = defaultdict(list)
    async for delivery in scan(bus, agency.upper(), "share.>"):
        record = Record.FromString(delivery.payload)
        age = record.observed_at.ToDatetime(START.tzinfo) - START
        numbers[record.name.rpartition("/")[2]].append(age // timedelta(minutes=1))
    return numbers


@pytest.mark.timeout(KILLS * SECONDS_A_KILL + 30)
async def test_kills_lose_no_answered_frame_and_the_books_balance(
    tmp_path: Path, books: Books
) -> None:
    """Every answered frame is on the bus exactly once, in its station's order."""
    seed = int(os.environ.get("LIANDONG_SEED") or random.randrange(1 << 32))
    print(f"LIANDONG_SEED={seed}")
    ports = {speech.feed: free_port() for speech in SPEECHES}
    city, options = city_of(tmp_path, ports)
    home = Home(tmp_path / "home")
    crowds = [Crowd(speech, ports[speech.feed], options) for speech in SPEECHES]
    async with EmbeddedServer(home, city.plan) as server:
        await reconcile(home, city.plan)

        async with asyncio.timeout(KILLS * SECONDS_A_KILL), running(crowds, tmp_path):
            kills = await kill_at_random(random.Random(seed), crowds, server)

        told = ", ".join(f"{what} {count}" for what, count in sorted(kills.items()))
        for crowd in crowds:
            agency = crowd.speech.agency
            async with Bus(BusSettings.of(home, city.plan, agency)) as bus:
                on_bus = await numbers_on_bus(bus, agency)
                audited = await audit(bus, agency, crowd.speech.feed)
            assert on_bus == {s.name: list(range(s.allowed)) for s in crowd.stations}
            assert not audited.findings
            feed, answered = audited.feed, sum(len(s.answered) for s in crowd.stations)
            assert feed.stored == answered
            sent = sum(station.sent for station in crowd.stations)
            books(
                f"{crowd.speech.feed}, killed ({told}), seed {seed}, {sent} sent, {answered} "
                "answered in order",
                feed,
            )
