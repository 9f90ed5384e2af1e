"""The gRPC server: where it listens, and how it treats connections."""

from collections.abc import Mapping
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2_grpc

from broker.errors import BrokerError
from gateway.certificates import Certificates
from gateway.reflecting import reflect

_MAX_CALLS = 10_000
OPTIONS = (
    ("grpc.max_receive_message_length", 4 << 20),
    ("grpc.max_send_message_length", 64 << 20),
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.ping_timeout_ms", 10_000),
    ("grpc.http2.min_ping_interval_without_data_ms", 5_000),
    ("grpc.keepalive_permit_without_calls", 1),
    # By itself it drops calls by chance, without a word, once a thousand wait: as many watches
    # as there may be come back at once when a gateway has restarted.
    ("grpc.server.max_pending_requests", _MAX_CALLS),
    ("grpc.server.max_pending_requests_hard_limit", 2 * _MAX_CALLS),
)


class GatewayFailed(BrokerError):
    """The gateway cannot serve."""


class Listening:
    """A server with services, their reflection and their health.

    Args:
        address: host:port; port 0: any free one.
        certificates: Who it is, and whom it trusts.
        services: What serves each service, by its name.
        calls: How many one connection holds at a time.
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
        *,
        calls: int,
        shares_port: bool,
    ) -> None:
        options = (
            *OPTIONS,
            # Without a limit one connection could take the places of everybody's calls.
            ("grpc.max_concurrent_streams", calls),
            ("grpc.so_reuseport", int(shares_port)),
        )
        self.server = grpc.aio.server(options=options, maximum_concurrent_rpcs=_MAX_CALLS)
        self.server.add_generic_rpc_handlers(tuple(services.values()))
        self.health = health.aio.HealthServicer()  # type: ignore[attr-defined]  # no stubs
        health_pb2_grpc.add_HealthServicer_to_server(self.health, self.server)
        reflect((*services, health.SERVICE_NAME), self.server)
        try:
            self.port = self.server.add_secure_port(address, certificates.credentials())
        except RuntimeError as error:
            raise GatewayFailed(
                f"the gateway cannot listen on {address}: stop what listens there, or change "
                "its port in the city file"
            ) from error
