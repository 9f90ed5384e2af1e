"""Does every server of a cluster answer, and hold of each stream what the others hold?"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from broker.connection import Bus, BusSettings
from broker.errors import BrokerError
from broker.health import bus_state
from broker.home import Home
from broker.plan import BusPlan
from broker.replicas import missing
from broker.users import SYSTEM_READER
from ops.doctor.case import Case
from ops.doctor.finding import Finding, UncheckedError, note

_LOOKS = 2
_PAUSE_S = 0.5
_PATIENCE_S = 8.0
_REFILL = (
    "stop it, delete jetstream in its data folder, start it; nothing else fills the hole. Touch no "
    "other server until this check is content (docs/reliability.md, Damaged files)"
)
_Copies = dict[tuple[str, str], dict[str, list[int]]]


@dataclass(slots=True)
class _Looked:
    """What servers said, each time that they were asked.

    Attributes:
        servers: Which answered at all.
        lacks: By account and stream, by server: how many messages it lacked, of each time that
            its copy could be compared.
    """

    servers: set[str] = field(default_factory=set)
    lacks: _Copies = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))

    def is_enough(self) -> bool:
        """Tell whether each copy has been compared often enough."""
        return bool(self.lacks) and all(
            len(times) >= _LOOKS for copies in self.lacks.values() for times in copies.values()
        )


def check_replicas(case: Case) -> Iterator[Finding]:
    """Find servers that do not answer, and copies of streams that lack what others hold."""
    plan, grid = case.city.plan, case.city.grid
    regions = [(plan, grid.hub)]
    if plan.mirror:
        regions.append((plan.at_mirror(), grid.mirror))
    for there, nodes in regions:
        # A single copy has nothing to be compared with.
        if there.replicas == 1:
            continue
        try:
            looked = asyncio.run(_look(case.home, there))
        except BrokerError as error:
            raise UncheckedError(str(error)) from error
        away = [node.name for node in nodes if node.name not in looked.servers]
        for name in away:
            yield Finding(
                f"server {name}",
                "does not answer the others",
                "start it; its log says why it ended",
            )
        yield from judge_copies(looked.lacks, 0 if away else there.replicas)


def judge_copies(lacks: _Copies, wanted: int = 0) -> Iterator[Finding]:
    """Judge the copies of streams.

    Args:
        lacks: How much each lacked whenever it could be compared.
        wanted: How many copies there should be of each; 0: as many as there are.
    """
    few = sorted(stream for (_, stream), copies in lacks.items() if len(copies) < wanted)
    if few:
        yield note(
            f"{len(few)} streams, for example {few[0]},",
            f"have fewer than {wanted} copies now",
            "a server that was just started gets them from the others: look again in a minute",
        )
    unsure: dict[str, list[str]] = defaultdict(list)
    for (_, stream), copies in sorted(lacks.items()):
        for server, times in sorted(copies.items()):
            if len(times) < _LOOKS:
                unsure[server].append(stream)
        # What others drop later is no hole: it is gone the next time.
        holes = {server: min(times) for server, times in copies.items() if len(times) >= _LOOKS}
        whole = sorted(server for server, count in holes.items() if not count)
        for server, count in sorted(holes.items()):
            if count:
                yield Finding(
                    f"server {server}",
                    f"lacks {count:,} messages of {stream}, which {_all(whole)} "
                    f"{'has' if len(whole) == 1 else 'have'}",
                    _REFILL if len(whole) > 1 else _careful(stream, whole),
                )
    for server, streams in sorted(unsure.items()):
        yield note(
            f"server {server}",
            f"cannot be compared with others in {_all(streams)}: it is still being filled, or "
            "all changes too fast",
            "look again in a quieter minute",
        )


def _careful(stream: str, whole: list[str]) -> str:
    """Return what to do when two of three have a hole: the wrong one must not be copied."""
    return (
        f"have {_all(whole)} lead {stream} and save the city before you touch any server "
        "(docs/reliability.md, Damaged files)"
    )


def _all(names: Sequence[str]) -> str:
    """Return names in a sentence."""
    *most, last = names or ("another server",)
    return f"{', '.join(most)} and {last}" if most else last


async def _look(home: Home, plan: BusPlan) -> _Looked:
    """Ask servers until each copy has been compared twice, or for a few seconds.

    Raises:
        BrokerError: If no server can be asked.
    """
    looked = _Looked()
    async with Bus(BusSettings.of(home, plan, SYSTEM_READER).patient_for(_PATIENCE_S)) as bus:
        end = time.monotonic() + _PATIENCE_S
        while not looked.is_enough() and time.monotonic() < end:
            if looked.servers:
                await asyncio.sleep(_PAUSE_S)
            state = await bus_state(bus)
            looked.servers |= {server.name for server in state.servers}
            compared = missing(state.replicas)
            for one in state.replicas:
                times = looked.lacks[one.account, one.stream][one.server]
                if one in compared:
                    times.append(compared[one])
    return looked
