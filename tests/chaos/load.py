"""Data loggers that send without end, and keep book of what they were answered."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from datetime import timedelta
from types import TracebackType
from typing import Self

from ops.demo import frames
from tests.e2e.stations import START, station_name, until

ANSWER_S = 2.0
_PAUSE_S = 0.05
_MORE = 5


class Logger:
    """A data logger: a frame each twentieth of a second, repeated until it is answered.

    Attributes:
        name: Of its record's entity.
        answered: How many of its frames, which are numbered from 0, are answered.
        skew: By how much its clock is wrong.
        skewed: The numbers of the frames that it sent meanwhile.
    """

    def __init__(self, port: int, station: int) -> None:
        self.name = station_name(station)
        self._port = port
        self.answered = 0
        self.skew = timedelta()
        self.skewed: set[int] = set()
        self.may_send = asyncio.Event()
        self.is_idle = False

    async def run(self) -> None:
        """Send for ever; over a new connection after each trouble."""
        while True:
            with contextlib.suppress(OSError, EOFError, TimeoutError):
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
                try:
                    await self._talk(reader, writer)
                finally:
                    writer.transport.abort()
            await asyncio.sleep(_PAUSE_S)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        frame, number = b"", -1
        while True:
            if not self.may_send.is_set():
                self.is_idle = True
                await self.may_send.wait()
                self.is_idle = False
            if number != self.answered:
                number, frame = self.answered, self._frame()
            writer.write(frame)
            async with asyncio.timeout(ANSWER_S):
                answer = await reader.readuntil(b"\r\n")
            assert b"CN=9014" in answer
            self.answered += 1
            await asyncio.sleep(_PAUSE_S)

    def _frame(self) -> bytes:
        """Make the next frame; a second time it is the same, also when the clock was set since."""
        if self.skew:
            self.skewed.add(self.answered)
        skew = self.skew if self.answered in self.skewed else timedelta()
        at = START + timedelta(seconds=self.answered) + skew
        return frames.hj212(
            station=self.name,
            station_type="22",
            command="2011",
            sent=at,
            observed=at,
            values=[("a34004", float(self.answered))],
        )


class Load:
    """All loggers.

    Use it as ``async with Load(ports) as load``.

    Args:
        ports: The port of each one's adapter.
    """

    def __init__(self, ports: Sequence[int]) -> None:
        self.loggers = [Logger(port, number) for number, port in enumerate(ports, 1)]
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(logger.run()) for logger in self.loggers]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)

    def marks(self) -> dict[str, int]:
        """Return how many frames of each logger are answered."""
        return {logger.name: logger.answered for logger in self.loggers}

    def resume(self) -> None:
        """Let all send."""
        for logger in self.loggers:
            logger.may_send.set()

    async def pause(self) -> None:
        """Have all stop once what they have sent is answered."""
        for logger in self.loggers:
            logger.may_send.clear()
        await self.until(lambda: all(logger.is_idle for logger in self.loggers))

    async def goes_on(self, more: int = _MORE) -> None:
        """Wait until each logger has been answered so many frames more."""
        before = self.marks()
        await self.until(
            lambda: all(one.answered >= before[one.name] + more for one in self.loggers)
        )

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait for a fact, unless a logger has come to an end.

        Raises:
            AssertionError: If one was answered otherwise than as it must.
        """
        await until(lambda: holds() or any(task.done() for task in self._tasks))
        for task in self._tasks:
            if task.done():
                task.result()
