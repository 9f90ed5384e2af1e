"""The gateway's hand in each agency's account: it publishes what the agency sends over gRPC.

Each has a connection with a key of its own, opened when it is first needed. An agency's
certificate moves its own hand and no other.
"""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

import structlog

from broker.connection import Bus, BusSettings
from broker.errors import BrokerError
from broker.lot import Result
from broker.outgoing import Outgoing
from broker.plan import stream_name
from broker.publisher import Publisher
from gateway.errors import BusAway, NoHand

_BUDGET_S = 10.0
_log = structlog.get_logger()


class Hands:
    """Publishes for agencies, each by its own connection.

    Use it as ``async with Hands(settings) as hands``.

    Args:
        settings: For each agency how its hand reaches the bus.
    """

    def __init__(self, settings: Mapping[str, BusSettings]) -> None:
        self._settings = settings
        self._open: dict[str, asyncio.Future[Publisher]] = {}
        self._keepers: dict[str, asyncio.Task[None]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for keeper in self._keepers.values():
            keeper.cancel()
        if self._keepers:
            await asyncio.wait(self._keepers.values())

    async def publish(self, agency: str, messages: Sequence[Outgoing]) -> list[Result]:
        """Store an agency's messages; return, in their order, what became of each.

        Raises:
            NoHand: If the gateway has no key to publish for the agency.
            BusAway: If the bus cannot be reached.
        """
        publisher = await asyncio.shield(self._hand(agency))
        return await publisher.publish_all(messages)

    def _hand(self, agency: str) -> "asyncio.Future[Publisher]":
        """Return an agency's publisher, as soon as it is open."""
        if agency not in self._settings:
            raise NoHand(agency)
        if agency not in self._keepers:
            hand = self._open[agency] = asyncio.get_running_loop().create_future()
            keeper = self._keepers[agency] = asyncio.create_task(self._keep(agency, hand))
            keeper.add_done_callback(lambda _: self._drop(agency))
        return self._open[agency]

    def _drop(self, agency: str) -> None:
        """Have the hand opened anew when it is needed next."""
        del self._keepers[agency], self._open[agency]

    async def _keep(self, agency: str, hand: "asyncio.Future[Publisher]") -> None:
        """Hold an agency's connection open; the task is its owner."""
        settings = self._settings[agency]
        try:
            async with contextlib.AsyncExitStack() as stack:
                bus = await stack.enter_async_context(Bus(settings))
                publisher = Publisher(bus, stream_name(agency), budget_s=_BUDGET_S)
                hand.set_result(await stack.enter_async_context(publisher))
                await asyncio.get_running_loop().create_future()
        except BrokerError as error:
            _log.warning("an agency's hand is closed", agency=agency, error=str(error))
            if not hand.done():
                hand.set_exception(BusAway(str(error)))
                # Whoever waited may have gone meanwhile.
                hand.exception()
