"""Having the city's stream go on behind what it has of a stream that is made anew.

nats-server has a stream take all of a source that was made anew, from its start: every record
would be there twice. A source that names the number at which to begin is taken from there.

Source: NATS JetStream, ``opt_start_seq`` of a stream's source.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final

from broker.api import call
from broker.connection import Bus
from broker.definitions import definitions
from broker.errors import StreamUnavailable
from broker.numbering import taken
from broker.plan import BusPlan, stream_name
from broker.users import CITY

_PATIENCE_S: Final = 60.0
_AGAIN_S: Final = 8.0
_LOOK_S: Final = 0.1


class Sourcing:
    """The city's stream as it takes one agency's.

    Args:
        hub: An open connection of the hub's administrator.
        plan: The bus.
        agency: The agency.
    """

    def __init__(self, hub: Bus, plan: BusPlan, agency: str) -> None:
        self.hub, self._plan, self._agency = hub, plan, agency
        self._name = stream_name(agency)

    async def stop(self) -> None:
        """Have the city's stream take nothing more of the agency's."""
        await self._change(())

    async def go_on(self, taken_upto: int) -> None:
        """Have it take what comes behind a number; 0: all."""
        await self._change([behind(taken_upto)])

    async def caught_up(self, last: int) -> int:
        """Return up to which number the city has the agency's stream, once it has all.

        Args:
            last: The number of the last record that the agency's stream holds; 0: it holds none.

        Raises:
            StreamUnavailable: If the city does not catch up.
        """
        now = asyncio.get_running_loop().time
        end, again_at = now() + _PATIENCE_S, 0.0
        while (position := await taken(self.hub, self._agency)) < last:
            if now() >= end:
                raise StreamUnavailable(
                    CITY, f"it does not take what {self._name} holds, see `liandong doctor`"
                )
            if now() >= again_at:
                # Who lost its source tries again after a pause that grows; named anew, at once.
                await self.stop()
                await self.go_on(position)
                again_at = now() + _AGAIN_S
            await asyncio.sleep(_LOOK_S)
        return position

    async def _change(self, ways: Sequence[dict[str, int]]) -> None:
        """Take the agency's stream out of the sources, or in again in some way."""
        config = (await call(self.hub, CITY, f"STREAM.INFO.{CITY}"))["config"]
        sources = [one for one in config.get("sources", ()) if one["name"] != self._name]
        (defined,) = (one for one in sources_of_city(self._plan) if one["name"] == self._name)
        sources += [defined | way for way in ways]
        # In the order of the definition, from which it would differ otherwise.
        order = [stream_name(agency) for agency in self._plan.agencies]
        sources.sort(key=lambda one: order.index(one["name"]))
        await call(self.hub, CITY, f"STREAM.UPDATE.{CITY}", config | {"sources": sources})


async def resumed_sources(apart: Bus, plan: BusPlan) -> list[dict[str, Any]]:
    """Return the sources of a city's stream, each to go on behind what that stream has.

    Args:
        apart: An open connection of the hub's administrator to the server where the stream is.
        plan: The bus on which it will be.

    Raises:
        StreamUnavailable: If it cannot be read.
    """
    return [
        source | behind(await taken(apart, agency))
        for agency, source in zip(plan.agencies, sources_of_city(plan), strict=True)
    ]


def sources_of_city(plan: BusPlan) -> list[dict[str, Any]]:
    """Return the sources of the city's stream as they are defined, an agency each."""
    (city,) = (one.config for one in definitions(plan) if one.config.name == CITY)
    found: list[dict[str, Any]] = city.as_dict()["sources"]  # type: ignore[assignment]
    return found


def behind(taken_upto: int) -> dict[str, int]:
    """Return what has a source begin behind a number; 0: it begins at its start."""
    return {"opt_start_seq": taken_upto + 1} if taken_upto else {}
