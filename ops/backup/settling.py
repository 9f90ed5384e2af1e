"""Waiting until a restored stream is whole on all its servers, and knows its messages' ids."""

import asyncio
import contextlib
from typing import Final

from broker.api import call
from broker.connection import Bus
from broker.errors import StreamUnavailable

_PATIENCE_S: Final = 60.0
_LOOK_S: Final = 0.1


async def settled(there: Bus, stream: str) -> None:
    """Wait until a restored stream is led, and all its copies are whole.

    Then another server leads it: the one that restored it does not know the ids of its messages,
    and would store one that is sent again. Who follows reads them when it comes to lead.

    Raises:
        StreamUnavailable: If that does not come about.
    """
    first = await _led(there, stream, not_by="")
    if first:
        await call(there, stream, f"STREAM.LEADER.STEPDOWN.{stream}")
        await _led(there, stream, not_by=first)


async def _led(there: Bus, stream: str, not_by: str) -> str:
    """Return who leads a stream, once its copies are whole; empty: there is one copy."""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            while True:
                # While nobody leads, nobody answers.
                with contextlib.suppress(StreamUnavailable):
                    info = await call(there, stream, f"STREAM.INFO.{stream}")
                    if (copies := info["config"]["num_replicas"]) == 1:
                        return ""
                    leader = str(info["cluster"].get("leader", ""))
                    others = info["cluster"].get("replicas") or ()
                    whole = [one for one in others if one["current"]]
                    if leader not in {"", not_by} and len(whole) == copies - 1:
                        return leader
                await asyncio.sleep(_LOOK_S)
    except TimeoutError as error:
        raise StreamUnavailable(stream, "its copies do not get whole") from error
