"""Trying again: one way for all transports, ever more rarely, until stopped."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar

import structlog
import tenacity

from adapters.sdk.adapter import Outcome
from adapters.sdk.errors import AdapterError
from adapters.sdk.message import Message, Undecodable
from adapters.sdk.pipeline import Pipeline

T = TypeVar("T")
_FIRST_S = 0.5
_LONGEST_S = 30.0
_log = structlog.get_logger()


class Trouble(AdapterError):
    """Something outside is not as it should be, and may come right by itself.

    Attributes:
        wait_s: How long whoever is asked wants to be left alone, seconds; 0: it does not say.
    """

    def __init__(self, what: str, wait_s: float = 0.0) -> None:
        super().__init__(what)
        self.wait_s = wait_s


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait, unless stopped."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


async def unless_stopped(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """Do work and return what it does; when stopped meanwhile, call it off and return None."""
    working = asyncio.ensure_future(work)
    stopping = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return await working
        return None
    finally:
        for task in (working, stopping):
            task.cancel()
        await asyncio.gather(working, stopping, return_exceptions=True)


class Retry:
    """Does work until it succeeds or the transport is stopped.

    What fails is logged, and told as what hinders the feed until it succeeds.

    Args:
        feed: The feed's id.
        pipeline: Where its books are.
        stop: Set when the transport is stopped.
        first_s: Wait after the first failure, seconds; it doubles with each.
        longest_s: Longest wait, seconds.
    """

    def __init__(
        self,
        feed: str,
        pipeline: Pipeline,
        stop: asyncio.Event,
        *,
        first_s: float,
        longest_s: float,
    ) -> None:
        self._feed = feed
        self._pipeline = pipeline
        self._stop = stop
        self._first_s = first_s
        self._longest_s = max(first_s, longest_s)

    async def __call__(self, work: Callable[[], Awaitable[str | None]]) -> None:
        """Do it; work that is done may return what of it hinders the feed all the same.

        This is a transport's outermost loop: also a fault of our own is logged and gone
        on from, for a feed that runs and takes nothing would be worse.
        """

        async def once() -> None:
            # tenacity awaits only what is declared async, not a lambda that returns a coroutine.
            hindrance = await work()
            if hindrance:
                self._pipeline.hinder(hindrance)
            else:
                self._pipeline.recover()

        await _retrying(
            self._stop,
            self._first_s,
            self._longest_s,
            retry=tenacity.retry_if_exception_type(),
            before_sleep=self._say,
            retry_error_callback=self._say,
        )(once)

    def _say(self, state: tenacity.RetryCallState) -> None:
        """Tell why it failed, and when it is tried again."""
        assert state.outcome is not None
        error = state.outcome.exception()
        wait = round(state.upcoming_sleep, 1)
        if isinstance(error, Trouble):
            _log.warning("tried in vain", feed=self._feed, error=str(error), next_s=wait)
            self._pipeline.hinder(str(error))
        else:
            _log.error("the transport failed: report this", feed=self._feed, exc_info=error)
            self._pipeline.hinder(f"the transport failed ({type(error).__name__}): report this")


async def settle(
    pipeline: Pipeline,
    messages: Sequence[Message | Undecodable],
    source: str,
    stop: asyncio.Event,
    *,
    speaker: str = "",
) -> list[Outcome | None]:
    """Settle messages that nobody would send again; try until the bus takes all, or stopped.

    Args:
        pipeline: Settles.
        messages: What a decoder cut, in order.
        source: Who sent them.
        stop: When set, the try under way is the last.
        speaker: The connection that speaks; empty: none.

    Returns:
        What became of each; None: not stored.
    """
    outcomes = await pipeline.submit(messages, source, speaker=speaker)

    async def again() -> bool:
        left = [index for index, outcome in enumerate(outcomes) if outcome is None]
        found = await pipeline.submit(
            [messages[index] for index in left], source, speaker=speaker, is_repeat=True
        )
        for index, outcome in zip(left, found, strict=True):
            outcomes[index] = outcome
        return None in outcomes

    if None in outcomes and not stop.is_set():
        shown = pipeline.concealed(source)
        _log.warning("held until the bus takes them", source=shown, messages=len(messages))
        await _retrying(
            stop,
            _FIRST_S,
            _LONGEST_S,
            retry=tenacity.retry_if_result(bool),
            retry_error_callback=lambda _: None,
        )(again)
    return outcomes


def _retrying(
    stop: asyncio.Event, first_s: float, longest_s: float, **how: Any
) -> tenacity.AsyncRetrying:
    """Return tenacity as all transports use it."""
    usual = tenacity.wait_exponential(multiplier=first_s, max=longest_s) + tenacity.wait_random(
        0, first_s / 10
    )

    def wait(state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.wait_s if isinstance(error, Trouble) else 0.0
        return max(usual(state), asked)

    return tenacity.AsyncRetrying(
        wait=wait,
        stop=lambda _: stop.is_set(),
        sleep=lambda seconds: pause(stop, seconds),
        **how,
    )
