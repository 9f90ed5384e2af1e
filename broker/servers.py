"""Asking the bus's servers themselves how they fare."""

import asyncio
import contextlib
import json
from collections.abc import Mapping
from typing import Any

from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from broker.connection import Bus
from broker.errors import StreamUnavailable

_PATIENCE_S = 3.0
# Servers of one cluster answer within milliseconds of each other.
_QUIET_S = 0.15


async def ask_servers(
    bus: Bus, what: str, options: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """Return each server's answer: ``server`` says which it is, ``data`` what it tells.

    Args:
        bus: An open connection of the system account's reader.
        what: What is asked, in the words of the server's monitoring: ``VARZ``, ``JSZ`` ...
        options: What is asked of it.

    Raises:
        StreamUnavailable: If no server answers.
    """
    arrived: asyncio.Queue[Msg] = asyncio.Queue()
    inbox = bus.nc.new_inbox()
    answers: list[dict[str, Any]] = []
    try:
        subscription = await bus.nc.subscribe(inbox, cb=arrived.put)
        try:
            subject = f"$SYS.REQ.SERVER.PING.{what}"
            await bus.nc.publish(subject, json.dumps(options or {}).encode(), reply=inbox)
            with contextlib.suppress(TimeoutError):
                while True:
                    async with asyncio.timeout(_QUIET_S if answers else _PATIENCE_S):
                        message = await arrived.get()
                    answer = json.loads(message.data)
                    if "data" in answer:
                        answers.append(answer)
        finally:
            await bus.end(subscription)
    except NatsError as error:
        raise StreamUnavailable("of the system account", str(error)) from error
    if not answers:
        raise StreamUnavailable("of the system account", "no server answers")
    return sorted(answers, key=lambda answer: str(answer["server"]["name"]))
