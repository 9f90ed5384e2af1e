"""Parts of a town fail under load: nothing that was answered is lost, and nobody is misled.

Three of the faults run with all tests; all of them with ``make chaos``, which sets
``LIANDONG_CHAOS``. ``LIANDONG_SEED`` makes the choices of a run again.
"""

import asyncio
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chaos.checks import Row, balanced, known, settle
from tests.chaos.faults import FAULTS, LEAF_CUT, PACKETS_LOST, Fault
from tests.chaos.segment import Segment
from tests.chaos.town import Town, running
from tests.conftest import FAULT
from tests.e2e.stations import until

ALL = bool(os.environ.get("LIANDONG_CHAOS"))
SEED = int(os.environ.get("LIANDONG_SEED") or random.SystemRandom().randrange(1 << 32))
Told = Callable[[str, object], None]
pytestmark = pytest.mark.timeout(300)


async def suffer(town: Town, fault: Fault) -> Row:
    """Do a fault to a town under load; return what it did, when all that must hold does."""
    load, now = town.load, asyncio.get_running_loop().time
    load.resume()
    await load.goes_on()
    await until(lambda: all(watcher.has_seen(known(town)) for watcher in town.watchers))

    since, begin = load.marks(), now()
    acting = asyncio.create_task(_act(town, fault))
    # A frame of each may have been under way.
    await load.goes_on(2)
    answers_s = now() - begin
    await acting
    end, answered = now(), known(town)
    await until(lambda: all(watcher.has_seen(answered) for watcher in town.watchers))
    watchers_s = now() - end
    await load.goes_on()
    await settle(town)
    return await balanced(town, fault.name, since, answers_s, watchers_s)


async def _act(town: Town, fault: Fault) -> None:
    await fault.act(town, random.Random(f"{SEED} {fault.name}"))


@pytest.mark.parametrize(
    "fault", [one for one in FAULTS if ALL or one.is_short], ids=lambda one: one.act.__name__
)
async def test_what_was_answered_is_there_once_and_in_order_after(
    fault: Fault, town: Town, record_property: Told
) -> None:
    """In the agency's stream and in the city's; and every watcher saw it so, to the last."""
    print(f"LIANDONG_SEED={SEED}")

    row = await suffer(town, fault)

    record_property(FAULT, f"{row} | {SEED}")
    assert (row.duplicates, row.lost, row.stored) == (0, 0, row.acknowledged)


@pytest.mark.skipif(not ALL, reason="it takes more than a minute: make chaos")
async def test_a_leaf_that_was_cut_for_a_minute_delivers_all_in_order(
    tmp_path: Path, record_property: Told
) -> None:
    """Its stations are answered and its streams are read meanwhile; the city gets all, once."""
    print(f"LIANDONG_SEED={SEED}")

    async with running(tmp_path, has_leaf=True) as town:
        row = await suffer(town, LEAF_CUT)

    record_property(FAULT, f"{row} | {SEED}")
    assert (row.duplicates, row.lost, row.stored) == (0, 0, row.acknowledged)


@pytest.mark.skipif(not ALL, reason="it takes more than a minute: make chaos")
async def test_packets_that_vanish_without_a_word_lose_nothing(
    tmp_path: Path, record_property: Told
) -> None:
    """No connection ends, so everybody must find out by silence."""
    print(f"LIANDONG_SEED={SEED}")

    async with Segment() as segment, running(tmp_path, segment=segment) as town:
        row = await suffer(town, PACKETS_LOST)

    record_property(FAULT, f"{row} | {SEED}")
    assert (row.duplicates, row.lost, row.stored) == (0, 0, row.acknowledged)
