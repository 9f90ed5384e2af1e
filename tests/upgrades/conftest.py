"""The gateway of today, before a bus of its own: records that state everything count elsewhere."""

from tests.conftest import city_home, plan
from tests.gateway.conftest import city

__all__ = ["city", "city_home", "plan"]
