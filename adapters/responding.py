"""Runs one responder: the department's records, and what answers from them."""

import asyncio
import contextlib
from types import TracebackType
from typing import Self

import structlog

from adapters.sdk.endpoints import endpoints
from adapters.sdk.errors import ResponderMisconfigured
from adapters.sdk.records import OwnRecords
from adapters.sdk.responder import ResponderConfig, responder_of
from broker.answering import Answering
from broker.connection import Bus, BusSettings
from broker.home import Home
from broker.plan import BusPlan, stream_name
from broker.subscriber import follow

_log = structlog.get_logger()


class ResponderRunner:
    """One responder, running.

    Use it as ``async with ResponderRunner(config, home, plan)``; inside, it answers, and has
    seen all records that were there.

    Args:
        config: The responder.
        home: Where its agency's key lies.
        plan: The bus.

    Attributes:
        answering: What answers; None: it does not run.

    Raises:
        ResponderMisconfigured: On entering, if it cannot start as configured.
        BusUnreachable: On entering, if the bus cannot be reached.
        StreamUnavailable: On entering, if the department's stream cannot be read.
    """

    def __init__(self, config: ResponderConfig, home: Home, plan: BusPlan) -> None:
        self.config = config
        self.answering: Answering | None = None
        self._home = home
        self._plan = plan
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        config, records = self.config, OwnRecords()
        responder = responder_of(config, records)
        served = endpoints(responder)
        if not served:
            raise ResponderMisconfigured(
                config.id,
                f"{config.responder} answers nothing",
                "mark a method of it with @answers(...)",
            )
        settings = BusSettings.of(self._home, self._plan, config.agency)
        async with contextlib.AsyncExitStack() as stack:
            bus = await stack.enter_async_context(Bus(settings))
            followers = [
                await stack.enter_async_context(
                    await follow(
                        bus,
                        stream_name(config.agency),
                        f"share.{config.agency}.{kind}.>",
                        records.take,
                    )
                )
                for kind in responder.follows
            ]
            await asyncio.gather(*(follower.caught_up.wait() for follower in followers))
            answering = Answering(
                bus, config.agency, served, version=responder.version, limit=config.limit
            )
            self.answering = await stack.enter_async_context(answering)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # The bus may end the body; what it raises then must get out of here.
        await self._stack.__aexit__(kind, error, trace)
