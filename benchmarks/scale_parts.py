"""Processes of a load: each is told what to do by lines, and answers each with one of JSON."""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator
from typing import Any

_LINE = 1 << 28


class Part:
    """A process of the load, as seen by whoever runs it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    @property
    def pid(self) -> int:
        """Return the id of its process."""
        return self.process.pid

    async def told(self, line: str = "") -> dict[str, Any]:
        """Tell it something, and return its answer.

        Raises:
            SystemExit: If it has ended.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        if line:
            self.process.stdin.write(line.encode() + b"\n")
        answer = await self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"a part of the load ended with {await self.process.wait()}")
        found: dict[str, Any] = json.loads(answer)
        return found


@contextlib.asynccontextmanager
async def part(module: str, *arguments: object) -> AsyncIterator[Part]:
    """Run a process of the load, from ready to stopped."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", f"benchmarks.{module}", *map(str, arguments)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=_LINE,
    )
    assert process.stdin is not None
    made = Part(process)
    try:
        await made.told()
        yield made
    finally:
        process.stdin.close()
        await process.wait()


async def told_line() -> str:
    """Return the next line that this process was told; empty: it is to end."""
    line: str = await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
    return line.strip()


def tell(**answer: object) -> None:
    """Answer whoever runs this process."""
    print(json.dumps(answer), flush=True)
