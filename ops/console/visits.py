"""Who came to the console, who left, and who was not let in, on record.

Nobody waits for it: the console is needed most when the bus is away.
"""

import asyncio
import time
from typing import Final

import structlog

from broker.errors import BrokerError
from gateway.audit.access import ANSWERED, Course
from ops.evidence import SIGN_IN, Actor, Evidence, refused

_REFUSALS: Final = 10
_WINDOW_S: Final = 60.0
_log = structlog.get_logger()


class Visits:
    """Records visits beside the answers.

    Args:
        evidence: Where they are recorded.
    """

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._under_way: set[asyncio.Task[None]] = set()
        self._began = 0.0
        self._told = self._untold = 0

    def note(self, method: str, actor: Actor, course: Course = ANSWERED) -> None:
        """Record a visit's beginning or end."""
        task = asyncio.create_task(self._record(method, actor, course))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    def refused(self, actor: Actor, reason: str, told: str) -> None:
        """Record that somebody was not let in.

        Anybody who reaches the port can cause this, and the log must not fill by it: of those
        of a minute the first ten have an entry, the next entry says how many had none.

        Args:
            actor: Who tried, as far as is known.
            reason: Why, for programs.
            told: The same as it was told.
        """
        now = time.monotonic()
        if now - self._began >= _WINDOW_S:
            self._began, self._told = now, 0
        if self._told >= _REFUSALS:
            self._untold += 1
            return
        self._told += 1
        before = f"; {self._untold} more before were not recorded" if self._untold else ""
        self._untold = 0
        self.note(SIGN_IN, actor, refused(reason, f"{told}{before}"))

    async def settle(self) -> None:
        """Wait until all is recorded."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    async def _record(self, method: str, actor: Actor, course: Course) -> None:
        try:
            await self._evidence.record(method, actor, course)
        except BrokerError as error:
            _log.warning(
                "a visit is not in the record of accesses",
                action=method,
                agency=actor.agency,
                error=str(error),
            )
