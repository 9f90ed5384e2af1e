"""Watching: what is selected now, a bookmark, then what changes.

Watchers who have selected the same are a group, for which a change is looked at and encoded
once, and which keeps what they have still to be sent.
"""

import asyncio
import contextlib
import hashlib
from collections import Counter
from collections.abc import Callable

import msgspec
import structlog

from broker.errors import StreamUnavailable
from broker.revisions import Revisions
from gateway.agreements import Agreements
from gateway.calls import Call
from gateway.errors import StreamAway, TooManyWatches
from gateway.group import Group
from gateway.groups import Groups
from gateway.lookout import Tally
from gateway.mask import mask_of
from gateway.missed import Replay
from gateway.resume import Place
from gateway.selection import Selector, digest
from gateway.snapshot import WHOLE, Snapshots
from gateway.validity import require_valid
from gateway.view import StateView
from gateway.watched import Watched
from gateway.watcher import Sources, Watcher
from liandong.gateway.v1.shared_state_pb2 import WatchRecordsRequest

# A write costs some 20 us: a tenth of one processor, whatever the number of watchers.
_WINDOW_S_EACH = 0.0002
_WINDOW_S = (0.002, 0.05)
_HEARTBEAT_S = 15.0
_BEHIND_S = 2.0
_LOOK_S = 0.02
_log = structlog.get_logger()


class WatchLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What watches may take.

    Attributes:
        department: How many one department may have open.
        total: How many there may be.
        unread_s: How long a caller may not read.
        backlog_bytes: How much of every revision is kept for those who read slowly, in each
            group that watches the same.
    """

    department: int = 2500
    total: int = 8000
    unread_s: float = 30.0
    backlog_bytes: int = 8 << 20


class Watches:
    """Serves watches.

    Args:
        view: The shared state.
        agreements: Who may read what.
        revisions: What the city's stream keeps.
        limits: What watches may take.
        feeds: Returns how the feeds fare that bring what is selected, as elements of an
            event's ``feeds``.
        tally: Where it is counted what is not sent; None: nowhere.
    """

    def __init__(
        self,
        view: StateView,
        agreements: Agreements,
        revisions: Revisions,
        limits: WatchLimits | None = None,
        feeds: Callable[[Selector], bytes] = lambda _: b"",
        *,
        tally: Tally | None = None,
    ) -> None:
        self._view = view
        self._revisions = revisions
        self._limits = limits or WatchLimits()
        self._sources = Sources(
            view, Snapshots(view), Replay(view, revisions), feeds, tally or Tally()
        )
        self._groups = Groups(view, agreements, self._window_s, self._limits.backlog_bytes)
        self._open: Counter[str] = Counter()

    def __len__(self) -> int:
        return self._open.total()

    async def watch_records(self, request: WatchRecordsRequest, call: Call) -> None:
        """Send a watch's events until the caller has gone.

        Raises:
            GatewayError: With what the caller is told.
        """
        require_valid(request)
        call.permit.require_selection(request.selection, later=True)
        mask = mask_of(request.read_mask)
        encode = WHOLE if mask is None else mask.sized
        bound_to = _digest(request)
        after = Place.of(request.resume_token, bound_to) if request.resume_token else None
        agency = call.caller.agency
        self._admit(agency)
        self._open[agency] += 1
        try:
            if after is not None:
                await self._reach(after)
                if request.every_revision and not self._groups.stream:
                    # A moment later it is known, and the place with it: nothing is gone yet.
                    raise StreamAway
            watched = Watched(call.caller, request.selection, bound_to)
            group = self._groups.of(watched, encode, every_revision=request.every_revision)
            await self._watch(group, request, call, after)
        finally:
            self._open[agency] -= 1

    async def _watch(
        self, group: Group, request: WatchRecordsRequest, call: Call, after: Place | None
    ) -> None:
        """Watch as one of a group."""
        has_interval = request.HasField("heartbeat_interval")
        watcher = Watcher(
            self._sources,
            group,
            call,
            every_revision=request.every_revision,
            heartbeat_s=request.heartbeat_interval.ToMilliseconds() / 1e3
            if has_interval
            else _HEARTBEAT_S,
        )
        group.watchers.add(watcher)
        try:
            await watcher.run(after, self._limits.unread_s)
        finally:
            group.leave(watcher)
            if not group.watchers:
                self._groups.end(group)

    async def refresh(self) -> None:
        """Learn which stream is read.

        Raises:
            StreamUnavailable: If it does not answer.
        """
        self._groups.stream = (await self._revisions.facts()).identity

    def restart(self) -> None:
        """Trust no token until it is known which stream is read from now on."""
        self._groups.stream = ""

    async def tick(self, tick_s: float) -> None:
        """Send heartbeats that are due, and end watches that nobody reads.

        Args:
            tick_s: How long it is until the next tick.
        """
        now = asyncio.get_running_loop().time()
        for group in self._groups:
            for watcher in group.watchers:
                watcher.tick(now, tick_s, self._limits.unread_s)
        if not self._groups.stream:
            try:
                await self.refresh()
            except StreamUnavailable as error:
                _log.warning("it is not known which stream is read", error=str(error))

    def _window_s(self) -> float:
        """Return how long changes are joined before the next write, in seconds."""
        shortest, longest = _WINDOW_S
        return min(max(shortest, len(self) * _WINDOW_S_EACH), longest)

    def _admit(self, agency: str) -> None:
        """Refuse one watch too many.

        Raises:
            TooManyWatches: If it is.
        """
        if self._open[agency] >= self._limits.department:
            raise TooManyWatches(f"department {agency}", self._limits.department)
        if len(self) >= self._limits.total:
            raise TooManyWatches("the gateway", self._limits.total)

    async def _reach(self, after: Place) -> None:
        """Wait until the view has what another gateway's watcher has seen.

        Raises:
            StreamAway: If it cannot be told how far the stream goes.
        """
        if after.sequence <= self._view.reached or after.stream != self._groups.stream:
            return
        try:
            facts = await self._revisions.facts()
        except StreamUnavailable as error:
            raise StreamAway from error
        if facts.last_sequence < after.sequence:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_BEHIND_S):
                # Nobody is told of revisions that change nothing, so somebody must look.
                while self._view.reached < after.sequence:  # noqa: ASYNC110
                    await asyncio.sleep(_LOOK_S)


def _digest(request: WatchRecordsRequest) -> str:
    """Return what binds a token to what is watched: the selection, and the fields wanted."""
    bound_to = digest(request.selection)
    paths = ",".join(sorted(set(request.read_mask.paths)))
    return f"{bound_to}:{hashlib.sha256(paths.encode()).hexdigest()[:8]}" if paths else bound_to
