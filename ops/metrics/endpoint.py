"""A part's endpoint: what it tells, at ``/metrics``, over HTTP on the loopback address.

Where parts run on one machine each takes any free port and says in the home folder which,
so that the one endpoint of the city finds it (`ops.metrics.parts`). In a container it is told
where to listen.
"""

import contextlib
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Final, Self

import msgspec
import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.registry import Collector

from adapters.transports.http_port import HttpPort
from broker.home import Home
from ops.city import City
from ops.failure import USAGE, Failure
from ops.metrics.process import ProcessCollector

PART_HEADER: Final = "Liandong-Part"
_ADDRESS = re.compile(r"(?P<host>\[[0-9a-fA-F:]+\]|[^:\[\]]+):(?P<port>[0-9]{1,5})")
_LARGEST_PORT = 65535
_log = structlog.get_logger()
Render = Callable[[], Awaitable[bytes]]


class MetricsAddress(msgspec.Struct, frozen=True):
    """Where an endpoint listens.

    Attributes:
        host: The address.
        port: The port; 0: any free one.
    """

    host: str
    port: int

    @classmethod
    def of(cls, text: str) -> Self:
        """Read ``host:port``.

        Raises:
            Failure: If it is none.
        """
        match = _ADDRESS.fullmatch(text)
        if match is None or int(match["port"]) > _LARGEST_PORT:
            raise Failure(f"{text!r} is no address of metrics: write host:port", USAGE)
        return cls(match["host"].strip("[]"), int(match["port"]))


def place_of(city: City, told: str) -> MetricsAddress | None:
    """Return where a part serves metrics; None: nowhere.

    Args:
        city: The city; it says whether metrics are served on its machine.
        told: ``host:port`` as it was told; empty: it was told nothing.

    Raises:
        Failure: If that is no address.
    """
    if told:
        return MetricsAddress.of(told)
    return MetricsAddress("127.0.0.1", 0) if city.metrics.port else None


def registry_of(*collectors: Collector) -> CollectorRegistry:
    """Return a registry of its own of collectors."""
    registry = CollectorRegistry()
    for collector in collectors:
        registry.register(collector)
    return registry


@contextlib.asynccontextmanager
async def serve(
    part: str, registry: CollectorRegistry, home: Home, address: MetricsAddress | None
) -> AsyncIterator[str]:
    """Serve what a registry collects, from entering to leaving; yield where.

    Args:
        part: The part's name.
        registry: What it tells; how its process fares is added.
        home: Where it says where it listens.
        address: Where to listen; None: it tells nothing.

    Raises:
        Failure: If it cannot listen there.
    """
    if address is None:
        yield ""
        return
    registry.register(ProcessCollector(part))

    async def render() -> bytes:
        return generate_latest(registry)

    async with listening(part, render, address) as where:
        note = note_of(home, part)
        try:
            _write(note, where)
        except OSError as error:
            # A home that cannot be written is no reason to stop a feed.
            _log.warning("metrics are served, and not found", at=where, error=str(error))
        try:
            yield where
        finally:
            with contextlib.suppress(OSError):
                note.unlink()


def _write(note: Path, text: str) -> None:
    """Write a file whole or not at all: somebody may be reading it."""
    note.parent.mkdir(parents=True, exist_ok=True)
    fresh = note.with_suffix(".new")
    fresh.write_text(text)
    fresh.replace(note)


@contextlib.asynccontextmanager
async def listening(part: str, render: Render, address: MetricsAddress) -> AsyncIterator[str]:
    """Answer ``/metrics`` with what is rendered; yield the address.

    Raises:
        Failure: If it cannot listen there.
    """

    async def answer(_: web.Request) -> web.Response:
        headers = {"Content-Type": CONTENT_TYPE_LATEST, PART_HEADER: part}
        return web.Response(body=await render(), headers=headers)

    application = web.Application()
    application.router.add_get("/metrics", answer)
    listening = HttpPort(web.AppRunner(application, handle_signals=False), "metrics")
    try:
        await listening.open(address.host, address.port)
    except OSError as error:
        raise Failure(
            f"metrics cannot be served at {address.host}:{address.port} "
            f"({os.strerror(error.errno or 0)}): stop what listens there, or change [metrics] "
            "port in the city file"
        ) from error
    try:
        host, port = listening.address
        yield f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    finally:
        await listening.close()


def note_of(home: Home, part: str) -> Path:
    """Return the file in which a part says where it tells its metrics."""
    return home.path / "run" / f"{part}.metrics"
