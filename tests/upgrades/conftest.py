"""The gateway of today, before a bus of its own: records that state everything count elsewhere."""

from collections.abc import AsyncIterator

import pytest

from broker.home import Home
from broker.plan import BusPlan
from broker.server import EmbeddedServer
from broker.streams import reconcile
from tests.conftest import small_plan
from tests.gateway.conftest import city

__all__ = ["city"]


@pytest.fixture(scope="session")
def plan() -> BusPlan:
    """Return the plan of the bus."""
    return small_plan()


@pytest.fixture(scope="session")
async def city_home(tmp_path_factory: pytest.TempPathFactory, plan: BusPlan) -> AsyncIterator[Home]:
    """Run the server, with every stream."""
    home = Home(tmp_path_factory.mktemp("upgraded"))
    async with EmbeddedServer(home, plan):
        await reconcile(home, plan)
        yield home
