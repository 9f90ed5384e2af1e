"""A city of 39 departments at full size: its file, its records, and its processes."""

import contextlib
import json
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.city import child, free_port
from broker.home import Home
from broker.server import EmbeddedServer
from broker.streams import reconcile
from broker.subjects import record_name
from liandong.environment.v1.environment_pb2 import Air
from liandong.place.v1.place_pb2 import Location, Point
from liandong.quantity.v1.quantity_pb2 import QUALITY_LEVEL_VALID, Quality
from liandong.record.v1 import record_pb2
from liandong.record.v1.record_pb2 import Record
from ops.city import City, read_city

Key = tuple[str, str]
"""A record's name and its source's message id."""
KIND = "environment.air"
_VALUES = {"a34004": 31.0, "a34002": 52.0, "a21026": 6.0, "a21004": 31.5, "a05024": 48.0}


@dataclass(frozen=True, slots=True)
class Size:
    """How large the city is, and how much happens in it.

    Attributes:
        departments: How many departments, each with an account of its own.
        entities: Of how many things there are records.
        seconds: How long the load lasts.
        rate: Records a second that departments publish, all together.
        stations: How many HJ 212 stations send over TCP.
        interval: How often each of them does, seconds.
        feeds: Over how many adapters, each another department's.
        gets: `GetRecord` calls a second, all departments together.
        lists: `ListRecords` calls of 100 records a second.
    """

    departments: int = 39
    entities: int = 100_000
    seconds: int = 120
    rate: int = 800
    stations: int = 1_000
    interval: float = 5.0
    feeds: int = 4
    gets: int = 60
    lists: int = 15

    def agencies(self) -> list[str]:
        """Return the departments' names."""
        return [f"department-{number:02d}" for number in range(1, self.departments + 1)]

    def published(self, agency: str) -> int:
        """Return how many things a department publishes of by itself, without stations."""
        number = self.agencies().index(agency)
        return len(range(number, self.entities - self.stations, self.departments))


@dataclass(slots=True)
class Running:
    """The city while it runs.

    Attributes:
        home: Its home.
        city: The city.
        pids: Its processes by what they are.
    """

    home: Home
    city: City
    pids: dict[str, list[int]] = field(default_factory=dict)

    @property
    def ports(self) -> list[int]:
        """Return where the adapters listen."""
        return [int(feed.source.rpartition(":")[2]) for feed in self.city.feeds]


def read_size(text: str) -> Size:
    """Return a size as another process was told it."""
    return Size(**json.loads(text))


def record_bytes(agency: str, entity: int, message_id: str) -> tuple[str, bytes]:
    """Return the name and bytes of a station's record as of now, as large as an adapter's."""
    record = Record(
        name=record_name(agency, KIND, f"{entity:06d}"),
        classification=record_pb2.CLASSIFICATION_INTERNAL,
        status=record_pb2.STATUS_ACTUAL,
        quality=Quality(level=QUALITY_LEVEL_VALID),
        location=Location(
            district=f"3201{entity % 16 + 2:02d}",
            point=Point(
                latitude_deg=31.7 + entity % 540 / 1000,
                longitude_deg=118.5 + entity % 640 / 1000,
            ),
        ),
        provenance=record_pb2.Provenance(
            feed=f"{agency}.own",
            adapter="environment/hj212",
            adapter_version="0.1.0",
            source_message_id=message_id,
            raw_sha256=entity.to_bytes(32, "big"),
        ),
        environment_air=Air(station_id=f"{entity:06d}"),
    )
    for code, value in _VALUES.items():
        record.environment_air.measurements.add(
            code=code, title="Fine particles", unit="ug/m3", value=value + entity % 7
        )
    now = datetime.now(UTC)
    record.observed_at.FromDatetime(now)
    record.received_at.FromDatetime(now)
    return record.name, record.SerializeToString()


def write_keys(path: Path, keys: Iterable[Key]) -> None:
    """Write keys to a file, for another process."""
    path.write_text("".join(f"{name}\t{message_id}\n" for name, message_id in keys))


def read_keys(path: Path) -> list[Key]:
    """Return the keys in a file."""
    pairs = (line.partition("\t") for line in path.read_text().splitlines())
    return [(name, message_id) for name, _, message_id in pairs]


def _lines(size: Size) -> Iterator[str]:
    """Yield the city file's lines."""
    yield 'agreements = "agreements.toml"\n[city]\nname = "scale"\ndistrict = "320100"'
    yield f'[nats]\nhost = "127.0.0.1"\nport = {free_port()}'
    # Whoever checks that all came sees no revision dropped as history, however long it lasts.
    yield "[streams]\nhistory = 100000\ncity_mb = 16384"
    yield f'[gateway]\nhost = "127.0.0.1"\nport = {free_port()}'
    for number, agency in enumerate(size.agencies()):
        yield f'[[agency]]\nname = "{agency}"\ntitle = "{agency}"'
        if number < size.feeds:
            yield f'[[feed]]\nid = "{agency}.hj212"\nadapter = "environment/hj212"'
            yield f'agency = "{agency}"\nsource = "tcp://127.0.0.1:{free_port()}"'


def write_city(folder: Path, size: Size) -> Path:
    """Write the city file and agreements by which every department reads every other."""
    agreements = (
        f'[[agreement]]\nid = "to-{agency}"\nprovider = "*"\nconsumer = "{agency}"\nkinds = ["*"]\n'
        for agency in size.agencies()
    )
    (folder / "agreements.toml").write_text("\n".join(agreements))
    path = folder / "city.toml"
    path.write_text("\n".join(_lines(size)) + "\n")
    return path


@contextlib.asynccontextmanager
async def scale_city(folder: Path, size: Size) -> AsyncIterator[Running]:
    """Run the server, the adapters and the gateway, and say how long each took to start."""
    path = write_city(folder, size)
    running = Running(Home(folder / "home"), read_city(path))
    options = ("--home", str(running.home.path), "--city", str(path))
    began = time.perf_counter()
    async with contextlib.AsyncExitStack() as stack:
        server = EmbeddedServer(running.home, running.city.plan)
        await stack.enter_async_context(server)
        assert server.pid is not None
        running.pids["nats-server"] = [server.pid]
        made = await reconcile(running.home, running.city.plan)
        laid_out = time.perf_counter() - began
        running.pids["adapters"] = [
            await stack.enter_async_context(child("adapter", "run", feed.id, *options))
            for feed in running.city.feeds
        ]
        running.pids["gateway"] = [
            await stack.enter_async_context(child("gateway", "run", *options))
        ]
        print(
            f"start: {size.departments} departments, {len(made)} streams made in {laid_out:.1f} s, "
            f"all ready in {time.perf_counter() - began:.1f} s",
            flush=True,
        )
        yield running
