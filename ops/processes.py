"""Child processes of the supervisor: ready, watched, started again, never orphaned."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import structlog

from ops.logs import FORM, JSON
from ops.options import METRICS

_READY_S = 60.0
_STOP_S = 20.0
_CALM_S = 60.0
_PAUSES_S = (0.5, 1.0, 2.0, 5.0, 10.0)
_log = structlog.get_logger()


class Child:
    """A part of `liandong` in a process of its own.

    It is ready when it prints a line of JSON, and ends when its standard input closes:
    so it ends with its supervisor, however that ends.

    Args:
        name: What it is called; its log is the file of this name.
        arguments: What follows `liandong`.
        logs: The folder of logs.
    """

    def __init__(self, name: str, arguments: Sequence[str], logs: Path) -> None:
        self.name = name
        self.address = ""
        self._arguments = arguments
        self._log = logs / f"{name}.log"
        self._process: asyncio.subprocess.Process | None = None
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start it, wait until it is ready, and keep it running.

        Raises:
            ChildProcessError: If it ends before it is ready; the sentence is its own.
        """
        await self._spawn()
        self._keeper = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        """Ask it to end; end it when it does not."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        if self._process is None or self._process.returncode is not None:
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(_STOP_S):
                await self._process.wait()
        except TimeoutError:
            _log.warning("a process did not stop and is killed", name=self.name)
            await self._kill()

    async def _kill(self) -> None:
        """End it at once."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def _spawn(self) -> None:
        """Start the process and read its line of readiness."""
        with self._log.open("ab") as log:
            start = log.tell()
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "ops.command",
                *self._arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=_environment(),
                start_new_session=True,
            )
        assert self._process.stdout is not None
        line = b""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_READY_S):
                line = await self._process.stdout.readline()
        if not line:
            await self._kill()
            raise ChildProcessError(f"{self.name} did not get ready: {self._said(start)}")
        self.address = str(json.loads(line)["address"])

    def _said(self, start: int) -> str:
        """Return the last event that it logged since a place in its log."""
        with self._log.open("rb") as log:
            log.seek(start)
            lines = log.read().decode(errors="replace").strip().splitlines()
        if not lines:
            return f"it said nothing; see {self._log}"
        try:
            event = json.loads(lines[-1])
            return str(event.get("reason") or event["event"])
        except (ValueError, KeyError, TypeError, AttributeError):
            return lines[-1]

    async def _keep(self) -> None:
        """Start it again when it ends, more slowly each time that it does not stay."""
        failures = 0
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            assert self._process is not None
            status = await self._process.wait()
            failures = 0 if loop.time() - began > _CALM_S else failures + 1
            pause = _PAUSES_S[min(failures, len(_PAUSES_S)) - 1] if failures else _PAUSES_S[0]
            _log.warning("a process ended", name=self.name, status=status, again_in_s=pause)
            await asyncio.sleep(pause)
            try:
                await self._spawn()
            except OSError as error:
                _log.error("a process does not come back", name=self.name, error=str(error))


def _environment() -> dict[str, str]:
    """Return the environment of a part: it logs JSON, and no two serve metrics at one port."""
    return {key: value for key, value in os.environ.items() if key != METRICS} | {FORM: JSON}
