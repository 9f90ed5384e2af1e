"""The gRPC API in which departments read the shared state, within their agreements."""

from gateway.server import Gateway
from gateway.settings import GatewaySettings

__all__ = ["Gateway", "GatewaySettings"]
