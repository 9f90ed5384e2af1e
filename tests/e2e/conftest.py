"""How the end-to-end tests run feeds."""

import pytest

from broker.home import Home
from broker.plan import BusPlan
from tests.conftest import Books
from tests.e2e.samples import Connect, Run

# What acts and aftermath assert is told in as many words as in a test.
pytest.register_assert_rewrite("tests.e2e.yangtze.acts", "tests.e2e.yangtze.afterwards")


@pytest.fixture
def run(city_home: Home, plan: BusPlan, bus_of: Connect, books: Books) -> Run:
    """Return how to run a feed of recorded messages."""
    return Run(city_home, plan, bus_of, books)
