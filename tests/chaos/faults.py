"""What is done to a town. Each returns when it is over; the load goes on all the while."""

import asyncio
import random
import shutil
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from broker.nodes import DATA
from broker.users import HUB, admin
from tests.chaos.checks import known, stored
from tests.chaos.town import CITY, NODES, STREAM, Part, Town
from tests.e2e.machines import Cable, Machine

_LONG = 150
_CUT_S = 60.0
_ROOM = 20_000
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


async def pause_a_server(town: Town, rng: random.Random, frames: int = 5) -> None:
    """Stop the leader where it stands, so that its connections stay open; let it go on later."""
    machine = town.wired.by_name[await town.leader()]
    machine.signal(signal.SIGSTOP)
    try:
        await town.load.goes_on(frames)
    finally:
        machine.signal(signal.SIGCONT)


async def pause_a_server_for_long(town: Town, rng: random.Random) -> None:
    """Stop the leader until the others have long chosen another; let it go on then."""
    await pause_a_server(town, rng, _LONG)


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


async def kill_two_in_turn(town: Town, rng: random.Random) -> None:
    """Kill two servers, the second while the first is down: nobody leads until one is back."""
    gone = [town.wired.by_name[name] for name in rng.sample(NODES, 2)]
    for machine in gone:
        await machine.stop()
        await town.load.goes_on(_LONG // 3)
    rng.shuffle(gone)
    for machine in gone:
        await machine.start()
        await town.load.goes_on()


async def part_a_server(town: Town, rng: random.Random) -> None:
    """Cut the leader from the other servers, but not from its clients."""
    await _cut(town, town.wired.of(await town.leader()), town.load.goes_on(_LONG))


async def fill_a_limit(town: Town, rng: random.Random) -> None:
    """Leave the city's stream room for a few records; give it more later."""
    async with town.bus(admin(HUB)) as bus:
        held = await bus.js.stream_info(CITY)
        limit = held.config.max_bytes
        await bus.js.update_stream(held.config, max_bytes=held.state.bytes + _ROOM)
        await town.load.goes_on(_LONG)
        # All is answered, and waits in the agency's stream.
        assert not any(watcher.has_seen(known(town)) for watcher in town.watchers)
        await bus.js.update_stream(held.config, max_bytes=limit)


async def skew_a_clock(town: Town, rng: random.Random) -> None:
    """Set a station's clock a day back, and right again."""
    logger = rng.choice(town.load.loggers)
    logger.skew = timedelta(days=-1)
    await town.load.goes_on(20)
    logger.skew = timedelta()
    assert len(logger.skewed) >= 20


async def damage_a_file(town: Town, rng: random.Random) -> None:
    """Change bytes of both streams on a server's disk; empty it later, and have it lead them.

    Of a damaged block that is not the last, nats-server drops messages and gets only what comes
    after the stream's end from the others. So its folder is emptied, as operators must.
    """
    name = rng.choice(NODES)
    machine = town.wired.by_name[name]
    await machine.stop()
    for stream in (STREAM, CITY):
        files = sorted(machine.folder.rglob(f"{stream}/msgs/*.blk"))
        _damage(rng.choice(files), rng)
    await town.load.goes_on()
    await machine.start()
    await town.load.goes_on()
    await machine.stop()
    shutil.rmtree(machine.folder / DATA / "jetstream")
    await machine.start()
    await town.load.goes_on()
    await town.whole()
    for stream in (STREAM, CITY):
        await town.lead(name, stream)


def _damage(file: Path, rng: random.Random) -> None:
    """Turn a few bytes of a file into others."""
    held = bytearray(file.read_bytes())
    for _ in range(5):
        held[rng.randrange(len(held))] ^= 1 << rng.randrange(8)
    file.write_bytes(held)


async def restart_everything(town: Town, rng: random.Random) -> None:
    """Kill and start all servers, adapters and gateways, one after another, in any order."""
    parts: list[Machine | Part] = [*town.wired.by_name.values(), *town.adapters, *town.gateways]
    rng.shuffle(parts)
    for part in parts:
        await part.stop()
        await part.start()


async def cut_a_leaf(town: Town, rng: random.Random) -> None:
    """Cut a department's server from the hub for a minute; its own streams are read meanwhile."""

    async def go_on() -> None:
        now = asyncio.get_running_loop().time
        end = now() + _CUT_S
        while now() < end:
            answered = town.load.marks()
            own = await stored(town, STREAM)
            assert all(len(own[name]) >= count for name, count in answered.items())
            await town.load.goes_on(_LONG)
        assert not any(watcher.has_seen(known(town)) for watcher in town.watchers)

    await _cut(town, town.wired.of("leaf-environment"), go_on())


async def lose_packets(town: Town, rng: random.Random) -> None:
    """Have the leader's packets vanish, to servers and clients alike; no connection is closed."""
    assert town.segment is not None
    *_, last = NODES
    for stream in (STREAM, CITY):
        await town.lead(last, stream)
    await town.segment.vanish()
    try:
        await town.load.goes_on(_LONG)
        # The others have found out that nobody is there, by silence.
        assert await town.leader() != last
    finally:
        await town.segment.mend()


async def _cut(town: Town, cables: list[Cable], meanwhile: Awaitable[None]) -> None:
    """Cut cables while something is done."""
    for cable in cables:
        cable.cut()
    try:
        await meanwhile
        assert sum(cable.refused for cable in cables)
    finally:
        for cable in cables:
            cable.mend()


FAULTS = (
    Fault("the stream's leader is killed", kill_the_leader, is_short=True),
    Fault("two servers are killed in turn", kill_two_in_turn),
    Fault("a server is parted from the others", part_a_server),
    Fault("a server is paused (SIGSTOP)", pause_a_server, is_short=True),
    Fault("a server is paused until others lead", pause_a_server_for_long),
    Fault("the city's stream is full", fill_a_limit),
    Fault("a gateway is killed", kill_a_gateway, is_short=True),
    Fault("a station's clock is a day slow", skew_a_clock),
    Fault("files are damaged, then emptied", damage_a_file),
    Fault("everything is restarted", restart_everything),
)
PACKETS_LOST = Fault("a leader's packets vanish, connections stay", lose_packets)
LEAF_CUT = Fault("a leaf is cut for a minute", cut_a_leaf)
