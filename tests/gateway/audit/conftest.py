"""The log of the tests' gateway."""

from collections.abc import AsyncIterator

import pytest

from tests.gateway.audit.reading import Reader, reader_of
from tests.gateway.town import City


@pytest.fixture
async def log(city: City) -> AsyncIterator[Reader]:
    """Read the city's log."""
    async with reader_of(city) as reader:
        yield reader
