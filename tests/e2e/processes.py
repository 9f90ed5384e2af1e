"""Parts of a city as processes that a test can kill."""

import asyncio
import os
import sys
from pathlib import Path


async def begun(log: Path, *command: str, **environment: str) -> asyncio.subprocess.Process:
    """Start `liandong` with these words; it ends when its standard input is closed.

    Args:
        log: The file at whose end it logs.
        command: The words after ``liandong``.
        environment: What its environment has besides this process's own.
    """
    with log.open("ab") as errors:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "ops.command", *command),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
            env={**os.environ, **environment},
        )
