"""The servers of a bus, and what shapes they can have.

``single``: one server. ``cluster``: three servers or more, each stream on three of them.
``leaf``: a hub of one server or a cluster, and at departments servers of their own that go on
without it. ``two-regions``: a hub in one region, and in another servers that hold the city's
state a second time, for gateways there.
"""

import enum
import re
from collections.abc import Sequence

import msgspec

from broker.errors import TopologyWrong
from broker.plan import BusPlan

_CLUSTER = 3
# It becomes the name of a folder, beside that of the parts.
_NAME = re.compile(r"(?!parts$)[a-z][a-z0-9_-]{0,62}")


class Topology(enum.StrEnum):
    """A shape of the bus."""

    SINGLE = "single"
    CLUSTER = "cluster"
    LEAF = "leaf"
    TWO_REGIONS = "two-regions"


class Node(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A server of the hub, or of the other region.

    Attributes:
        name: Its name, and its folder's.
        host: By what name or address others reach it; its certificate is for this.
        names: By what others it is reached too; its certificate is for these as well.
        listen: The address on which it listens; empty: its host.
        port: Of clients.
        cluster_port: Of the other servers of its region.
        leaf_port: Of links from departments and from the other region.
        monitor_port: Of its HTTP monitoring, plain, on loopback; 0: none.
        region: The region; empty: there is one only.
    """

    name: str
    host: str
    names: tuple[str, ...] = ()
    listen: str = ""
    port: int = 7222
    cluster_port: int = 7248
    leaf_port: int = 7422
    monitor_port: int = 0
    region: str = ""


class Leaf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A department's own server.

    Attributes:
        agency: The department.
        host: By what name or address its adapters and the operators reach it.
        names: By what others it is reached too; its certificate is for these as well.
        listen: The address on which it listens; empty: its host.
        port: Of clients.
        monitor_port: Of its HTTP monitoring, plain, on loopback; 0: none.
    """

    agency: str
    host: str
    names: tuple[str, ...] = ()
    listen: str = ""
    port: int = 7222
    monitor_port: int = 0

    @property
    def name(self) -> str:
        """Return its name, and its folder's."""
        return f"leaf-{self.agency}"


class Grid(msgspec.Struct, frozen=True, kw_only=True):
    """All servers of a bus.

    Attributes:
        topology: What shape it has.
        hub: The hub's servers; none: the one at the plan's host and port.
        leaves: The departments' own.
        mirror: The other region's.
    """

    topology: Topology = Topology.SINGLE
    hub: tuple[Node, ...] = ()
    leaves: tuple[Leaf, ...] = ()
    mirror: tuple[Node, ...] = ()

    @property
    def servers(self) -> tuple[Node | Leaf, ...]:
        """Return all of them."""
        return (*self.hub, *self.mirror, *self.leaves)


def arrange(topology: Topology, nodes: Sequence[Node], leaves: Sequence[Leaf]) -> Grid:
    """Return the servers that a shape takes of those that are there.

    Raises:
        TopologyWrong: If they are too few, or the wrong ones; it says which are lacking.
    """
    _check_names(topology, [node.name for node in nodes] + [leaf.name for leaf in leaves])
    if topology is Topology.SINGLE:
        return Grid(topology=topology)
    regions = list(dict.fromkeys(node.region for node in nodes))
    hub = tuple(node for node in nodes if node.region == regions[0]) if regions else ()
    mirror: tuple[Node, ...] = ()
    if topology is Topology.TWO_REGIONS:
        if len(regions) != len(("hub", "mirror")):
            told = ", ".join(filter(None, regions)) or "none"
            raise TopologyWrong(
                topology, f"its regions are: {told}", "name two, as region of [[nats.node]]"
            )
        mirror = tuple(node for node in nodes if node.region == regions[1])
    if topology is Topology.LEAF and not leaves:
        raise TopologyWrong(topology, "no department has a server", "add [[nats.leaf]]")
    if not hub and topology is not Topology.CLUSTER:
        raise TopologyWrong(topology, "the hub has no server", "add [[nats.node]]")
    least = _CLUSTER if topology is Topology.CLUSTER else 1
    for part in (hub, *([mirror] if mirror else [])):
        if len(part) < least or len(part) == _CLUSTER - 1:
            raise TopologyWrong(
                topology,
                f"a cluster of {len(part)} servers has no majority when one is lost",
                "name three of one region as [[nats.node]]",
            )
    kept = () if topology is Topology.CLUSTER else tuple(leaves)
    return Grid(topology=topology, hub=hub, leaves=kept, mirror=mirror)


def _check_names(topology: Topology, names: Sequence[str]) -> None:
    """Check what servers are called.

    Raises:
        TopologyWrong: If two have the same name, or one has none that a folder can have.
    """
    if len(set(names)) < len(names):
        raise TopologyWrong(topology, "two servers have the same name", "give each its own")
    for name in names:
        if _NAME.fullmatch(name) is None:
            raise TopologyWrong(
                topology, f"a server is called {name!r}", "use a-z, 0-9 and hyphens, such as nats-1"
            )


def plan_of(plan: BusPlan, grid: Grid) -> BusPlan:
    """Return a plan with the servers of a bus in it."""
    return msgspec.structs.replace(
        plan,
        servers=tuple(_url(node) for node in grid.hub),
        replicas=_replicas(grid.hub),
        leaves={leaf.agency: (_url(leaf),) for leaf in grid.leaves},
        mirror=tuple(_url(node) for node in grid.mirror),
        mirror_replicas=_replicas(grid.mirror),
    )


def _url(server: Node | Leaf) -> str:
    """Return the address of a server for clients."""
    return f"tls://{server.host}:{server.port}"


def _replicas(nodes: Sequence[Node]) -> int:
    """Return on how many of some servers a stream lies."""
    return _CLUSTER if len(nodes) >= _CLUSTER else 1
