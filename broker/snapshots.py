"""Snapshots of streams: the server's own, exact to sequence, time, header and message id.

The bytes are the server's own form of a stream (a compressed archive of its files) and are
kept as they come.

Source: NATS JetStream, ``$JS.API.STREAM.SNAPSHOT`` and ``$JS.API.STREAM.RESTORE``.
"""

import json
from collections.abc import Callable, Iterable
from typing import Any

from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from broker.api import call
from broker.connection import Bus
from broker.errors import StreamUnavailable

CHUNK = 128 << 10
"""Size of the pieces in which a snapshot is sent, bytes."""
_PATIENCE_S = 30.0
_STATUS = "Status"
_END = "204"


async def snapshot(bus: Bus, stream: str, write: Callable[[bytes], object]) -> dict[str, Any]:
    """Read a stream as it is at this moment, while it goes on.

    Args:
        bus: The connection of the account's administrator.
        stream: The stream.
        write: Is given each piece, in order.

    Returns:
        Its ``config`` and its ``state``, which restoring needs.

    Raises:
        StreamUnavailable: If the server does not give it whole.
    """
    inbox = bus.nc.new_inbox()
    subscription = await bus.nc.subscribe(inbox)
    try:
        told = await call(
            bus,
            stream,
            f"STREAM.SNAPSHOT.{stream}",
            {"deliver_subject": inbox, "chunk_size": CHUNK, "no_consumers": True, "jsck": True},
        )
        while True:
            piece: Msg = await subscription.next_msg(timeout=_PATIENCE_S)
            if not piece.data:
                _require_end(stream, piece)
                break
            write(piece.data)
            if piece.reply:
                # The server sends on when it knows what has arrived.
                await bus.nc.publish(piece.reply, b"")
    except NatsError as error:
        raise StreamUnavailable(stream, f"its snapshot broke off: {error or 'no data'}") from error
    finally:
        await bus.end(subscription)
    return {"config": told["config"], "state": told["state"]}


def _require_end(stream: str, last: Msg) -> None:
    """Check that the empty piece is the end, and no failure.

    Raises:
        StreamUnavailable: If the server gave up.
    """
    status = (last.headers or {}).get(_STATUS, _END)
    if status.split()[0] != _END:
        why = (last.headers or {}).get("Description", status)
        raise StreamUnavailable(stream, f"its snapshot broke off: {why}")


async def restore(bus: Bus, stream: str, facts: dict[str, Any], pieces: Iterable[bytes]) -> None:
    """Make a stream of its snapshot; there must be none of its name.

    Args:
        bus: The connection of the account's administrator.
        stream: The stream.
        facts: What `snapshot` returned.
        pieces: What `snapshot` wrote, in order, each no larger than the bus takes.

    Raises:
        StreamUnavailable: If the server refuses it.
    """
    begun = await call(bus, stream, f"STREAM.RESTORE.{stream}", facts)
    subject = begun["deliver_subject"]
    try:
        for piece in pieces:
            _require_taken(stream, await bus.nc.request(subject, piece, timeout=_PATIENCE_S))
        done = await bus.nc.request(subject, b"", timeout=_PATIENCE_S)
    except (TimeoutError, NatsError) as error:
        raise StreamUnavailable(stream, f"restoring it broke off: {error}") from error
    _require_taken(stream, done)
    held = json.loads(done.data)["state"]
    wanted = facts["state"]
    if held["last_seq"] != wanted["last_seq"]:
        raise StreamUnavailable(
            stream,
            f"restored it ends at {held['last_seq']}, expected {wanted['last_seq']}",
        )


def _require_taken(stream: str, answer: Msg) -> None:
    """Check what the server says of a piece.

    Raises:
        StreamUnavailable: If it refused.
    """
    if answer.data and "error" in (said := json.loads(answer.data)):
        raise StreamUnavailable(stream, str(said["error"].get("description", "no reason given")))
