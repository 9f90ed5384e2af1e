"""The city that strangers come to."""

import contextlib
from collections.abc import Iterator

import pytest

# What a siege asserts is told in as many words as in a test.
pytest.register_assert_rewrite("tests.security.siege", "tests.security.stronghold")

from tests.security.stronghold import Stronghold  # noqa: E402 - rewritten as it is imported


@pytest.fixture(scope="session")
def stronghold(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stronghold]:
    """Run the city."""
    stronghold = Stronghold(tmp_path_factory.mktemp("stronghold"))
    with contextlib.ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            # By itself gRPC does not tell whom it refuses.
            patch.setenv("GRPC_VERBOSITY", "info")
            stack.enter_context(stronghold.up())
        yield stronghold
