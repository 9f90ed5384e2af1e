"""How legacy systems send: they wait for the answer, and repeat when none comes."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import structlog
import tenacity

_ANSWER_TIMEOUT_S = 10.0
_RECONNECT_S = 1.0
_log = structlog.get_logger()


class Station:
    """A logger or telemetry station: one connection, one frame at a time.

    Use it as ``async with contextlib.aclosing(Station(...)) as station``.

    Args:
        host: The adapter's host.
        port: The adapter's port.
        is_answered: Tells from the bytes received whether the frame is answered.
    """

    def __init__(self, host: str, port: int, is_answered: Callable[[bytes], bool]) -> None:
        self._host = host
        self._port = port
        self._is_answered = is_answered
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, frame: bytes) -> None:
        """Send the frame until it is answered, over a new connection each time it fails."""
        async for attempt in tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception_type((OSError, EOFError)),
            wait=tenacity.wait_fixed(_RECONNECT_S),
        ):
            with attempt:
                try:
                    async with asyncio.timeout(_ANSWER_TIMEOUT_S):
                        await self._exchange(frame)
                except (OSError, EOFError) as error:
                    _log.warning("demo station repeats its frame", error=str(error))
                    await self.aclose()
                    raise

    async def _exchange(self, frame: bytes) -> None:
        """Send the frame once and read until it is answered."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        writer.write(frame)
        await writer.drain()
        received = b""
        while not self._is_answered(received):
            chunk = await reader.read(4096)
            if not chunk:
                raise EOFError("the adapter closed the connection before it answered")
            received += chunk

    async def aclose(self) -> None:
        """Hang up."""
        if self._streams is not None:
            _, writer = self._streams
            self._streams = None
            writer.close()


def drop(folder: Path, name: str, content: bytes) -> None:
    """Put a file into a drop folder whole: written under a hidden name, then renamed."""
    folder.mkdir(parents=True, exist_ok=True)
    hidden = folder / f".{name}"
    hidden.write_bytes(content)
    os.replace(hidden, folder / name)  # noqa: PTH105 - the atomic rename is the point
