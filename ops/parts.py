"""Parts of the system that run as processes of their own, until they are told to end."""

import asyncio
import json
import os
import signal
import stat
import sys


async def until_told(name: str, address: str) -> None:
    """Say that this process is ready, and wait until it is told to end.

    A supervisor tells it by closing its standard input, which also happens when the
    supervisor dies; a person or a service manager by a signal.
    """
    sys.stdout.write(json.dumps({"ready": name, "address": address}) + "\n")
    sys.stdout.flush()
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    handle = sys.stdin.fileno()

    def look() -> None:
        if not os.read(handle, 4096):
            told.set()

    watched = _has_someone_behind(handle)
    if watched:
        loop.add_reader(handle, look)
    await told.wait()
    if watched:
        loop.remove_reader(handle)


def _has_someone_behind(handle: int) -> bool:
    """Tell whether standard input can close some time: a pipe or socket, no file or device."""
    mode = os.fstat(handle).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)
