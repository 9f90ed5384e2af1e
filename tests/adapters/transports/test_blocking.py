"""Calls that block: waited for, given up, and never too many of them."""

import threading
from collections.abc import Iterator

import pytest

from adapters.transports.blocking import Blocking
from adapters.transports.retry import Trouble
from tests.adapters.transports.running import PATIENCE_S


@pytest.fixture
def never() -> Iterator[threading.Event]:
    """Return what nobody sets before the test's end."""
    event = threading.Event()
    yield event
    event.set()


async def test_what_a_call_returns_or_raises_is_handed_on() -> None:
    """As if it had been made here."""
    blocking = Blocking("calls")

    assert await blocking(lambda: 7, PATIENCE_S) == 7
    with pytest.raises(ZeroDivisionError):
        await blocking(lambda: 1 / 0, PATIENCE_S)


async def test_a_call_that_hangs_is_given_up(never: threading.Event) -> None:
    """Others are made meanwhile."""
    blocking = Blocking("calls")

    with pytest.raises(TimeoutError):
        await blocking(never.wait, 0.01)
    assert await blocking(lambda: 7, PATIENCE_S) == 7


async def test_so_many_calls_may_hang_and_no_more(never: threading.Event) -> None:
    """Threads do not pile up; once those return, calls are made again."""
    blocking = Blocking("calls")
    for _ in range(8):
        with pytest.raises(TimeoutError):
            await blocking(never.wait, 0.01)

    with pytest.raises(Trouble, match="8 calls hang"):
        await blocking(lambda: 7, PATIENCE_S)

    never.set()
    for thread in blocking._threads:
        thread.join(PATIENCE_S)
    assert await blocking(lambda: 7, PATIENCE_S) == 7
