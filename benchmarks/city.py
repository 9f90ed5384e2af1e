"""A city of two feeds and a gateway, in processes of their own as `liandong up` runs them."""

import asyncio
import contextlib
import json
import os
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from broker.home import Home
from broker.plan import BusPlan
from broker.server import EmbeddedServer
from broker.streams import reconcile
from ops.city import City, read_city


@dataclass(frozen=True, slots=True)
class BenchFeed:
    """A feed under measurement: who owns it and where it listens."""

    id: str
    adapter: str
    agency: str
    port: int


@dataclass(frozen=True, slots=True)
class Bench:
    """A running city under measurement."""

    home: Home
    plan: BusPlan
    city: City
    gateway_pid: int
    adapter_pids: dict[str, int]


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


FEEDS = {
    "hj212": BenchFeed("environment.hj212", "environment/hj212", "environment", free_port()),
    "sl651": BenchFeed("water.sl651", "water/sl651", "water", free_port()),
}


def city_file(folder: Path, workers: int) -> Path:
    """Write the city file of the benchmark."""
    lines = [
        '[city]\nname = "bench"\ntitle = "Bench"\ndistrict = "320100"',
        f'time_zone = "Asia/Shanghai"\n[nats]\nhost = "127.0.0.1"\nport = {free_port()}',
        f'[gateway]\nhost = "127.0.0.1"\nport = {free_port()}\nworkers = {workers}',
    ]
    lines += [
        f'[[agency]]\nname = "{feed.agency}"\ntitle = "{feed.agency}"\n'
        f'[[feed]]\nid = "{feed.id}"\nadapter = "{feed.adapter}"\nagency = "{feed.agency}"\n'
        f'source = "tcp://127.0.0.1:{feed.port}"'
        for feed in FEEDS.values()
    ]
    path = folder / "city.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


@contextlib.asynccontextmanager
async def child(*arguments: str) -> AsyncIterator[int]:
    """Run a part of `liandong` as a process of its own, from ready to stopped; yield its id."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "ops.command",
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env=dict(os.environ),
    )
    assert process.stdout is not None
    assert process.stdin is not None
    line = await process.stdout.readline()
    if not line or "ready" not in json.loads(line):
        raise SystemExit(f"`liandong {' '.join(arguments)}` did not get ready: {line!r}")
    try:
        yield process.pid
    finally:
        process.stdin.close()
        await process.wait()


@contextlib.asynccontextmanager
async def bench_city(folder: Path, workers: int = 1) -> AsyncIterator[Bench]:
    """Run the server, both adapters and so many gateways on one port."""
    path = city_file(folder, workers)
    city = read_city(path)
    home = Home(folder / "home")
    options = ("--home", str(home.path), "--city", str(path))
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(EmbeddedServer(home, city.plan))
        await reconcile(home, city.plan)
        adapters = {
            name: await stack.enter_async_context(child("adapter", "run", feed.id, *options))
            for name, feed in FEEDS.items()
        }
        pids = [
            await stack.enter_async_context(child("gateway", "run", "--name", name, *options))
            for name in city.gateway.processes
        ]
        yield Bench(home, city.plan, city, pids[0], adapters)
