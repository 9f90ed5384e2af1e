"""What the tests of transports share."""

from collections.abc import AsyncIterator

import pytest

from tests.adapters.transports.servers import postgresql


@pytest.fixture(scope="session")
async def database() -> AsyncIterator[str]:
    """Run a PostgreSQL for the session; return its URL."""
    async with postgresql() as server:
        yield server.url
