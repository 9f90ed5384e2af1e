"""How the end-to-end tests run feeds."""

import pytest

from broker.home import Home
from broker.plan import BusPlan
from tests.conftest import Books
from tests.e2e.samples import Connect, Run


@pytest.fixture
def run(city_home: Home, plan: BusPlan, bus_of: Connect, books: Books) -> Run:
    """Return how to run a feed of recorded messages."""
    return Run(city_home, plan, bus_of, books)
