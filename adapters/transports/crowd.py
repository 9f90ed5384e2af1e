"""All connections of a transport, their limits, and what they hold together."""

import asyncio
from typing import Protocol

from adapters.sdk.pipeline import Pipeline
from adapters.transports.dialect import Dialect
from adapters.transports.guests import Guest, Guests
from adapters.transports.tls import TlsOptions


class ConnectionLimits(TlsOptions, frozen=True, forbid_unknown_fields=True):
    """Limits of connections, and their certificates.

    Attributes:
        max_connections: How many may be open at once; of more, those that have said nothing
            are hung up on, and then newcomers.
        max_waiting: Messages of one connection that wait before it is read no further.
        max_waiting_bytes: What all connections together may hold before each is read only
            as far as it is settled.
        stall_s: After how long without a byte an unfinished message is given up, seconds.
        idle_s: After how long without a byte, or with answers that the peer does not
            read, a connection is closed, seconds.
        max_faults: Faulty pieces in a row after which a connection is closed: whoever
            sends that many does not speak the protocol.
    """

    max_connections: int = 4096
    max_waiting: int = 2048
    max_waiting_bytes: int = 64 << 20
    stall_s: float = 60.0
    idle_s: float = 1800.0
    max_faults: int = 256


class Member(Guest, Protocol):
    """One of the connections."""

    async def drain(self) -> None:
        """Settle and answer what has come, then hang up."""


class Crowd(Guests[Member]):
    """All connections of a transport, and what they hold together.

    Args:
        feed: The feed's id.
        dialect: How their bytes are read and answered.
        pipeline: Settles messages.
        limits: Their limits.
    """

    def __init__(
        self, feed: str, dialect: Dialect, pipeline: Pipeline, limits: ConnectionLimits
    ) -> None:
        super().__init__(limits.max_connections)
        self.feed = feed
        self.dialect = dialect
        self.pipeline = pipeline
        self.limits = limits
        self.held_bytes = 0

    async def drain(self) -> None:
        """Settle and answer what has come from each, then hang up."""
        await asyncio.gather(*(member.drain() for member in tuple(self.members)))
