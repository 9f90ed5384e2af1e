"""Python's search for garbage, as a process that takes in records for months needs it."""

import gc
from typing import Final

_YOUNG: Final = 5_000
_GENERATIONS: Final = 20


def spare_what_stays() -> None:
    """Leave what is there now out of the search, and search less often; to be called at the start.

    Code and schemas stay, and are a hundred thousand objects. Documents become trees of objects
    that are not garbage but gone when their records are stored; looked through every 700, and
    all else with them now and then, they cost a warning a quarter of its time, and everybody a
    pause of 70 ms.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _GENERATIONS)
