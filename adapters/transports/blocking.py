"""Calls that block, and may never return: each in a thread that holds nothing up."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, TypeVar

from adapters.transports.retry import Trouble

T = TypeVar("T")
_MOST_HANGING: Final = 8


class Blocking:
    """Makes calls and waits for them no longer than it was told.

    A call that is given up goes on in its thread until whatever it waits for ends; what it
    returns then is dropped. The process does not wait for it when it ends.

    Args:
        name: What the threads are called.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._threads: list[threading.Thread] = []

    async def __call__(self, call: Callable[[], T], seconds: float) -> T:
        """Return what a call returns.

        Raises:
            TimeoutError: If it does not return within so many seconds.
            Trouble: If too many calls that were given up hang still.
        """
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        if len(self._threads) >= _MOST_HANGING:
            raise Trouble(
                f"{len(self._threads)} calls hang that were given up: have the other side "
                "restarted, or restart this feed"
            )
        outcome: Future[T] = Future()
        outcome.set_running_or_notify_cancel()
        thread = threading.Thread(target=_run, args=(call, outcome), name=self._name, daemon=True)
        self._threads.append(thread)
        thread.start()
        async with asyncio.timeout(seconds):
            return await asyncio.wrap_future(outcome)


def _run(call: Callable[[], T], outcome: Future[T]) -> None:
    """Make a call, and hand on how it ended."""
    try:
        result = call()
    except Exception as error:  # noqa: BLE001 - raised again where it is waited for
        outcome.set_exception(error)
    else:
        outcome.set_result(result)
