"""The gRPC server: where it listens, and how it treats connections."""

from collections.abc import Iterable, Mapping
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2_grpc

from broker.errors import BrokerError
from gateway.arrivals import Arrivals, Arriving
from gateway.certificates import Certificates
from gateway.reflecting import reflecting

OPTIONS = (
    ("grpc.max_receive_message_length", 4 << 20),
    ("grpc.max_send_message_length", 64 << 20),
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.ping_timeout_ms", 10_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
    # A connection that does not say what it is, and one that is of no use any more.
    ("grpc.server_handshake_timeout_ms", 15_000),
    ("grpc.max_connection_idle_ms", 600_000),
    # By itself it drops calls by chance, without a word, once a thousand wait: as many watches
    # as there may be come back at once when a gateway has restarted.
    ("grpc.server.max_pending_requests", 10_000),
    ("grpc.server.max_pending_requests_hard_limit", 20_000),
)


class GatewayFailed(BrokerError):
    """The gateway cannot serve."""


class _Handlers(list["grpc.GenericRpcHandler[Any, Any]"]):
    """What the library would add to a server."""

    def add_generic_rpc_handlers(
        self, handlers: Iterable["grpc.GenericRpcHandler[Any, Any]"]
    ) -> None:
        """Keep them."""
        self.extend(handlers)

    def add_registered_method_handlers(self, service: str, handlers: object) -> None:
        """Do without: these are the same ones again, found faster."""


class Listening:
    """A server with services, their reflection and their health.

    Args:
        address: host:port; port 0: any free one.
        certificates: Who it is, and whom it trusts.
        services: What serves each service, by its name; their methods take what a caller is
            to be told in place of a request that did not come.
        arrivals: The places of calls.
        calls: How many there are.
        connection: How many calls one connection holds at a time.
        shares_port: Whether others on this machine listen at the same port.

    Attributes:
        server: The server, not started yet.
        health: What tells of its health.
        port: Where it listens.

    Raises:
        GatewayFailed: If it cannot listen there.
    """

    def __init__(
        self,
        address: str,
        certificates: Certificates,
        services: Mapping[str, "grpc.GenericRpcHandler[Any, Any]"],
        arrivals: Arrivals,
        *,
        calls: int,
        connection: int,
        shares_port: bool,
    ) -> None:
        options = (
            *OPTIONS,
            ("grpc.max_concurrent_streams", connection),
            ("grpc.so_reuseport", int(shares_port)),
        )
        # Those beyond their department's share stay a moment, to be told.
        self.server = grpc.aio.server(options=options, maximum_concurrent_rpcs=2 * calls)
        self.health = health.aio.HealthServicer()  # type: ignore[attr-defined]  # no stubs
        library = _Handlers()
        health_pb2_grpc.add_HealthServicer_to_server(self.health, library)
        library += reflecting((*services, health.SERVICE_NAME))
        self.server.add_generic_rpc_handlers(
            (
                *(Arriving(arrivals, one, tells=True) for one in services.values()),
                *(Arriving(arrivals, one, tells=False) for one in library),
            )
        )
        try:
            self.port = self.server.add_secure_port(address, certificates.credentials())
        except RuntimeError as error:
            raise GatewayFailed(
                f"the gateway cannot listen on {address}: stop what listens there, or change "
                "its port in the city file"
            ) from error
