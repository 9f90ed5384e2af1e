"""The pytest plugin: loaded in every session, so it imports only what pytest already has."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from adapters.testing.trial import Trial

# The contract's assertions are to explain themselves as those of tests do.
pytest.register_assert_rewrite("adapters.testing.contract")


@pytest.fixture
def adapter_case() -> "Callable[..., Trial]":
    """Return what puts an adapter on trial: ``adapter_case("water/river_stage", datum="")``.

    It takes an adapter's name or class and its options; the trial's ``run`` takes a
    connection's or file's bytes and returns what would become of each message.
    """
    from adapters.testing.trial import trial_of  # noqa: PLC0415 - sessions without it need none

    return trial_of
