"""The gRPC API in which departments read the shared state, within their agreements."""

from gateway.server import Gateway, GatewaySettings

__all__ = ["Gateway", "GatewaySettings"]
