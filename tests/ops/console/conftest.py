"""What tests of the console share."""

from tests.gateway.conftest import city, station
from tests.ops.console.town import chromium, lit

__all__ = ["chromium", "city", "lit", "station"]
