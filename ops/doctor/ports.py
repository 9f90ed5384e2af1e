"""Does every part listen where the city file says, and nobody else?"""

import ipaddress
import socket
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from ops.city import City
from ops.doctor.case import Case
from ops.doctor.finding import Finding, note
from ops.doctor.listeners import Listener, listeners, owner
from ops.gateway_address import process_of

_PROTOCOLS = {"tcp": "tcp", "mllp": "tcp", "http-listen": "tcp", "udp": "udp"}
_START = "start it with `liandong up`, or see its log in the home folder"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a part listens."""

    part: str
    protocol: str
    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.protocol} port {self.port} ({self.part})"


def places(city: City) -> list[Place]:
    """Return where the parts of a city listen; what takes any free port is left out.

    Servers that run from folders of their own are left out too: other checks ask them.
    """
    plan = city.plan
    found = []
    if not city.grid.hub:
        found += [
            Place("nats-server", "tcp", plan.host, plan.port),
            Place("nats-server's monitoring", "tcp", plan.host, plan.monitor_port),
        ]
    if city.gateway.workers:
        found.append(Place("gateway", "tcp", city.gateway.host, city.gateway.port))
    for part in city.gateway.parts:
        found.append(Place(process_of(part), "tcp", city.gateway.host, part.port))
    for feed in city.feeds:
        if protocol := _PROTOCOLS.get(feed.source.partition(":")[0]):
            try:
                parts = urlsplit(feed.source)
                host, port = parts.hostname or "", parts.port or 0
            except ValueError:  # the check of the city file tells it
                continue
            found.append(Place(feed.id, protocol, host, port))
    return [place for place in found if place.port]


def check_ports(case: Case) -> Iterator[Finding]:
    """Find ports that nobody listens on, that somebody else has, and that two parts share."""
    wanted = places(case.city)
    sharing: dict[tuple[str, str, int], list[Place]] = defaultdict(list)
    for place in wanted:
        sharing[place.protocol, place.host, place.port].append(place)
    for same in sharing.values():
        if len(same) > 1:
            everyone = " and ".join(place.part for place in same)
            yield Finding(
                str(same[0].port),
                f"is the port of {everyone}",
                "give each its own in the city file",
            )
    open_ones = {protocol: listeners(protocol) for protocol in ("tcp", "udp")}
    for place in wanted:
        yield from _look(case, place, open_ones[place.protocol])


def _look(case: Case, place: Place, open_ones: list[Listener]) -> Iterator[Finding]:
    """Find what is wrong with one port."""
    try:
        family, *_, (host, *_) = socket.getaddrinfo(place.host, 0, type=socket.SOCK_STREAM)[0]
        address = ipaddress.ip_address(host)
        with socket.socket(family) as probe:
            probe.bind((host, 0))
    except OSError:
        yield note(str(place), f"is on another machine ({place.host}): look there")
        return
    there = [
        one
        for one in open_ones
        if one.port == place.port
        and (one.address == address or one.address.is_unspecified or address.is_unspecified)
    ]
    if not there:
        yield Finding(str(place), "has nobody who listens", _START)
    for one in there[:1]:
        process = owner(one)
        if process is None:
            yield Finding(
                str(place),
                "is taken by a process of another user",
                "run the doctor as the user who runs the city; else stop what listens there",
            )
        elif not process.is_of(case.home):
            yield Finding(
                str(place),
                f"is taken by {process.name}, which is no part of this home",
                "stop that, or change the port in the city file",
            )
