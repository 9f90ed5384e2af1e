"""The gateway of today."""

from tests.gateway.conftest import city

__all__ = ["city"]
