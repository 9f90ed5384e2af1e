"""What is done to a town. Each returns when it is over; the load goes on all the while."""

import random
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.chaos.town import NODES, Town

Act = Callable[[Town, random.Random], Awaitable[None]]


@dataclass(frozen=True)
class Fault:
    """A fault.

    Attributes:
        name: What it is.
        act: Does it, and ends it.
        is_short: Whether it is of those that run at each change.
    """

    name: str
    act: Act
    is_short: bool = False


async def kill_the_leader(town: Town, rng: random.Random) -> None:
    """Kill who leads the agency's stream, and start it again later."""
    machine = town.wired.by_name[await town.leader()]
    await machine.stop()
    await town.load.goes_on()
    await machine.start()


async def pause_a_server(town: Town, rng: random.Random) -> None:
    """Stop the leader where it stands, so that its connections stay open; let it go on later."""
    machine = town.wired.by_name[await town.leader()]
    machine.signal(signal.SIGSTOP)
    try:
        await town.load.goes_on()
    finally:
        machine.signal(signal.SIGCONT)


async def kill_a_gateway(town: Town, rng: random.Random) -> None:
    """Kill a gateway, and start it again when its watchers are at the other."""
    gone = rng.randrange(len(town.gateways))
    moves = [watcher.moves for watcher in town.watchers]
    await town.gateways[gone].stop()
    await town.load.until(
        lambda: any(one.moves > before for one, before in zip(town.watchers, moves, strict=True))
    )
    await town.load.goes_on()
    await town.gateways[gone].start()


FAULTS = (
    Fault("the stream's leader is killed", kill_the_leader, is_short=True),
    Fault("a server is paused (SIGSTOP)", pause_a_server, is_short=True),
    Fault("a gateway is killed", kill_a_gateway, is_short=True),
)
