"""Parts fail while frames arrive; nothing that was answered is lost."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from adapters.runner import FeedRunner
from adapters.sdk.feed import FeedConfig
from broker.connection import Bus, BusSettings
from broker.home import Home
from broker.server import EmbeddedServer
from broker.streams import reconcile
from broker.subscriber import scan
from liandong.record.v1.record_pb2 import Record
from ops.demo import frames
from tests.conftest import small_plan

ZONE = ZoneInfo("Asia/Shanghai")
START = datetime(2026, 6, 15, 18, 0, tzinfo=ZONE)
FRAMES = 600


def frame(number: int) -> bytes:
    """Make a frame of a station and minute of its own."""
    sent = START + timedelta(milliseconds=number)
    return frames.hj212(
        station=f"320100{number:018d}",
        station_type="22",
        command="2011",
        sent=sent,
        observed=START,
        values=[("a34004", float(number))],
    )


class Logger:
    """A data logger: it repeats, over a new connection, what was not answered."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.answered: set[int] = set()
        self.halfway = asyncio.Event()
        self.unanswered = asyncio.Event()

    async def send(self, numbers: range) -> None:
        """Send frames until each is answered."""
        for number in numbers:
            while number not in self.answered:
                with suppress(OSError, EOFError, TimeoutError):
                    await self._send_once(number)

    async def _send_once(self, number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            writer.write(frame(number))
            try:
                async with asyncio.timeout(1):
                    answer = await reader.readuntil(b"\r\n")
            except TimeoutError:
                self.unanswered.set()
                raise
            assert b"CN=9014" in answer
            self.answered.add(number)
            if len(self.answered) == FRAMES // 80:
                self.halfway.set()
        finally:
            writer.close()


async def test_a_killed_server_loses_no_answered_frame_and_stores_resends_once(
    tmp_path: Path,
) -> None:
    """SIGKILL of nats-server while frames arrive; every frame is stored exactly once."""
    home, plan = Home(tmp_path / "home"), small_plan(("environment",))
    feed = FeedConfig(
        id="e",
        adapter="environment/hj212",
        agency="environment",
        source="tcp://127.0.0.1:0",
    )
    async with EmbeddedServer(home, plan) as server:
        await reconcile(home, plan)
        async with FeedRunner(feed, home, plan) as runner:
            port = int(runner.address.rpartition(":")[2])
            loggers = [Logger(port) for _ in range(20)]
            async with asyncio.TaskGroup() as group:
                for position, logger in enumerate(loggers):
                    group.create_task(logger.send(range(position, FRAMES, len(loggers))))
                async with asyncio.timeout(60):
                    await loggers[0].halfway.wait()
                    await server.kill()
                    await loggers[0].unanswered.wait()
                    await server.start()

            assert sum(len(logger.answered) for logger in loggers) == FRAMES
            async with Bus(BusSettings.of(home, plan, "environment")) as bus:
                stored = [
                    Record.FromString(delivery.payload).name
                    async for delivery in scan(bus, "ENVIRONMENT", "share.>")
                ]
            assert len(stored) == FRAMES
            assert len(set(stored)) == FRAMES
            ledger = runner.ledger
            assert ledger is not None
            assert ledger.received == ledger.stored + ledger.duplicates + ledger.quarantined
            assert ledger.stored == FRAMES
