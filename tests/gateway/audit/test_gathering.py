"""How long a group waits: among many for what is coming, alone for nobody."""

import asyncio
import itertools

import pytest

from gateway.audit.gathering import GROUP, Gathering

MANY = 50


class Coming:
    """Entries of which there are more whenever somebody looks."""

    def __init__(self, step: int) -> None:
        self.sizes = itertools.count(1, step)
        self.seen = 0

    def __len__(self) -> int:
        self.seen = next(self.sizes)
        return self.seen


@pytest.mark.parametrize("last", [0, 1, 4])
def test_among_few_a_group_waits_for_nobody(last: int) -> None:
    """It returns without having given its turn away once."""
    gathering = Gathering()
    gathering.wrote(last)

    with pytest.raises(StopIteration):
        gathering.gather(["alone"]).send(None)


async def test_among_many_a_group_waits_for_what_is_coming() -> None:
    """What comes in the next moment is in it, though it began alone."""
    waiting = ["first"]
    gathering = Gathering()
    gathering.wrote(MANY)

    gathered = asyncio.create_task(gathering.gather(waiting))
    await asyncio.sleep(0)
    waiting.append("second")

    assert not gathered.done()
    async with asyncio.timeout(30):
        await gathered


async def test_a_group_waits_no_longer_when_a_moment_brought_nothing() -> None:
    """Where many were, one may be alone now: it is written, and counts as few."""
    gathering = Gathering()
    gathering.wrote(MANY)

    async with asyncio.timeout(30):
        await gathering.gather(["alone"])
    gathering.wrote(1)

    with pytest.raises(StopIteration):
        gathering.gather(["alone"]).send(None)


@pytest.mark.parametrize("step", [1, GROUP])
async def test_a_group_goes_when_its_window_is_over_or_it_is_full(step: int) -> None:
    """More that keeps coming does not keep it for ever."""
    coming = Coming(step)
    gathering = Gathering()
    gathering.wrote(MANY)

    async with asyncio.timeout(30):
        await gathering.gather(coming)

    assert coming.seen > 1
