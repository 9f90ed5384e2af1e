"""A town that all faults are done to, one after another."""

from collections.abc import AsyncIterator

import pytest

from tests.chaos.town import Town, running

pytest.register_assert_rewrite("tests.chaos.checks")


@pytest.fixture(scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """Run a town under load on a cluster of three."""
    async with running(tmp_path_factory.mktemp("town")) as town:
        yield town
