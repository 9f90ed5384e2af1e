"""The night as it is played: who watches, what each is told, and how soon."""

import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from liandong.record.v1.record_pb2 import STATUS_EXERCISE
from tests.e2e.yangtze.desks import Desk, Told
from tests.e2e.yangtze.scene import Scene
from tests.e2e.yangtze.stage import Feeds
from tests.gateway.town import City

EVERYBODY: Final = ("police", "environment", "health", "water", "weather", "emergency")
DRILL: Final = "drill"


class Night:
    """The night as it is played: who watches, what was told, and how soon.

    Attributes:
        desks: The departments' clients, and health's second one, which asked for drills.
        moments: When parts of the night were over, by their name, UTC.
        seconds: What happened, who heard of it, and after how many seconds.
    """

    def __init__(self, city: City, scene: Scene, feeds: Feeds, folder: Path) -> None:
        self.city, self.scene, self.feeds, self._folder = city, scene, feeds, folder
        self.desks: dict[str, Desk] = {}
        self.moments: dict[str, datetime] = {}
        self.seconds: list[tuple[str, str, float]] = []

    async def watch(self, stack: AsyncExitStack) -> None:
        """Open the departments' clients."""
        purposes = {"environment": "spill-response"}
        for agency in EVERYBODY:
            desk = Desk(self.city, agency, purposes.get(agency, ""))
            self.desks[agency] = await stack.enter_async_context(desk)
        drill = Desk(self.city, "health", status=STATUS_EXERCISE)
        self.desks[DRILL] = await stack.enter_async_context(drill)

    async def happens(
        self, event: str, sent: Callable[[], Awaitable[object]], **heard: tuple[str, ...]
    ) -> dict[tuple[str, str], Told]:
        """Let something happen, and wait until each department has heard of it.

        Args:
            event: What to call it.
            sent: Sends it through its socket.
            heard: By attribute of the scene, who hears of that record.

        Returns:
            What each was told, by department and attribute.
        """
        since = time.perf_counter()
        await sent()
        told = {
            (agency, word): await self.desks[agency].hears(getattr(self.scene, word), since)
            for word, agencies in heard.items()
            for agency in agencies
        }
        for (agency, word), one in told.items():
            self.seconds.append((f"{event} ({word})", agency, one.at - since))
        return told

    def is_over(self, moment: str) -> None:
        """Note that a part of the night is over."""
        self.moments[moment] = datetime.now(UTC)

    async def drop(self, to: str, content: bytes) -> None:
        """Drop a file into a feed's folder."""
        suffix = {"warnings": "xml", "calls": "csv"}[to]
        file = self._folder / f"{to}-file.{suffix}"
        file.write_bytes(content)
        moved = await getattr(self.feeds, to).drop(file)
        assert moved.parent.name == "done"
