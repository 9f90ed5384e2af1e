"""A whole city under a sustained mixed load: 39 departments, 100,000 entities, two minutes.

    python -m benchmarks.scale [--seconds 120] [--entities 100000] [--help]

First each department publishes a record of each of its things, as fast as it goes. Then at
once: stations send over TCP to HJ 212 adapters, each department publishes, each calls the
gateway over mutual TLS, each watches every revision of three departments. In the end every
stream is read and held against what was acknowledged, and every watch against the streams.
At last the same publishing is done on one server and on a cluster of three in turn.
"""

import argparse
import asyncio
import contextlib
import dataclasses
import json
import logging
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

import uvloop

from benchmarks.replicas import compare
from benchmarks.scale_books import audit, disk_bytes, held, sequences
from benchmarks.scale_city import Key, Running, Size, scale_city, write_keys
from benchmarks.scale_parts import Part, part
from benchmarks.scale_watchers import WATCHED
from benchmarks.stations import cpu_s, rss_mib, spread

_WRITERS = 2
# Of all processes in a second, when there is nothing to do: heartbeats and the like.
_IDLE_S = 0.2


class Costs:
    """What processes take from when this is made.

    Args:
        pids: The processes by what they are.
    """

    def __init__(self, pids: dict[str, list[int]]) -> None:
        self._pids = pids
        self._before = self._total()

    def _total(self) -> dict[str, float]:
        return {name: sum(map(cpu_s, pids)) for name, pids in self._pids.items()}

    async def spent(self) -> dict[str, float]:
        """Return the processor seconds of each, once all have done what there was to do."""
        total = self._total()
        while True:
            await asyncio.sleep(1)
            later = self._total()
            if sum(later.values()) - sum(total.values()) < _IDLE_S:
                return {name: later[name] - before for name, before in self._before.items()}
            total = later

    def tell(self, spent: dict[str, float], per: dict[str, tuple[int, str]], seconds: int) -> None:
        """Print the processor time and memory of each, and the time for each thing it did."""
        for name, pids in self._pids.items():
            count, what = per[name]
            print(
                f"  {name:12} {spent[name]:6.1f} CPU s, {spent[name] / seconds:.2f} of a core, "
                f"{spent[name] / max(count, 1) * 1e6:5.0f} us {what}, "
                f"{sum(map(rss_mib, pids)):.0f} MiB",
                flush=True,
            )


async def fill(running: Running, writers: list[Part]) -> None:
    """Publish everything once, and print how fast that was."""
    costs, data = Costs(running.pids), running.home.nats_dir / "data"
    told = await asyncio.gather(*(one.told("fill") for one in writers))
    spent = await costs.spent()
    records, size = (sum(one[word] for one in told) for word in ("records", "bytes"))
    rate = records / max(one["seconds"] for one in told)
    print(
        f"fill: {records:,} records of {size / records:.0f} B at {rate:,.0f} records/s, "
        f"{disk_bytes(data) / records:.0f} B on disk for each in both streams\n"
        f"  nats-server {spent['nats-server'] / records * 1e6:.0f} CPU us a record, gateway "
        f"{spent['gateway'] / records * 1e6:.0f}, {sum(map(rss_mib, running.pids['gateway'])):.0f} "
        "MiB of it then",
        flush=True,
    )


async def stored_since(running: Running, since: dict[str, int], path: Path) -> int:
    """Write what was stored since the load began to a file; return how much that is."""
    keys: list[Key] = []
    for agency, sequence in since.items():
        keys += (await held(running, agency, sequence + 1)).elements()
    write_keys(path, keys)
    return len(keys)


async def load(running: Running, folder: Path, size: Size) -> list[str]:
    """Run the load and print what came of it; return what must not be."""
    home, target = str(running.home.path), f"localhost:{running.city.gateway.port}"
    told_size = json.dumps(dataclasses.asdict(size))
    data = running.home.nats_dir / "data"
    async with contextlib.AsyncExitStack() as stack:

        async def begin(module: str, *arguments: object) -> Part:
            return await stack.enter_async_context(part(module, *arguments))

        writers = [
            await begin("scale_writers", running.city.path, home, told_size, number, _WRITERS)
            for number in range(_WRITERS)
        ]
        await fill(running, writers)
        stations = await begin("scale_stations", told_size, *running.ports)
        watchers = await begin("scale_watchers", home, target, told_size)
        readers = await begin("scale_readers", home, target, told_size)
        since, disk = await sequences(running), disk_bytes(data)
        costs = Costs(
            running.pids
            | {
                "writers": [one.pid for one in writers],
                "stations": [stations.pid],
                "readers": [readers.pid, watchers.pid],
            }
        )
        files = [folder / f"acknowledged.{number}" for number in range(_WRITERS + 1)]
        *published, read = await asyncio.gather(
            *(one.told(f"load {path}") for one, path in zip(writers, files, strict=False)),
            stations.told(f"load {files[-1]}"),
            readers.told("load"),
        )
        spent = await costs.spent()
        stored = await stored_since(running, since, folder / "stored")
        watched = await watchers.told(f"check {folder / 'stored'}")
        frames = published[-1]["acknowledged"]
        per = {
            "nats-server": (stored, "a record stored twice"),
            "adapters": (frames, "a frame"),
            "gateway": (stored, "a record, calls and watches included"),
            "writers": (stored - frames, "a record"),
            "stations": (frames, "a frame"),
            "readers": (watched["delivered"], "an event, calls included"),
        }
        tell(published, read, watched, stored)
        costs.tell(spent, per, size.seconds)
        print(f"  disk {(disk_bytes(data) - disk) / stored:.0f} B a record", flush=True)
        books = await audit(running, files)
    print(
        f"books: {books.stored.total():,} in the departments' streams, lost {len(books.lost)}, "
        f"lost in the city's stream {len(books.lost_in_city)}, stored twice {books.twice}; "
        f"lacking at watchers {watched['lacking']}, delivered twice {watched['twice']}",
        flush=True,
    )
    return findings(published, read, watched) + [
        f"{name}: {count}"
        for name, count in (
            ("lost", len(books.lost)),
            ("lost in the city's stream", len(books.lost_in_city)),
            ("stored twice", books.twice),
        )
        if count
    ]


def findings(
    published: list[dict[str, Any]], read: dict[str, Any], watched: dict[str, Any]
) -> list[str]:
    """Return what must not be, as far as senders and readers can tell."""
    found = [
        f"of {one['offered']} offered {one['acknowledged']} were acknowledged: {one['refused']}"
        for one in published
        if one["offered"] != one["acknowledged"]
    ]
    found += [
        f"{word}: {one['failures']} calls failed: {one['said']}"
        for word, one in read.items()
        if one["failures"]
    ]
    if watched["lacking"] or watched["twice"]:
        found.append(
            f"at watchers {watched['lacking']} are lacking, {watched['twice']} came twice: "
            f"{watched['examples']}"
        )
    return found


def tell(
    published: list[dict[str, Any]],
    read: dict[str, Any],
    watched: dict[str, Any],
    stored: int,
) -> None:
    """Print what senders, callers and watchers saw."""
    *writers, stations = published
    offered, acknowledged = (
        sum(one[word] for one in published) for word in ("offered", "acknowledged")
    )
    own = [wait for one in writers for wait in one["waits"]]
    print(
        f"load: offered {offered:,} ({stations['offered']:,} over TCP), acknowledged "
        f"{acknowledged:,}, stored {stored:,}, delivered to watchers {watched['delivered']:,} "
        f"(each to {WATCHED}), lacking {watched['lacking']}\n"
        f"  due to acknowledgement, publisher: {spread(own)}\n"
        f"  due to answer, station on TCP:     {spread(stations['waits'])}\n"
        f"  station's socket to watcher:       {spread(watched['from_socket'])}\n"
        f"  publisher to watcher:              {spread(watched['from_publisher'])}"
    )
    for word, one in read.items():
        print(f"  {one['calls']:6,} x {word:4}                     {spread(one['waits'])}")
    sys.stdout.flush()


async def main(size: Size, replicated: int) -> None:
    """Run the city, then compare one server with three."""
    print(f"{os.cpu_count()} cores, load average {os.getloadavg()[0]:.1f}; {size}", flush=True)
    found: list[str] = []
    with tempfile.TemporaryDirectory(prefix="liandong-scale-") as name:
        async with scale_city(Path(name), size) as running:
            found = await load(running, Path(name), size)
        print(f"load average {os.getloadavg()[0]:.1f}", flush=True)
    if replicated:
        await compare(replicated)
    if found:
        raise SystemExit("\n".join(found))


def read_arguments() -> tuple[Size, int]:
    """Read the command line."""
    parser = argparse.ArgumentParser("python -m benchmarks.scale")
    for one in dataclasses.fields(Size):
        kind = type(one.default)
        parser.add_argument(f"--{one.name}", type=kind, default=one.default)
    parser.add_argument("--replicated", type=int, default=20_000, help="0: leave the cluster out")
    arguments = vars(parser.parse_args())
    replicated = arguments.pop("replicated")
    return Size(**arguments), replicated


if __name__ == "__main__":
    # uvloop remarks on each TLS connection that is closed.
    logging.getLogger("asyncio").setLevel(logging.ERROR)
    uvloop.run(main(*read_arguments()))
