"""Reading streams in order: followed for ever, or once up to now."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Sequence

from nats.aio.msg import Msg

from broker.connection import Bus
from broker.consumer import Consumer
from broker.delivery import Delivery
from broker.errors import StreamUnavailable
from broker.follower import Follower

_SILENCE_S = 5.0
__all__ = ["Follower", "follow", "read", "scan"]


async def follow(
    bus: Bus,
    stream: str,
    subjects: str | Sequence[str],
    on_delivery: Callable[[Delivery], None],
    *,
    start: int = 1,
    last_of_each: bool = False,
    on_restart: Callable[[], None] | None = None,
    on_passed: Callable[[int], None] | None = None,
) -> Follower:
    """Follow a stream's messages on a subject, in order, until the follower is closed.

    Args:
        bus: An open connection whose user may read the stream.
        stream: The stream.
        subjects: Which of its subjects; wildcards allowed, and no two may overlap.
        on_delivery: Called with each message; it must be quick and must not wait.
        start: The sequence at which to begin.
        last_of_each: Begin with the last message of each subject instead, in the order of
            the stream; what is stored from then on follows without a seam.
        on_restart: Called when the stream is no longer what it was, before it is
            delivered from its start again: what was delivered may be gone.
        on_passed: Called in silences with the sequence up to which all has been delivered,
            messages on other subjects passed over.

    Raises:
        StreamUnavailable: If the stream cannot be read.
    """
    follower = Follower(
        bus,
        stream,
        _several(subjects),
        on_delivery,
        on_restart=on_restart,
        on_passed=on_passed,
        last_of_each=last_of_each,
    )
    await follower.start(start)
    return follower


async def scan(
    bus: Bus,
    stream: str,
    subjects: str | Sequence[str],
    *,
    headers_only: bool = False,
    start_sequence: int = 1,
    start_ns: int | None = None,
) -> AsyncGenerator[Delivery, None]:
    """Read what a stream holds now on a subject, in order, once.

    Args:
        bus: An open connection whose user may read the stream.
        stream: The stream.
        subjects: Which of its subjects; wildcards allowed, and no two may overlap.
        headers_only: Leave the payloads out.
        start_sequence: Where to begin.
        start_ns: Begin with what was stored at this time or later instead, nanoseconds since
            1970 UTC.

    Raises:
        StreamUnavailable: If the stream cannot be read to its end.
    """
    arrived: asyncio.Queue[Msg | None] = asyncio.Queue()
    consumer = Consumer(bus, stream, *_several(subjects))
    stop = bus.on_lost(lambda: arrived.put_nowait(None))
    try:
        left = await consumer.open(
            arrived.put, start_sequence, headers_only=headers_only, start_ns=start_ns
        )
        while left > 0:
            message = await _next(arrived, stream)
            delivery = await consumer.take(message)
            if delivery is not None:
                # What comes while it is read may be left; what goes will not come.
                left = min(left - 1, delivery.pending)
                yield delivery
            elif consumer.idle:
                return
    finally:
        stop()
        await consumer.close()


async def read(bus: Bus, stream: str, subject: str, first: int, last: int) -> list[Delivery]:
    """Return what a stream holds on a subject from one sequence to another, both included.

    Raises:
        StreamUnavailable: If the stream cannot be read.
    """
    found = []
    async with contextlib.aclosing(scan(bus, stream, subject, start_sequence=first)) as deliveries:
        async for delivery in deliveries:
            if delivery.sequence > last:
                break
            found.append(delivery)
            if delivery.sequence == last:
                break
    return found


def _several(subjects: str | Sequence[str]) -> Sequence[str]:
    """Return one subject as several."""
    return (subjects,) if isinstance(subjects, str) else subjects


async def _next(arrived: "asyncio.Queue[Msg | None]", stream: str) -> Msg:
    """Return what arrives next.

    Raises:
        StreamUnavailable: If nothing more will.
    """
    try:
        if arrived.empty():
            async with asyncio.timeout(_SILENCE_S):
                message = await arrived.get()
        else:
            message = arrived.get_nowait()
    except TimeoutError as error:
        raise StreamUnavailable(stream, f"nothing was heard for {_SILENCE_S:.0f} s") from error
    if message is None:
        raise StreamUnavailable(stream, "the connection was lost while it was read")
    return message
