"""A department's watch that goes on at the other gateway, by its token, when it loses one."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

import grpc

from broker.home import Home
from liandong.gateway.v1 import shared_state_pb2 as api
from liandong.gateway.v1 import shared_state_pb2_grpc as rpc
from ops.client import credentials

_AGAIN = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED}
_PAUSE_S = 0.1


class Watcher:
    """A watch of all stations' records.

    Use it as ``async with Watcher(home, ports, every_revision=True) as watcher``.

    Args:
        home: Where the caller's certificate lies.
        ports: The gateways'; it begins with the first.
        every_revision: Whether it wants each revision, or the latest only.

    Attributes:
        told: The numbers of each station's frames, as changes told them.
        latest: The number of each station's frame that holds.
        moves: How often it went to another gateway.
        troubles: What was told that must not be.
    """

    def __init__(self, home: Home, ports: Sequence[int], *, every_revision: bool) -> None:
        self._ports = ports
        self._credentials = credentials(home, "police")
        self.every_revision = every_revision
        self.told: defaultdict[str, list[int]] = defaultdict(list)
        self.latest: dict[str, int] = {}
        self.moves = 0
        self.troubles: list[str] = []
        self._token = ""
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.wait((self._task,))

    def has_seen(self, marks: Mapping[str, int]) -> bool:
        """Tell whether it knows all that was answered at a time.

        Raises:
            AioRpcError: If a gateway ended it for good.
        """
        assert self._task is not None
        if self._task.done():
            self._task.result()
        return all(self.latest.get(name, -1) >= count - 1 for name, count in marks.items())

    async def _run(self) -> None:
        """Watch for ever, at one gateway after another."""
        while True:
            port = self._ports[self.moves % len(self._ports)]
            try:
                await self._watch(port)
            except grpc.aio.AioRpcError as error:
                if error.code() not in _AGAIN:
                    raise
            self.moves += 1
            await asyncio.sleep(_PAUSE_S)

    async def _watch(self, port: int) -> None:
        request = api.WatchRecordsRequest(
            selection=api.Selection(kinds=["environment.air"]),
            resume_token=self._token,
            every_revision=self.every_revision,
        )
        # Channels to one address share their connection, and how long it rests after a failure.
        own = [("grpc.use_local_subchannel_pool", 1)]
        async with grpc.aio.secure_channel(f"localhost:{port}", self._credentials, own) as channel:
            async for response in rpc.SharedStateServiceStub(channel).WatchRecords(request):
                for event in response.events:
                    self._take(event)

    def _take(self, event: api.RecordEvent) -> None:
        """Keep what an event tells, and whether it fits to what was told before."""
        self._token = event.resume_token or self._token
        if event.type == api.EVENT_TYPE_REMOVAL:
            self.troubles.append(f"{event.name} was taken away")
        if not event.HasField("record"):
            return
        name = event.record.name.rpartition("/")[2]
        (value,) = event.record.environment_air.measurements
        number, before = round(value.value), self.latest.get(name, -1)
        is_snapshot = event.type == api.EVENT_TYPE_SNAPSHOT
        if number < before or (number == before and not is_snapshot):
            self.troubles.append(f"{name}: {number} was told after {before}")
        if not is_snapshot or number > before:
            self.told[name].append(number)
        self.latest[name] = number
