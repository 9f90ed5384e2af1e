"""What the server holds, looked at and not changed: every stream beside its definition."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from nats.errors import Error as NatsError
from nats.js.api import DiscardPolicy

from broker.api import call
from broker.connection import Bus, BusSettings
from broker.definitions import StreamPlan, definitions
from broker.errors import BrokerError, StreamUnavailable
from broker.home import OPS, Home
from broker.plan import BusPlan, stream_name
from broker.users import HUB, quarantine_stream, reader

_PATIENCE_S = 3.0
_ABSENT = "stream not found"


@dataclass(frozen=True, slots=True)
class Counted:
    """A stream beside its definition.

    Attributes:
        plan: Its definition.
        info: What the server tells of it; None: it is not there.
    """

    plan: StreamPlan
    info: Mapping[str, Any] | None

    @property
    def name(self) -> str:
        """Return its name."""
        return str(self.plan.config.name)

    @property
    def refuses_when_full(self) -> bool:
        """Tell whether it takes nothing more when it is full; else its oldest make room."""
        return self.plan.config.discard == DiscardPolicy.NEW


@dataclass(slots=True)
class Census:
    """What the server holds.

    Attributes:
        version: The server's version.
        streams: Every stream that could be asked about.
        trouble: Why an account could not be asked, by account.
        clock: When the server was asked, what its clock said, when its answer came; UTC.
    """

    version: str = ""
    streams: list[Counted] = field(default_factory=list)
    trouble: dict[str, str] = field(default_factory=dict)
    clock: tuple[datetime, datetime, datetime] | None = None


async def look(home: Home, plan: BusPlan, asking: str = OPS) -> Census:
    """Look at every stream, as the operators' readers; as a department, at its own.

    Raises:
        BusUnreachable: If the server cannot be reached.
        HomeDamaged: If the key of who asks cannot be read.
    """
    census = Census()
    if asking != OPS:
        own = [one for one in definitions(plan) if one.account == stream_name(asking)]
        await _look_into(_settings(home, plan, asking), own, census)
        return census
    by_account: dict[str, list[StreamPlan]] = {HUB: []}
    for stream in definitions(plan):
        by_account.setdefault(stream.account, []).append(stream)
    users = {stream_name(agency): reader(agency) for agency in plan.agencies}
    await _look_into(_settings(home, plan, OPS), by_account.pop(HUB), census)
    await asyncio.gather(
        *(
            _try_account(_settings(home, plan, users[account]), account, streams, census)
            for account, streams in by_account.items()
        )
    )
    return census


async def entries_since(home: Home, plan: BusPlan, agency: str, since: datetime) -> int:
    """Return how many sequences an agency's quarantine has given since a moment.

    Raises:
        BrokerError: If it cannot be asked.
    """
    stream = quarantine_stream(agency)
    async with Bus(_settings(home, plan, reader(agency))) as bus:
        last = (await call(bus, stream, f"STREAM.INFO.{stream}"))["state"]["last_seq"]
        request = {"start_time": since.isoformat(), "next_by_subj": ">"}
        try:
            found = await bus.nc.request(
                f"$JS.API.DIRECT.GET.{stream}", json.dumps(request).encode(), timeout=_PATIENCE_S
            )
        except NatsError as error:
            raise StreamUnavailable(stream, str(error)) from error
    first = (found.headers or {}).get("Nats-Sequence")
    return int(last) - int(first) + 1 if first else 0


async def look_at(home: Home, plan: BusPlan, stream: str) -> Mapping[str, Any]:
    """Return what the server tells of one of the hub's streams.

    Raises:
        BrokerError: If it cannot be asked.
    """
    async with Bus(_settings(home, plan, OPS)) as bus:
        return await call(bus, stream, f"STREAM.INFO.{stream}")


def _settings(home: Home, plan: BusPlan, user: str) -> BusSettings:
    """Return how a user connects, without waiting long."""
    return BusSettings.of(home, plan, user).patient_for(_PATIENCE_S)


async def _try_account(
    settings: BusSettings, account: str, streams: list[StreamPlan], census: Census
) -> None:
    """Look at an account's streams, or note why that could not be."""
    try:
        await _look_into(settings, streams, census)
    except BrokerError as error:
        census.trouble[account] = str(error)


async def _look_into(settings: BusSettings, streams: list[StreamPlan], census: Census) -> None:
    """Look at the streams of one account."""
    async with Bus(settings) as bus:
        version = bus.nc.connected_server_version
        census.version = f"{version.major}.{version.minor}.{version.patch}"
        for stream in streams:
            name = stream.config.name
            assert name is not None, "every definition has a name"
            asked = datetime.now(UTC)
            try:
                info = await call(bus, name, f"STREAM.INFO.{name}")
            except StreamUnavailable as error:
                if error.problem != _ABSENT:
                    raise
                census.streams.append(Counted(stream, None))
                continue
            if census.clock is None:
                told = datetime.fromisoformat(info["ts"])
                census.clock = (asked, told, datetime.now(UTC))
            census.streams.append(Counted(stream, info))
