"""Every format from its bytes to JetStream's acknowledgement, beside the bare ceiling.

    python -m benchmarks.formats [FORMAT ...]

In one process, without transports: decode, translate, validate, publish and wait until it is
on disk, in lots of 250 messages, eight in flight. The ceiling publishes the very
same record bytes with nothing but nats-py, in batches of 500, four in flight: as many (see
`benchmarks.ingest`). Rounds alternate; medians are printed, and the ratio; then where an
adapter's time goes, as the microseconds that a record takes to decode and to translate.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvloop

from adapters.garbage import spare_what_stays
from adapters.sdk.adapter import Adapter, Outcome
from adapters.sdk.feed import FeedConfig
from adapters.sdk.ledger import Ledger
from adapters.sdk.message import Message, Undecodable
from adapters.sdk.pipeline import Pipeline
from adapters.sdk.registry import adapter_of
from adapters.sdk.translation import Translation
from benchmarks import messages
from benchmarks.city import free_port
from benchmarks.ingest import ceiling, stored_records
from benchmarks.mapping import MAPPING
from benchmarks.messages import Maker, each
from broker.connection import Bus, BusSettings
from broker.home import Home
from broker.plan import BusPlan, stream_name
from broker.publisher import Publisher
from broker.server import EmbeddedServer
from broker.streams import reconcile
from broker.users import quarantine_stream
from liandong.feed.v1.feed_pb2 import Feed

ROUNDS = 3
RECORDS = 6_000
LOT = 250
_IN_FLIGHT = 8

Lot = list[Message | Undecodable]


@dataclass(frozen=True)
class Format:
    """A format under measurement: which adapter, and who makes its messages.

    ``joined`` formats come over connections, whose decoder lives on; others are documents.
    """

    adapter: str
    make: Maker
    joined: bool = False
    agency: str = ""
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def owner(self) -> str:
        """Return the agency."""
        return self.agency or self.adapter.partition("/")[0]


FORMATS = {
    "hj212": Format("environment/hj212", each(messages.hj212), joined=True),
    "sl651": Format("water/sl651", each(messages.sl651), joined=True),
    "jt808": Format("transport/jt808", each(messages.jt808), joined=True),
    "jt809": Format("transport/jt809", each(messages.jt809), joined=True),
    "hl7v2": Format("health/hl7v2", each(messages.hl7v2), joined=True),
    "gb28181": Format("police/gb28181", each(messages.gb28181), joined=True),
    "metar": Format("weather/metar", each(messages.metar), joined=True),
    "synop": Format("weather/synop", each(messages.synop), joined=True),
    "cap": Format("weather/cap", each(messages.cap)),
    "have": Format("health/have", each(messages.have)),
    "cma_json": Format("weather/cma_json", each(messages.cma_json)),
    "nwis": Format("water/nwis", messages.nwis),
    "gtfs_rt": Format("transport/gtfs_rt", messages.gtfs_rt),
    "incident_csv": Format("police/incident_csv", messages.incident_csv),
    "mapping": Format("mapping", messages.mapping, agency="safety", options={"mapping": MAPPING}),
}


class Way:
    """One format's way through an adapter to its agency's stream."""

    def __init__(self, adapter: Adapter[Any, Any], shape: Format, pipeline: Pipeline) -> None:
        self.adapter = adapter
        self._shape = shape
        self._pipeline = pipeline

    def lots(self, first: int) -> list[list[bytes]]:
        """Make the bytes of a round, lot by lot; joined ones in one piece each."""
        made = []
        for number in range(first, first + RECORDS, LOT):
            units = self._shape.make(range(number, number + LOT))
            made.append([b"".join(units)] if self._shape.joined else units)
        return made

    def decode(self, units: Sequence[bytes]) -> Lot:
        """Cut a lot into messages."""
        found: Lot = []
        for unit in units:
            decoder = self.adapter.decoder()
            found += decoder.feed(unit)
            found += decoder.close()
        return found

    async def run(self, first: int) -> float:
        """Return records a second of a round."""
        lots = iter(self.lots(first))

        async def worker() -> None:
            for units in lots:
                found = self.decode(units)
                for message, outcome in zip(
                    found, await self._pipeline.submit(found, "bench"), strict=True
                ):
                    if outcome is not Outcome.STORED:
                        raise SystemExit(f"{self.adapter.name}: {outcome}, not stored: {message!r}")
                    self.adapter.answer(message, outcome)

        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(_IN_FLIGHT):
                group.create_task(worker())
        return RECORDS / (time.perf_counter() - began)

    def costs(self, first: int) -> tuple[float, float]:
        """Return the microseconds that a record takes to decode, and to translate and check."""
        lots, translation = self.lots(first), Translation(self.adapter)
        began = time.perf_counter()
        found = [self.decode(units) for units in lots]
        cut = time.perf_counter()
        for lot in found:
            for message in lot:
                translation.of(message)
        done = time.perf_counter()
        return (cut - began) / RECORDS * 1e6, (done - cut) / RECORDS * 1e6


async def measure(name: str, home: Home, plan: BusPlan) -> None:
    """Print a format's rate, its ceiling, and their ratio."""
    shape = FORMATS[name]
    agency = shape.owner
    feed = FeedConfig(
        id=f"bench.{name}",
        adapter=shape.adapter,
        agency=agency,
        source="drop:bench",
        district="320100",
        options=shape.options,
    )
    adapter = adapter_of(feed)
    adapter.prepare(home.path)
    pipeline = Pipeline(adapter, Ledger(Feed(name=f"{agency}/{feed.id}", agency=agency)))
    stream, entries = stream_name(agency), quarantine_stream(agency)
    async with (
        Bus(BusSettings.of(home, plan, agency)) as bus,
        Publisher(bus, stream) as to_stream,
        Publisher(bus, entries) as to_quarantine,
    ):
        pipeline.open(to_stream, to_quarantine)
        way = Way(adapter, shape, pipeline)
        await way.run(0)
        stored = [
            one for one in await stored_records(bus, stream, 1 << 30) if feed.id.encode() in one[1]
        ]
        spare_what_stays()
        rates, ceilings = [], []
        for number in range(1, ROUNDS + 1):
            rates.append(await way.run(number * RECORDS))
            ceilings.append(await ceiling(bus, stored))
        decode, translate = way.costs(0)
    size = statistics.mean(len(payload) for _, payload in stored)
    rate, bare = statistics.median(rates), statistics.median(ceilings)
    print(
        f"{name:12} {rate:7,.0f} records/s | ceiling {bare:7,.0f} of {size:4.0f} B | "
        f"ratio {rate / bare:.2f} | decode {decode:5.1f} us, translate {translate:5.1f} us",
        flush=True,
    )


async def main(names: Sequence[str]) -> None:
    """Measure formats one after another."""
    agencies = tuple(dict.fromkeys(FORMATS[name].owner for name in names))
    plan = BusPlan(agencies=agencies, port=free_port())
    with tempfile.TemporaryDirectory(prefix="liandong-bench-") as folder:
        home = Home(Path(folder) / "home")
        async with EmbeddedServer(home, plan):
            await reconcile(home, plan)
            for name in names:
                await measure(name, home, plan)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1:] or list(FORMATS)))
