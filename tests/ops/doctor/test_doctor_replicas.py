"""What the doctor says of three servers that do not hold the same."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

from broker.connection import Bus, BusSettings
from broker.nodes import DATA
from ops.city import read_city
from ops.doctor.case import Case
from ops.doctor.checks import examine
from ops.doctor.finding import Finding, Weight
from ops.doctor.ports import places
from ops.doctor.replicas import judge_copies
from ops.metrics.bus_watch import BusWatch
from tests.e2e.machines import PATIENCE_S, Machine, Machines, city_file, node

POLICE = ("POLICE", "POLICE")
LOT = 100


async def test_a_hole_in_one_servers_copy_is_told_until_that_server_was_emptied(
    tmp_path: Path,
) -> None:
    """Nobody fills what a damaged block left; the doctor's remedy does."""
    file = city_file(tmp_path, "cluster", node("nats-1"), node("nats-2"), node("nats-3"))
    async with Machines(file, tmp_path) as machines, BusWatch(machines.home, machines.city) as bus:
        damaged = machines.by_name["nats-2"]
        await fill(machines)
        sound = await told(machines, file, lambda found: not found)
        # What ended well needs nothing more of its log, from which a hole could be filled.
        await damaged.end()
        away = await told(machines, file, lambda found: any("answer" in one for one in found))
        damage(damaged)
        await damaged.start()
        hole = await told(machines, file, lambda found: any("lacks" in one for one in found))
        metric = await missed(bus)

        await damaged.end()
        shutil.rmtree(damaged.folder / DATA / "jetstream")
        await damaged.start()
        healed = await told(machines, file, lambda found: not found)

    # By then all three were compared.
    assert sound == healed == []
    assert away == ["server nats-2 does not answer the others: start it; its log says why it ended"]
    (line,) = hole
    assert line.startswith("server nats-2 lacks ")
    assert " messages of POLICE, which nats-1 and nats-3 have: stop it, delete jetstream" in line
    assert line.split()[3] == str(metric)
    assert metric > LOT


def test_of_two_copies_with_holes_neither_is_to_be_copied() -> None:
    """The one that has all must lead before any server is emptied."""
    (one, other) = judge_copies({POLICE: {"a": [5, 5], "b": [0, 0], "c": [9, 9]}})

    assert (one.about, other.about) == ("server a", "server c")
    assert one.problem == "lacks 5 messages of POLICE, which b has"
    assert one.remedy.startswith("have b lead POLICE and save the city before you touch any server")


def test_what_is_gone_the_next_time_was_no_hole() -> None:
    """A copy that drops a little later than the others what is too old."""
    assert list(judge_copies({POLICE: {"a": [3, 0], "b": [0, 0]}})) == []


def test_a_copy_that_is_not_there_yet_is_noted() -> None:
    """A server that was emptied begins to be filled a little after it was started."""
    (found,) = judge_copies({POLICE: {"a": [0, 0], "b": [0, 0]}}, wanted=3)

    assert found.weight is Weight.NOTE
    assert "for example POLICE, have fewer than 3 copies now" in found.sentence


def test_a_copy_that_could_not_be_compared_is_noted() -> None:
    """It lags, or nobody stands still."""
    (found,) = judge_copies({POLICE: {"a": [0, 0], "b": [0, 0], "c": []}})

    assert found.weight is Weight.NOTE
    assert found.sentence.startswith("server c cannot be compared with others in POLICE")


def test_servers_with_folders_of_their_own_are_not_looked_for_in_the_home(tmp_path: Path) -> None:
    """They may be on any machine, and are asked themselves."""
    alone = read_city(city_file(tmp_path, "single"))
    many = read_city(city_file(tmp_path, "cluster", node("nats-1"), node("nats-2"), node("nats-3")))

    assert [place.part for place in places(alone)] == ["nats-server", "gateway"]
    assert [place.part for place in places(many)] == ["gateway"]


async def fill(machines: Machines) -> None:
    """Store more than a block of records."""
    async with Bus(BusSettings.of(machines.home, machines.plan, "police")) as bus:
        for lot in range(10):
            await asyncio.gather(
                *(
                    bus.nc.request(
                        f"share.police.incident.report.e{lot}-{number}",
                        bytes(10_000),
                        timeout=PATIENCE_S,
                    )
                    for number in range(LOT)
                )
            )


def damage(machine: Machine) -> None:
    """Have the second half of a stream's first block read as zeros."""
    (file,) = machine.folder.rglob("POLICE/msgs/1.blk")
    half = file.stat().st_size // 2
    with file.open("r+b") as block:
        block.seek(half)
        block.write(bytes(half))


async def told(
    machines: Machines, file: Path, is_awaited: Callable[[list[str]], bool]
) -> list[str]:
    """Return the doctor's words, once they are as awaited."""

    def ask() -> list[Finding]:
        return examine(Case(machines.home, file), "replicas")

    async with asyncio.timeout(PATIENCE_S):
        while True:
            sentences = [one.sentence for one in await asyncio.to_thread(ask)]
            if is_awaited(sentences):
                return sentences


async def missed(bus: BusWatch) -> int:
    """Return what the metric says that the damaged copy lacks."""
    async with asyncio.timeout(PATIENCE_S):
        while not (lacking := bus.missing.get((*POLICE, "nats-2"))):
            await bus.refresh()
    assert not any(count for key, count in bus.missing.items() if key != (*POLICE, "nats-2"))
    return lacking
