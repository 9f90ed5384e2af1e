"""Settles what comes in parcels from many senders: datagrams, queued messages.

What arrives while a lot is being stored goes into the next one. What the bus does not
take is held and tried again, for whoever sent it may not send it again.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from adapters.sdk.adapter import Outcome
from adapters.sdk.message import Message, Undecodable
from adapters.sdk.pipeline import Pipeline
from adapters.transports.retry import settle

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Parcel:
    """What came together.

    Attributes:
        source: Who sent it.
        messages: What it holds.
        settled: Called with what became of each message, once each is safe.
        speaker: Who speaks for the stations in it; empty: nobody.
    """

    source: str
    messages: Sequence[Message | Undecodable]
    settled: Callable[[Sequence[Outcome]], None]
    speaker: str = ""


class Intake:
    """Takes parcels, settles them, and says so to each.

    Args:
        feed: The feed's id.
        pipeline: Settles messages.
        limit: How many parcels may be here before it is full.
        has_room: Called when it is full no more.
    """

    def __init__(
        self, feed: str, pipeline: Pipeline, limit: int, has_room: Callable[[], None]
    ) -> None:
        self._pipeline = pipeline
        self._limit = limit
        self._has_room = has_room
        self._waiting: list[Parcel] = []
        self._under_way = 0
        self._worker: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()
        self._log = _log.bind(feed=feed)

    @property
    def is_full(self) -> bool:
        """Tell whether no more should be put in for now."""
        return len(self._waiting) + self._under_way >= self._limit

    def put(self, parcel: Parcel) -> None:
        """Take a parcel."""
        self._waiting.append(parcel)
        self._work_on()

    async def drain(self) -> None:
        """Settle what is here; what the bus does not take at once is given up, and told."""
        self._stop.set()
        while self._worker is not None:
            await asyncio.wait((self._worker,))

    def _work_on(self) -> None:
        """Work on what waits, unless that is under way."""
        if self._worker is None and self._waiting:
            self._worker = asyncio.get_running_loop().create_task(self._work())
            self._worker.add_done_callback(self._worked)

    def _worked(self, worker: asyncio.Task[None]) -> None:
        """Go on after a fault of our own: what came with it stays unacknowledged."""
        self._worker = None
        error = None if worker.cancelled() else worker.exception()
        if error is not None:
            self._log.error("a lot failed: report this", exc_info=error)
        self._work_on()

    async def _work(self) -> None:
        """Settle what waits, lot by lot, until nothing does."""
        while self._waiting:
            lot, self._waiting = self._waiting, []
            self._under_way = len(lot)
            by_source: dict[str, list[Parcel]] = {}
            for parcel in lot:
                by_source.setdefault(parcel.source, []).append(parcel)
            try:
                await asyncio.gather(
                    *(self._settle(source, parcels) for source, parcels in by_source.items())
                )
            finally:
                self._under_way = 0
                self._has_room()

    async def _settle(self, source: str, parcels: Sequence[Parcel]) -> None:
        """Settle the parcels of one sender, in their order."""
        messages = [message for parcel in parcels for message in parcel.messages]
        speaker = parcels[0].speaker
        outcomes = (
            await settle(self._pipeline, messages, source, self._stop, speaker=speaker)
            if messages
            else []
        )
        at = 0
        for parcel in parcels:
            size = len(parcel.messages)
            safe = [outcome for outcome in outcomes[at : at + size] if outcome is not None]
            at += size
            if len(safe) == size:
                parcel.settled(safe)
            else:
                shown = self._pipeline.concealed(source)
                self._log.error("not stored: the bus is away", source=shown, messages=size)
