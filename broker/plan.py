"""What the bus is made of: agencies, addresses, limits."""

import re
from typing import Self

import msgspec

from broker.errors import PlanWrong

MEBIBYTE = 1 << 20
# A name becomes a token of subjects, part of permissions, and the name of files.
_AGENCY = re.compile(r"[a-z][a-z0-9_-]{0,31}")
# Users, accounts and certificates that the bus has of its own.
_RESERVED = frozenset({"admin", "ca", "console", "gateway", "hub", "nats", "ops", "probe", "sys"})


class BusPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The bus of one city.

    Attributes:
        agencies: Names of the departments, each with an account and streams of its own.
        host: Address on which the server listens.
        port: Port of NATS clients, TLS only.
        monitor_port: Port of the server's HTTP monitoring, plain, loopback; 0: none.
        agency_bytes: Limit of each agency's stream of records, bytes.
        quarantine_bytes: Limit of each agency's quarantine, bytes.
        city_bytes: Limit of the hub's stream of all records, bytes.
        audit_bytes: Limit of the record of accesses, bytes.
        history: How many revisions of a record the city's stream keeps.
        duplicate_window_s: How long a message id is remembered, seconds.
        max_payload: Largest message, bytes.
        servers: Addresses for clients, any of which will do; none: the one at host and port.
        replicas: On how many servers the hub's streams lie, and those of the agencies there.
        leaves: By agency the servers of its own on which its streams lie; none: at the hub.
        mirror: Servers of another region, which hold the city's state a second time; none: there
            is no other region.
        mirror_replicas: On how many of those its streams lie.

    Raises:
        PlanWrong: If an agency's name is malformed, reserved, or there twice.
    """

    agencies: tuple[str, ...]
    host: str = "127.0.0.1"
    port: int = 7222
    monitor_port: int = 0
    agency_bytes: int = 1024 * MEBIBYTE
    quarantine_bytes: int = 256 * MEBIBYTE
    city_bytes: int = 4096 * MEBIBYTE
    audit_bytes: int = 512 * MEBIBYTE
    history: int = 64
    duplicate_window_s: int = 600
    max_payload: int = MEBIBYTE
    servers: tuple[str, ...] = ()
    replicas: int = 1
    leaves: dict[str, tuple[str, ...]] = {}
    mirror: tuple[str, ...] = ()
    mirror_replicas: int = 1

    def __post_init__(self) -> None:
        """Refuse names that would widen a permission or clash with the bus's own."""
        for index, agency in enumerate(self.agencies):
            if _AGENCY.fullmatch(agency) is None:
                raise PlanWrong(agency, "the name is malformed")
            if agency in _RESERVED:
                raise PlanWrong(agency, "the name is the bus's own")
            if stream_name(agency) in map(stream_name, self.agencies[:index]):
                raise PlanWrong(agency, "it is there twice, or differs in hyphens only")

    @property
    def url(self) -> str:
        """Return the addresses for clients, as people are told them."""
        return ", ".join(self.hub)

    @property
    def hub(self) -> tuple[str, ...]:
        """Return the addresses of the hub's servers."""
        return self.servers or (f"tls://{self.host}:{self.port}",)

    def at_mirror(self) -> Self:
        """Return the bus as the other region's gateways and operators reach it."""
        return msgspec.structs.replace(self, servers=self.mirror, replicas=self.mirror_replicas)


def stream_name(agency: str) -> str:
    """Return the name of an agency's stream of records, which is also its account's."""
    return agency.upper().replace("-", "_")
