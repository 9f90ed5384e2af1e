"""How the servers are made to hold the streams of the city as they are defined."""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import structlog
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import StreamConfig
from nats.js.errors import APIError, NotFoundError

from broker.accounts import source_api
from broker.connection import Bus, BusSettings
from broker.definitions import definitions, mirror_definitions
from broker.errors import StreamsDiffer, StreamUnavailable
from broker.home import Home
from broker.numbering import taken
from broker.plan import BusPlan, stream_name
from broker.sources import going_on
from broker.users import CITY, HUB, HUB_DOMAIN, admin

_ELECTION_S = 30.0
_LINK_S = 10.0
_LOOK_S = 0.1
_log = structlog.get_logger()


async def reconcile(home: Home, plan: BusPlan) -> list[str]:
    """Make the server hold every stream as defined; return one sentence for each change.

    Raises:
        StreamsDiffer: If a stream cannot be made or changed to what its definition says.
        BusUnreachable: If the server cannot be reached.
        StreamUnavailable: If the server does not answer.
    """
    by_account: dict[str, list[StreamConfig]] = {}
    for stream in definitions(plan):
        by_account.setdefault(stream.account, []).append(stream.config)
    hub = by_account.pop(HUB)
    upto = await _taken_of_each(home, plan)
    lots = await asyncio.gather(
        *(
            _reconcile_account(home, plan, name, configs, upto)
            for name, configs in by_account.items()
        )
    )
    await asyncio.gather(
        *(
            _until_linked(
                home,
                plan,
                f"{source_api(name)}.CONSUMER.CREATE.{stream_name(name)}.none.share.{name}.none",
            )
            for name in plan.leaves
        )
    )
    made = [
        *(line for lot in lots for line in lot),
        *await _reconcile_account(home, plan, HUB, hub),
    ]
    if plan.mirror:
        asked = f"$JS.{HUB_DOMAIN}.API.CONSUMER.CREATE.{CITY}.none.share.none"
        await _until_linked(home, plan.at_mirror(), asked)
        there = await _reconcile_account(home, plan.at_mirror(), HUB, mirror_definitions(plan))
        made += [f"in the other region {line}" for line in there]
    return made


async def _taken_of_each(home: Home, plan: BusPlan) -> dict[str, int]:
    """Return up to which number the city has taken each agency's stream; empty: it is new."""
    async with Bus(BusSettings.of(home, plan, admin(HUB))) as bus:
        await _until_led(bus.js, HUB)
        try:
            await bus.js.stream_info(CITY)
        except NotFoundError:
            return {}
        except NatsError as error:
            raise StreamUnavailable(CITY, str(error)) from error
        found = await asyncio.gather(*(taken(bus, agency) for agency in plan.agencies))
        return dict(zip(map(stream_name, plan.agencies), found, strict=True))


async def _until_linked(home: Home, plan: BusPlan, asked: str) -> None:
    """Wait until the hub's administrator reaches what asks from afar, but not for ever.

    A server may be down; sourcing that finds nobody tries again by itself, after half a minute.
    """
    async with Bus(BusSettings.of(home, plan, admin(HUB))) as bus:
        try:
            async with asyncio.timeout(_LINK_S):
                while True:
                    try:
                        # A request without a body makes nothing: that it is refused is enough.
                        await bus.nc.request(asked, timeout=1)
                    except NatsError:
                        await asyncio.sleep(_LOOK_S)
                    else:
                        return
        except TimeoutError:
            _log.warning("a server cannot be reached over its link", asked=asked)


async def _reconcile_account(
    home: Home,
    plan: BusPlan,
    account: str,
    configs: list[StreamConfig],
    taken_of: Mapping[str, int] = MappingProxyType({}),
) -> list[str]:
    """Make one account hold its streams."""
    async with Bus(BusSettings.of(home, plan, admin(account))) as bus:
        await _until_led(bus.js, account)
        return [
            line
            for config in configs
            for line in await _reconcile_stream(bus.js, config, taken_of.get(str(config.name), 0))
        ]


async def _until_led(js: JetStreamContext, account: str) -> None:
    """Wait until the servers of a cluster have agreed on who leads.

    Raises:
        StreamUnavailable: If they do not within the time that elections take.
    """
    problem = "no answer"
    try:
        async with asyncio.timeout(_ELECTION_S):
            while True:
                try:
                    await js.account_info()
                except NatsError as error:
                    problem = str(error).removeprefix("nats: ") or problem
                else:
                    return
                await asyncio.sleep(_LOOK_S)
    except TimeoutError as error:
        raise StreamUnavailable(f"of account {account}", problem) from error


async def _reconcile_stream(
    js: JetStreamContext, config: StreamConfig, taken_upto: int
) -> list[str]:
    """Add a stream that is missing, change one that differs.

    One that was lost goes on behind what the city has of it: its numbers are not given again.
    """
    assert config.name is not None
    difference = "is not there"
    try:
        try:
            held = (await js.stream_info(config.name)).config
        except NotFoundError:
            if not taken_upto:
                await js.add_stream(config)
                return [f"added stream {config.name}"]
            await js.add_stream(config, first_seq=taken_upto + 1)
            return [f"added stream {config.name}, which was lost, from number {taken_upto + 1}"]
        changed = ", ".join(differences(held.as_dict(), config))
        if not changed:
            return []
        difference = f"differs from its definition in {changed}"
        await js.update_stream(await going_on(js, held, config))
    except APIError as error:
        raise StreamsDiffer(
            f"stream {config.name} {difference} and cannot be made so ({error.description}): "
            "restore the definition, or move what is in the way to a new stream"
        ) from error
    except NatsError as error:
        raise StreamUnavailable(config.name, str(error)) from error
    return [f"changed {changed} of stream {config.name}"]


def differences(held: Mapping[str, Any], wanted: StreamConfig) -> list[str]:
    """Return in which settings a stream differs from its definition, by their names.

    Args:
        held: Its configuration as the server tells it.
        wanted: Its definition.
    """
    return [
        key
        for key, value in sorted(wanted.as_dict().items())
        if value is not None and not _same(held.get(key), value)
    ]


def _same(held: Any, wanted: Any) -> bool:
    """Tell whether the server holds what is wanted; it fills in defaults of its own."""
    if isinstance(wanted, dict):
        return isinstance(held, dict) and all(
            _same(held.get(key), value) for key, value in wanted.items() if value is not None
        )
    if isinstance(wanted, list):
        return isinstance(held, list) and len(held) == len(wanted) and all(map(_same, held, wanted))
    return bool(held == wanted) or (not held and not wanted)
