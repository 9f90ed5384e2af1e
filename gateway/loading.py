"""Loading a large state: Python's search for garbage would go through all of it again and again."""

import contextlib
import gc
from collections.abc import Iterator


@contextlib.contextmanager
def loading() -> Iterator[None]:
    """Put the search for garbage off while much is loaded, and leave that out of it afterwards.

    What is loaded stays; entries hold no cycles. Without this a million records are looked
    at anew with every quarter that is added, and at every full search from then on, which
    stops all calls for a second.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if was_on:
            gc.enable()
