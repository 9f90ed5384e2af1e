"""What a gateway of a part of the state takes, beside one of the whole.

    python -m benchmarks.state_parts [RECORDS]

A real server with `CITY`, and records of which three quarters are vehicles, a quarter air
stations and two hundred warnings. For each of the whole state and two parts a process of its
own follows the stream into the state view and indexes it, as the gateway does before it serves;
then a fifth as many records come as fast as they are acknowledged. Printed are records held,
seconds to the index, what the process grew by, and its processor time for each record that came
to the bus. Medians of three rounds.
"""

import asyncio
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

import uvloop

from benchmarks.city import free_port
from benchmarks.startup import plan_of, publish
from benchmarks.state_gateway import resident
from broker.connection import Bus, BusSettings
from broker.home import Home
from broker.server import EmbeddedServer
from broker.state_part import WHOLE, StatePart
from broker.streams import reconcile
from broker.subscriber import follow
from broker.users import CITY
from gateway.loading import loading
from gateway.view import StateView

ROUNDS = 3
PARTS = (
    WHOLE,
    StatePart("air", kinds=("environment.*",)),
    StatePart("warnings", kinds=("weather.*",)),
)
_SETTLED_S = 1.0


async def hold(part: StatePart, folder: Path, port: int) -> None:
    """Hold a part; print what that took, and at the end of the input what it took since."""
    home, plan, view = Home(folder), plan_of(port), StateView()
    loop = asyncio.get_running_loop()
    async with Bus(BusSettings.of(home, plan, "gateway")) as bus:
        before, began = resident(), time.perf_counter()
        with loading():
            state = await follow(bus, CITY, part.subjects, view.take, last_of_each=True)
            await state.caught_up.wait()
            view.index()
        took = time.perf_counter() - began
        print(json.dumps({"s": took, "bytes": resident() - before, "held": len(view)}), flush=True)
        worked = time.process_time()
        await loop.run_in_executor(None, sys.stdin.read)
        print(json.dumps({"worked": time.process_time() - worked}), flush=True)
        await state.close()


async def holder(
    part: StatePart, folder: Path, port: int
) -> tuple[asyncio.subprocess.Process, dict[str, float]]:
    """Start a holder of a part, and return what it took."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "benchmarks.state_parts", part.name or "whole", str(folder), str(port)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    return process, json.loads(await process.stdout.readline())


async def round_of(folder: Path, port: int, more: int, seed: int) -> list[dict[str, float]]:
    """Have each part held, have more records come, and return what each took."""
    found = [await holder(part, folder, port) for part in PARTS]
    await publish(Home(folder), plan_of(port), more, seed)
    # The last ones are still on their way to the holders.
    await asyncio.sleep(_SETTLED_S)
    taken = []
    for process, _ in found:
        # All of them before any is waited for: a later one has the earlier ones' inputs too.
        assert process.stdin is not None
        process.stdin.close()
    for process, took in found:
        output, _ = await process.communicate()
        taken.append({**took, "us": json.loads(output)["worked"] / more * 1e6})
    return taken


async def main(count: int) -> None:
    """Compare parts with the whole."""
    with tempfile.TemporaryDirectory(prefix="liandong-bench-") as name:
        folder, port = Path(name), free_port()
        home, plan = Home(folder), plan_of(port)
        async with EmbeddedServer(home, plan):
            await reconcile(home, plan)
            await publish(home, plan, count)
            rounds = [
                await round_of(folder, port, count // 5, seed) for seed in range(8, 8 + ROUNDS)
            ]
    for number, part in enumerate(PARTS):
        taken = [each[number] for each in rounds]
        middle = {key: statistics.median(one[key] for one in taken) for key in taken[0]}
        print(
            f"{part.name or 'whole':8} | {middle['held']:9,.0f} records | {middle['s']:5.2f} s | "
            f"{middle['bytes'] / 1e6:6.1f} MB | {middle['us']:5.1f} us a record on the bus",
            flush=True,
        )


if __name__ == "__main__":
    if sys.argv[1:] and not sys.argv[1].isdecimal():
        held = next(part for part in PARTS if (part.name or "whole") == sys.argv[1])
        uvloop.run(hold(held, Path(sys.argv[2]), int(sys.argv[3])))
    else:
        uvloop.run(main(int(sys.argv[1]) if sys.argv[1:] else 100_000))
