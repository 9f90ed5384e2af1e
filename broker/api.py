"""Asking the JetStream API, with every refusal told at once and in our own words."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from nats.errors import Error as NatsError

from broker.connection import Bus
from broker.errors import StreamUnavailable

_PATIENCE_S = 5.0


async def call(
    bus: Bus, stream: str, verb: str, request: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Ask the API about a stream and return its answer.

    Args:
        bus: An open connection whose user may ask.
        stream: The stream, for the error.
        verb: What is asked, as the subject below ``$JS.API``.
        request: What is asked of it.

    Raises:
        StreamUnavailable: If the bus is away, the user may not ask, the stream is not
            there, or no answer comes.
    """
    if not bus.nc.is_connected:
        raise StreamUnavailable(stream, "the bus is away")
    subject = f"$JS.API.{verb}"
    trouble: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def tell(problem: str) -> None:
        if not trouble.done():
            trouble.set_result(problem)

    stop_denied = bus.on_denied(
        lambda refused: (
            tell(f"this user may not publish on {subject}") if refused == subject.lower() else None
        )
    )
    stop_lost = bus.on_lost(lambda: tell("the connection was lost"))
    payload = json.dumps(request).encode() if request is not None else b""
    asking = asyncio.ensure_future(bus.nc.request(subject, payload, timeout=_PATIENCE_S))
    try:
        await asyncio.wait((asking, trouble), return_when=asyncio.FIRST_COMPLETED)
        if not asking.done():
            raise StreamUnavailable(stream, trouble.result())
        answer: dict[str, Any] = json.loads((await asking).data)
    except NatsError as error:
        raise StreamUnavailable(stream, str(error).removeprefix("nats: ")) from error
    finally:
        asking.cancel()
        stop_denied()
        stop_lost()
    if "error" in answer:
        raise StreamUnavailable(stream, str(answer["error"].get("description", "no reason given")))
    return answer
