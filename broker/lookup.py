"""Looking up single messages of a stream, and where it begins and ends."""

from datetime import datetime
from typing import NamedTuple

from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from broker.api import call
from broker.connection import Bus
from broker.delivery import Delivery
from broker.errors import StreamUnavailable

_PATIENCE_S = 5.0
_MISSING = "404"


class Extent(NamedTuple):
    """The first and last sequence of a stream; last < first: it is empty."""

    first: int
    last: int


async def extent(bus: Bus, stream: str) -> Extent:
    """Return where a stream begins and ends.

    Raises:
        StreamUnavailable: If it cannot be asked.
    """
    state = (await call(bus, stream, f"STREAM.INFO.{stream}"))["state"]
    return Extent(max(state["first_seq"], 1), state["last_seq"])


async def last_message(bus: Bus, stream: str, subject: str) -> Delivery | None:
    """Return the newest message of a subject; None: there is none.

    Raises:
        StreamUnavailable: If it cannot be read.
    """
    return await _get(bus, stream, f"$JS.API.DIRECT.GET.{stream}.{subject}", b"")


async def message_at(bus: Bus, stream: str, sequence: int) -> Delivery | None:
    """Return the message at a sequence; None: there is none.

    Raises:
        StreamUnavailable: If it cannot be read.
    """
    return await _get(bus, stream, f"$JS.API.DIRECT.GET.{stream}", b'{"seq":%d}' % sequence)


async def first_since(bus: Bus, stream: str, timestamp_ns: int) -> int:
    """Return the sequence of the first message stored at or after a moment; 0: there is none.

    Args:
        bus: An open connection whose user may read the stream.
        stream: The stream, of which nothing has been deleted from the middle.
        timestamp_ns: The moment, nanoseconds since 1970 UTC.

    Raises:
        StreamUnavailable: If the stream cannot be read.
    """
    first, last = await extent(bus, stream)
    end = last + 1
    while first < end:
        middle = (first + end) // 2
        found = await message_at(bus, stream, middle)
        if found is not None and found.timestamp_ns >= timestamp_ns:
            end = middle
        else:
            first = middle + 1
    return first if first <= last else 0


async def _get(bus: Bus, stream: str, subject: str, request: bytes) -> Delivery | None:
    """Ask for one message."""
    if not bus.nc.is_connected:
        raise StreamUnavailable(stream, "the bus is away")
    try:
        message = await bus.nc.request(subject, request, timeout=_PATIENCE_S)
    except NatsError as error:
        raise StreamUnavailable(stream, str(error).removeprefix("nats: ")) from error
    headers = message.headers or {}
    if headers.get("Status") == _MISSING:
        return None
    if "Nats-Sequence" not in headers:
        raise StreamUnavailable(stream, headers.get("Description", "the answer is no message"))
    return _delivery(message, headers)


def _delivery(message: Msg, headers: dict[str, str]) -> Delivery:
    """Return a message as its stream holds it."""
    return Delivery(
        headers["Nats-Subject"],
        message.data,
        headers,
        int(headers["Nats-Sequence"]),
        _nanoseconds(headers["Nats-Time-Stamp"]),
        0,
    )


def _nanoseconds(text: str) -> int:
    """Return a time of RFC 3339 in UTC as nanoseconds since 1970."""
    seconds, _, fraction = text.removesuffix("Z").partition(".")
    whole = int(datetime.fromisoformat(f"{seconds}+00:00").timestamp())
    return whole * 1_000_000_000 + int(fraction.ljust(9, "0") or "0")
