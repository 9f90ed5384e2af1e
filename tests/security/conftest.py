"""The city that strangers come to."""

import contextlib
from collections.abc import Iterator

import pytest

from tests.security.stronghold import Stronghold


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
