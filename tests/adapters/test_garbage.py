"""What stays is left out of Python's search for garbage."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from adapters.garbage import spare_what_stays


class _Ring:
    """Something that holds itself."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Leave the search as it was found."""
    threshold = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*threshold)


def test_what_was_there_at_the_start_is_not_looked_through_again() -> None:
    """A full search after it has next to nothing to look at."""
    spare_what_stays()

    assert len(gc.get_objects()) < 1_000
    assert gc.get_threshold()[0] > 700


def test_garbage_that_comes_later_is_found() -> None:
    """The search goes on, only later: nothing that is made from then on stays for good."""
    spare_what_stays()
    ring = _Ring()
    seen = weakref.ref(ring)

    del ring
    gc.collect()

    assert seen() is None
