"""Reading streams in order: followed for ever, or once up to now.

A follower is an ordered consumer read by callback, never by fetch loops. It checks the
consumer's own numbering; a gap, a lost connection or a reset makes it begin again after
the last sequence it delivered, so that the reader sees each message once and in order.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Literal, Self

import structlog
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.api import ConsumerConfig, ConsumerInfo, DeliverPolicy
from nats.js.client import JetStreamContext

from broker.connection import Bus

Start = Literal["all", "last_per_subject", "new"] | int
_PENDING_MESSAGES = 2_000_000
_PENDING_BYTES = 2 << 30
_HEARTBEAT_S = 5.0
_RETRY_S = 0.5
_log = structlog.get_logger()


@dataclass(slots=True)
class Delivery:
    """A message as its stream holds it.

    Attributes:
        subject: Its subject.
        payload: Its bytes, exactly as they were published.
        headers: Its headers.
        sequence: Its sequence in the stream.
        timestamp_ns: When the stream stored it, nanoseconds since 1970 UTC.
        pending: How many more were there behind it.
    """

    subject: str
    payload: bytes
    headers: Mapping[str, str]
    sequence: int
    timestamp_ns: int
    pending: int


class Follower:
    """A subscription that delivers a stream's messages in order until closed.

    Attributes:
        caught_up: Set once all that was there at the start has been delivered.
    """

    def __init__(
        self, bus: Bus, stream: str, subject: str, on_delivery: Callable[[Delivery], None]
    ) -> None:
        self.caught_up = asyncio.Event()
        self._bus = bus
        self._stream = stream
        self._subject = subject
        self._on_delivery = on_delivery
        self._last = 0
        self._restart = asyncio.Event()
        self._subscription: JetStreamContext.PushSubscription | None = None
        self._keeper: asyncio.Task[None] | None = None

    async def start(self, start: Start) -> None:
        """Begin at ``start``: all, the last of each subject, what is new, or a sequence."""
        await self._subscribe(start)
        self._keeper = asyncio.create_task(self._keep())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Stop delivering."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.gather(self._keeper, return_exceptions=True)
        await self._drop()

    async def _subscribe(self, start: Start) -> None:
        """Make the consumer."""
        config = ConsumerConfig(
            deliver_policy={
                "all": DeliverPolicy.ALL,
                "last_per_subject": DeliverPolicy.LAST_PER_SUBJECT,
                "new": DeliverPolicy.NEW,
            }.get(str(start), DeliverPolicy.BY_START_SEQUENCE),
            opt_start_seq=start if isinstance(start, int) else None,
        )
        self._subscription = await self._bus.js.subscribe(
            self._subject,
            stream=self._stream,
            ordered_consumer=True,
            config=config,
            cb=self._deliver,
            pending_msgs_limit=_PENDING_MESSAGES,
            pending_bytes_limit=_PENDING_BYTES,
            idle_heartbeat=_HEARTBEAT_S,
        )
        info = await self._subscription.consumer_info()
        if not _ahead(info):
            self.caught_up.set()

    async def _drop(self) -> None:
        """End the consumer, as far as the server can still be told."""
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            try:
                await subscription.unsubscribe()
            except NatsError as error:
                _log.debug("a consumer could not be ended", error=str(error))

    async def _deliver(self, message: Msg) -> None:
        """Pass a message on when it is the next one."""
        metadata = message.metadata
        sequence = metadata.sequence.stream
        if sequence <= self._last:
            return
        self._last = sequence
        pending = metadata.num_pending
        self._on_delivery(
            Delivery(
                message.subject,
                message.data,
                message.headers or {},
                sequence,
                int(metadata.timestamp.timestamp() * 1e9),
                pending,
            )
        )
        if not pending:
            self.caught_up.set()

    async def _keep(self) -> None:
        """Look after the consumer: when it has fallen behind without delivering, make it anew."""
        while True:
            await asyncio.sleep(_HEARTBEAT_S)
            before = self._last
            try:
                if await self._stalled(before):
                    _log.warning("a stream is followed anew", stream=self._stream, after=before)
                    await self._drop()
                    await self._subscribe(before + 1 if before else "all")
            except (NatsError, TimeoutError) as error:
                _log.debug("the stream cannot be asked", stream=self._stream, error=str(error))

    async def _stalled(self, before: int) -> bool:
        """Tell whether the stream holds later messages of ours that have not come."""
        if not self._bus.nc.is_connected or self._subscription is None:
            return False
        try:
            last = await self._bus.js.get_last_msg(self._stream, self._subject, direct=True)
        except NatsError:
            return False
        if last.seq is None or last.seq <= before:
            return False
        await asyncio.sleep(_RETRY_S)
        return self._last == before


def _ahead(info: ConsumerInfo) -> int:
    """Return how many messages a new consumer has delivered or will deliver of what is there."""
    delivered = info.delivered.consumer_seq if info.delivered else 0
    return (info.num_pending or 0) + delivered


async def follow(
    bus: Bus,
    stream: str,
    subject: str,
    on_delivery: Callable[[Delivery], None],
    *,
    start: Start = "all",
) -> Follower:
    """Follow a stream's messages on a subject, in order, until the follower is closed.

    Args:
        bus: An open connection whose user may read the stream.
        stream: The stream.
        subject: Which of its subjects; wildcards allowed.
        on_delivery: Called with each message; it must be quick and must not wait.
        start: Where to begin.
    """
    follower = Follower(bus, stream, subject, on_delivery)
    await follower.start(start)
    return follower


async def scan(
    bus: Bus,
    stream: str,
    subject: str,
    *,
    headers_only: bool = False,
    start_sequence: int = 1,
) -> AsyncIterator[Delivery]:
    """Read what a stream holds now on a subject, in order, once.

    Args:
        bus: An open connection whose user may read the stream.
        stream: The stream.
        subject: Which of its subjects; wildcards allowed.
        headers_only: Leave the payloads out.
        start_sequence: Where to begin.
    """
    arrived: asyncio.Queue[Msg] = asyncio.Queue()
    subscription = await bus.js.subscribe(
        subject,
        stream=stream,
        ordered_consumer=True,
        config=ConsumerConfig(
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=max(start_sequence, 1),
            headers_only=headers_only or None,
        ),
        cb=arrived.put,
        pending_msgs_limit=_PENDING_MESSAGES,
        pending_bytes_limit=_PENDING_BYTES,
    )
    try:
        info = await subscription.consumer_info()
        left = _ahead(info)
        while left:
            message = await arrived.get()
            metadata = message.metadata
            left = metadata.num_pending
            yield Delivery(
                message.subject,
                message.data,
                message.headers or {},
                metadata.sequence.stream,
                int(metadata.timestamp.timestamp() * 1e9),
                left,
            )
    finally:
        await subscription.unsubscribe()
