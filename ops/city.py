"""The city file: agencies, feeds, addresses."""

import os
import zoneinfo
from pathlib import Path
from typing import Annotated

import msgspec

from adapters.sdk.feed import District, FeedConfig
from adapters.sdk.responder import ResponderConfig
from broker.plan import MEBIBYTE, BusPlan
from broker.toml import FileWrong, read_toml
from broker.topology import Grid, Leaf, Node, Topology, arrange, plan_of
from ops.gateway_address import GatewayAddress, Port
from ops.state_parts import Agency, with_parts

DEFAULT = Path(__file__).parent / "cities" / "nanjing.toml"
PortOrNone = Annotated[int, msgspec.Meta(ge=0, le=65535)]


class _City(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    title: str = ""
    district: District = ""
    time_zone: str = "Asia/Shanghai"


class _Nats(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    host: str = "127.0.0.1"
    port: Port = 7222
    monitor_port: PortOrNone = 0
    topology: Topology = Topology.SINGLE
    node: tuple[Node, ...] = ()
    leaf: tuple[Leaf, ...] = ()


class ConsolePage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the console is served, and what its map is drawn on.

    Attributes:
        host: Where it listens.
        port: Where it listens.
        tiles: Address of map tiles with ``{z}``, ``{x}`` and ``{y}``; empty: a plain map.
        tiles_attribution: Whom the tiles' licence wants named.
        boundaries: GeoJSON file (RFC 7946, WGS-84) of districts, relative to the city file, each
            with a ``name``; empty: none.
    """

    host: str = "127.0.0.1"
    port: Port = 7480
    tiles: str = ""
    tiles_attribution: str = ""
    boundaries: str = ""


class _Audit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    log_mb: Annotated[int, msgspec.Meta(ge=16)] = 512
    journal_mb: Annotated[int, msgspec.Meta(ge=1)] = 256


class _Streams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    city_mb: Annotated[int, msgspec.Meta(ge=64)] = 4096
    agency_mb: Annotated[int, msgspec.Meta(ge=16)] = 1024
    quarantine_mb: Annotated[int, msgspec.Meta(ge=16)] = 256
    history: Annotated[int, msgspec.Meta(ge=1)] = 64


class MetricsPlace(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where metrics are served, over plain HTTP: keep it on the loopback address.

    Attributes:
        host: The address.
        port: The port; 0: nothing is served.
    """

    host: str = "127.0.0.1"
    port: PortOrNone = 0


class TracePlace(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where traces are exported.

    Attributes:
        endpoint: The base address of a collector that takes OTLP over HTTP; empty: nowhere.
        sample: Which part of all traces is followed, 0 to 1.
    """

    endpoint: str = ""
    sample: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.01


class _CityFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    city: _City
    agency: tuple[Agency, ...]
    feed: tuple[FeedConfig, ...] = ()
    responder: tuple[ResponderConfig, ...] = ()
    nats: _Nats = _Nats()
    gateway: GatewayAddress = GatewayAddress()
    console: ConsolePage | None = None
    audit: _Audit = _Audit()
    streams: _Streams = _Streams()
    metrics: MetricsPlace = MetricsPlace()
    traces: TracePlace = TracePlace()
    agreements: str = ""


class City(msgspec.Struct, frozen=True, kw_only=True):
    """A city as its file describes it.

    Attributes:
        name: Its name.
        title: What people call it.
        district: Its GB/T 2260 code.
        time_zone: Its zone, in which people are shown times.
        agencies: Its departments.
        feeds: Its legacy sources.
        responders: What answers live questions for its departments.
        plan: Its bus.
        grid: The servers of that.
        gateway: Where its gateway listens.
        metrics: Where its metrics are served.
        traces: Where its traces are exported.
        agreements: Its file of agreements; None: it has none.
        journal_bytes: How much a gateway records on its own disk while the bus is away.
        path: The file itself.
        console: Where its console is served; None: it has none.
    """

    name: str
    title: str
    district: str
    time_zone: str
    agencies: tuple[Agency, ...]
    feeds: tuple[FeedConfig, ...]
    plan: BusPlan
    grid: Grid
    gateway: GatewayAddress
    metrics: MetricsPlace
    traces: TracePlace
    agreements: Path | None
    journal_bytes: int
    path: Path
    responders: tuple[ResponderConfig, ...] = ()
    console: ConsolePage | None = None

    def plan_in(self, region: str) -> BusPlan:
        """Return the bus as a gateway in a region reaches it; empty: in the hub's.

        Raises:
            FileWrong: If there is no such region.
        """
        if region in {"", *(node.region for node in self.grid.hub)}:
            return self.plan
        if region in {node.region for node in self.grid.mirror}:
            return self.plan.at_mirror()
        raise FileWrong(f"{self.path} has no server in region {region!r}")

    def feed(self, feed_id: str) -> FeedConfig:
        """Return a feed.

        Raises:
            FileWrong: If there is none of this id.
        """
        for feed in self.feeds:
            if feed.id == feed_id:
                return feed
        known = ", ".join(feed.id for feed in self.feeds)
        raise FileWrong(f"{self.path} has no feed {feed_id!r}; it has: {known}")

    def responder(self, responder_id: str) -> ResponderConfig:
        """Return a responder.

        Raises:
            FileWrong: If there is none of this id.
        """
        for responder in self.responders:
            if responder.id == responder_id:
                return responder
        known = ", ".join(responder.id for responder in self.responders) or "none"
        raise FileWrong(f"{self.path} has no responder {responder_id!r}; it has: {known}")


def read_city(path: Path = DEFAULT, topology: Topology | None = None) -> City:
    """Read a city file.

    Args:
        path: The file.
        topology: The shape of its bus; None: the one that it names.

    Raises:
        FileWrong: If it is not right; the sentence names the line.
        TopologyWrong: If its servers do not make up that shape.
    """
    file = read_toml(path, _CityFile)
    names = {agency.name for agency in file.agency}
    for leaf in file.nats.leaf:
        if leaf.agency not in names:
            raise FileWrong(
                f"{path}: [[nats.leaf]] of {leaf.agency!r}, which is no [[agency]] here"
            )
    grid = arrange(topology or file.nats.topology, file.nats.node, file.nats.leaf)
    for word, parts in (("feed", file.feed), ("responder", file.responder)):
        for part in parts:
            if part.agency not in names:
                raise FileWrong(
                    f"{path}: {word} {part.id} belongs to agency {part.agency!r}, which is not in "
                    f"the file; add an [[agency]] or use one of {', '.join(sorted(names))}"
                )
        if len({part.id for part in parts}) < len(parts):
            raise FileWrong(f"{path}: two {word}s have the same id; give each its own")
    gateway = with_parts(path, file.gateway, file.agency)
    if file.console is not None and not gateway.workers:
        raise FileWrong(
            f"{path}: the [console] asks a gateway of the whole state, and [gateway] workers is 0: "
            "let one run, or leave the console out"
        )
    for zone in {file.city.time_zone, *(feed.time_zone for feed in file.feed)}:
        _require_zone(path, zone)
    return City(
        name=file.city.name,
        title=file.city.title,
        district=file.city.district,
        time_zone=file.city.time_zone,
        agencies=file.agency,
        feeds=tuple(
            msgspec.structs.replace(feed, folder=str(path.parent.absolute())) for feed in file.feed
        ),
        plan=plan_of(
            BusPlan(
                agencies=tuple(agency.name for agency in file.agency),
                host=file.nats.host,
                port=file.nats.port,
                monitor_port=file.nats.monitor_port,
                audit_bytes=file.audit.log_mb * MEBIBYTE,
                city_bytes=file.streams.city_mb * MEBIBYTE,
                agency_bytes=file.streams.agency_mb * MEBIBYTE,
                quarantine_bytes=file.streams.quarantine_mb * MEBIBYTE,
                history=file.streams.history,
            ),
            grid,
        ),
        grid=grid,
        gateway=gateway,
        journal_bytes=file.audit.journal_mb * MEBIBYTE,
        metrics=file.metrics,
        traces=file.traces,
        agreements=(path.parent / file.agreements).absolute() if file.agreements else None,
        responders=file.responder,
        console=file.console,
        path=Path(os.path.abspath(path)),  # noqa: PTH100 - without `..`, links kept
    )


def _require_zone(path: Path, name: str) -> None:
    """Check that there is a time zone of a name.

    Raises:
        FileWrong: If there is none.
    """
    try:
        zoneinfo.ZoneInfo(name)
    except (ValueError, OSError, zoneinfo.ZoneInfoNotFoundError) as error:
        raise FileWrong(
            f"{path}: there is no time zone {name!r}; write one such as Asia/Shanghai"
        ) from error
