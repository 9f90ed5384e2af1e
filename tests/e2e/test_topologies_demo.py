"""Each shape of the bus, started from what `deploy render` writes, serves the demo."""

import asyncio
import contextlib
import json
import os
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from ops.city import City, read_city
from ops.demo import missing, play_evening
from tests.e2e.machines import PATIENCE_S, Machine, leaf, node
from tests.e2e.processes import begun
from tests.running_city import RunningCity, default_city

SHARED = {"incident.report", "weather.warning", "water.level", "water.rainfall", "environment.air"}
HEALTH = {
    *("environment.air", "environment.discharge", "incident.report", "health.facility"),
    *("water.level", "weather.warning"),
}
LONG = pytest.mark.skipif("LIANDONG_CHAOS" not in os.environ, reason="runs with `make chaos`")
_SMALL = "\n[streams]\nagency_mb = 32\nquarantine_mb = 16\ncity_mb = 128\n\n[audit]\nlog_mb = 32\n"


def demo_city(folder: Path, topology: str) -> Path:
    """Write the demo's city in a shape; in `leaf` a hub of three, and a server a department."""
    file = default_city(folder)
    text = file.read_text()
    agencies = re.findall(r'\[\[agency\]\]\nname = "(\w+)"', text)
    hub = tuple(map(node, ("nats-1", "nats-2", "nats-3")))
    servers = {
        "single": (),
        "cluster": hub,
        "leaf": (*hub, *map(leaf, agencies)),
        "two-regions": (node("nats-north", "north"), node("nats-south", "south")),
    }
    text = text.replace("[nats]\n", f'[nats]\ntopology = "{topology}"\n', 1)
    file.write_text(text + "".join(servers[topology]) + _SMALL)
    return file


class DemoCity(RunningCity):
    """The demo's city, whose servers and parts run each from the folder that was rendered for it.

    Args:
        folder: Where all of it lies.
        topology: Its shape.
    """

    def __init__(self, folder: Path, topology: str) -> None:
        super().__init__(folder / "secrets", demo_city(folder, topology))
        self.out = folder / "out"
        self._log = folder / "log"
        self._region = ("--region", "south") if topology == "two-regions" else ()
        self._stack = contextlib.AsyncExitStack()
        self.described: City = read_city(self.city)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Run servers, streams, adapters, responders and a gateway; play the evening."""
        async with contextlib.AsyncExitStack() as stack:
            await asyncio.to_thread(self.read, "deploy", "render", "--out", self.out)
            for config in sorted(self.out.glob("*/nats.conf")):
                server = Machine(config.parent)
                stack.push_async_callback(server.stop)
                await server.start()
            await asyncio.to_thread(
                self.read, "deploy", "streams", "--home", self.out / "parts" / "streams"
            )
            feeds, city = {}, self.described
            parts = [("gateway", ("gateway", "run", *self._region))]
            parts += [(one.agency, ("responder", "run", one.id)) for one in city.responders]
            parts += [(one.agency, ("adapter", "run", one.id)) for one in city.feeds]
            ready = await asyncio.gather(*(self._start(stack, *part) for part in parts))
            for feed, told in zip(reversed(city.feeds), reversed(ready), strict=False):
                feeds[feed.adapter] = str(told["address"])
            assert not missing(feeds)
            playing = asyncio.create_task(play_evening(feeds))
            stack.push_async_callback(asyncio.wait, (playing,))
            stack.callback(playing.cancel)
            yield

    async def _start(
        self, stack: contextlib.AsyncExitStack, part: str, command: tuple[str, ...]
    ) -> dict[str, Any]:
        """Start a part from its own home; return what it says when it is ready."""
        at = ("--home", str(self.out / "parts" / part), "--city", str(self.city))
        process = await begun(self._log, *command, *at, LIANDONG_LOG="json")
        assert process.stdout is not None
        assert process.stdin is not None
        stack.push_async_callback(process.wait)
        # What runs until its standard input is closed settles what is under way.
        stack.callback(process.stdin.close)
        async with asyncio.timeout(PATIENCE_S):
            line = await process.stdout.readline()
        assert line, self._log.read_text()[-3000:]
        told: dict[str, Any] = json.loads(line)
        return told

    async def asked(
        self, holds: Callable[[list[dict[str, Any]]], object], *command: str
    ) -> list[dict[str, Any]]:
        """Ask the gateway until what it says holds."""
        async with asyncio.timeout(PATIENCE_S):
            while not holds(found := await asyncio.to_thread(self.objects, *command)):
                continue
        return found


def kinds(records: list[dict[str, Any]]) -> set[str]:
    """Return the kinds of records."""
    return {record["name"].split("/")[1] for record in records}


@pytest.mark.parametrize(
    "topology",
    [
        "leaf",
        pytest.param("cluster", marks=LONG),
        pytest.param("single", marks=LONG),
        pytest.param("two-regions", marks=LONG),
    ],
)
async def test_a_shape_serves_the_demo(tmp_path: Path, topology: str) -> None:
    """Every feed in its department, what the README asks, live questions, and the books."""
    city = DemoCity(tmp_path, topology)
    async with city.running():
        police = await city.asked(lambda found: kinds(found) >= SHARED, "list", "--as", "police")
        await city.asked(lambda found: kinds(found) == HEALTH, "list", "--as", "health")
        beds, levels = await asyncio.gather(
            city.asked(_facilities, "ask", "beds", "--min-free", "1", "--as", "police"),
            city.asked(_stations, "ask", "levels_upstream", "--river", "Qinhuai", "--as", "police"),
        )
        books = await asyncio.to_thread(city.objects, "feeds", "--audit")

    assert "health.facility" not in kinds(police)
    assert _facilities(beds)
    assert [one["warning_level_m"] for one in _stations(levels)] == [8.5]
    assert [row["findings"] for row in books] == [[]] * len(city.described.feeds)


def _facilities(answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the facilities of an answer."""
    return [one for said in answers for one in said.get("answer", {}).get("facilities", ())]


def _stations(answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the stations of an answer."""
    return [one for said in answers for one in said.get("answer", {}).get("stations", ())]
