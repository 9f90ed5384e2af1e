"""Waiting until a restored stream is whole on all its servers, and knows its messages' ids."""

import asyncio
from typing import Final

from broker.api import call
from broker.connection import Bus
from broker.errors import StreamUnavailable
from broker.health import bus_state

_PATIENCE_S: Final = 90.0
_AGAIN_S: Final = 10.0
_LOOK_S: Final = 0.1


async def settled(there: Bus, system: Bus, account: str, stream: str) -> None:
    """Wait until each server that shall hold a restored stream holds all of it.

    Then another leads it: the one that restored it does not know the ids of its messages, and
    would store one that is sent again. Who follows reads them when it comes to lead. It must
    not come to lead before it has all: the stream may then be without a leader for long.

    Args:
        there: An open connection of the account's administrator.
        system: One of the system account's reader.
        account: The account.
        stream: The stream, of several copies.

    Raises:
        StreamUnavailable: If that does not come about.
    """
    now = asyncio.get_running_loop().time
    end, again_at, first = now() + _PATIENCE_S, 0.0, ""
    while now() < end:
        leader, followers = await _led(there, stream)
        if leader and first not in {"", leader}:
            return
        if leader and now() >= again_at and await _is_whole(system, account, stream, followers):
            first = leader
            wanted = {"placement": {"preferred": followers[0]}}
            await call(there, stream, f"STREAM.LEADER.STEPDOWN.{stream}", wanted)
            # It may be chosen again.
            again_at = now() + _AGAIN_S
        await asyncio.sleep(_LOOK_S)
    raise StreamUnavailable(stream, "its copies do not get whole")


async def _led(there: Bus, stream: str) -> tuple[str, list[str]]:
    """Return who leads a stream, and who follows; empty: nobody leads."""
    try:
        info = await call(there, stream, f"STREAM.INFO.{stream}")
    except StreamUnavailable:
        # While nobody leads, nobody answers.
        return "", []
    others = info["cluster"].get("replicas") or ()
    return str(info["cluster"].get("leader", "")), [str(one["name"]) for one in others]


async def _is_whole(system: Bus, account: str, stream: str, followers: list[str]) -> bool:
    """Tell whether the copies of a stream, as servers tell of them themselves, are the same."""
    held = [
        (one.messages, one.last)
        for one in (await bus_state(system)).replicas
        if (one.account, one.stream) == (account, stream)
    ]
    return len(held) == len(followers) + 1 > 1 and len(set(held)) == 1
