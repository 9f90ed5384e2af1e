"""What every transport is, and what keeps its place."""

from typing import Protocol

from adapters.transports.retry import Trouble
from broker.checkpoints import KeyValueCheckpoint
from broker.errors import BrokerError


class Transport(Protocol):
    """How bytes come in."""

    @property
    def address(self) -> str:
        """Return where they come from, without what may be secret in it."""

    async def start(self) -> None:
        """Begin.

        Raises:
            FeedMisconfigured: If it cannot begin as configured.
        """

    async def stop(self) -> None:
        """Settle what is under way, and end."""


class Checkpoint(Protocol):
    """Where a poll goes on after a restart; each feed has one."""

    async def load(self) -> bytes | None:
        """Return what was saved last; None: nothing yet.

        Raises:
            Trouble: If it cannot be had at the moment.
        """

    async def save(self, place: bytes) -> None:
        """Keep a place until the next is saved; what it follows is settled already.

        Raises:
            Trouble: If it cannot be kept at the moment; the poll then reads again from
                the one before, and ends as duplicates.
        """


class BusCheckpoint:
    """Keeps a poll's place on the bus, across restarts of everything.

    Args:
        kept: The place on the bus.
    """

    def __init__(self, kept: KeyValueCheckpoint) -> None:
        self._kept = kept

    async def load(self) -> bytes | None:
        """Return what was saved last; None: nothing yet.

        Raises:
            Trouble: If the bus is away.
        """
        try:
            return await self._kept.load()
        except BrokerError as error:
            raise Trouble(str(error)) from error

    async def save(self, place: bytes) -> None:
        """Keep a place.

        Raises:
            Trouble: If the bus is away.
        """
        try:
            await self._kept.save(place)
        except BrokerError as error:
            raise Trouble(str(error)) from error


class ForgetfulCheckpoint:
    """Keeps a poll's place as long as the process lives."""

    def __init__(self) -> None:
        self._place: bytes | None = None

    async def load(self) -> bytes | None:
        """Return what was saved last."""
        return self._place

    async def save(self, place: bytes) -> None:
        """Keep a place."""
        self._place = place
