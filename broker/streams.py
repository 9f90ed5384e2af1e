"""The streams of the city, as definitions, and how the server is made to hold them.

Each agency has a stream of records, a quarantine and a stream of its feeds' states, all
in its own account. The hub's ``CITY`` and ``FEEDS`` source them, always by subject: what
an agency stored under another's name never reaches the hub.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import msgspec
import structlog
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import (
    DiscardPolicy,
    ExternalStream,
    PersistMode,
    StorageType,
    StreamConfig,
    StreamSource,
)
from nats.js.errors import APIError, NotFoundError

from broker.accounts import source_api
from broker.connection import Bus, BusSettings
from broker.errors import StreamsDiffer, StreamUnavailable
from broker.home import Home
from broker.numbering import taken
from broker.plan import MEBIBYTE, BusPlan, stream_name
from broker.sources import going_on, source
from broker.subjects import checkpoint_subject
from broker.users import (
    AUDIT,
    CHECKPOINTS,
    CITY,
    CITY_FEEDS,
    HUB,
    HUB_DOMAIN,
    MIRROR_DELIVERY,
    admin,
    feeds_stream,
    quarantine_stream,
)

_FEEDS_BYTES = 64 * MEBIBYTE
_CHECKPOINTS_BYTES = 16 * MEBIBYTE
_ELECTION_S = 30.0
_LINK_S = 10.0
_LOOK_S = 0.1
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """A stream and the account in which it lives."""

    account: str
    config: StreamConfig


def definitions(plan: BusPlan) -> list[StreamPlan]:
    """Return every stream of the bus, agencies' before the hub's."""
    streams = [
        StreamPlan(stream_name(agency), config)
        for agency in plan.agencies
        for config in _agency_streams(plan, agency)
    ]
    return [*streams, *(StreamPlan(HUB, config) for config in _hub_streams(plan))]


def _agency_streams(plan: BusPlan, agency: str) -> list[StreamConfig]:
    """Return the streams of one agency."""
    if agency in plan.leaves:
        plan = msgspec.structs.replace(plan, replicas=1)
    return [
        _stream(
            plan,
            name=stream_name(agency),
            subjects=[f"share.{agency}.>"],
            max_bytes=plan.agency_bytes,
            allow_atomic=True,
            allow_msg_ttl=True,
        ),
        _stream(
            plan,
            name=quarantine_stream(agency),
            subjects=[f"quarantine.{agency}.>"],
            max_bytes=plan.quarantine_bytes,
            # A full quarantine refuses; dropping the oldest entry would lose it silently.
            discard=DiscardPolicy.NEW,
            allow_atomic=True,
        ),
        _stream(
            plan,
            name=feeds_stream(agency),
            subjects=[f"feed.{agency}.>"],
            max_bytes=_FEEDS_BYTES,
            max_msgs_per_subject=1,
        ),
        _stream(
            plan,
            name=CHECKPOINTS,
            subjects=[checkpoint_subject(">")],
            max_bytes=_CHECKPOINTS_BYTES,
            max_msgs_per_subject=1,
            discard=DiscardPolicy.NEW,
            allow_rollup_hdrs=True,
            deny_delete=True,
        ),
    ]


def _hub_streams(plan: BusPlan) -> list[StreamConfig]:
    """Return the streams of the hub."""
    return [
        _stream(
            plan,
            name=CITY,
            sources=[source(plan, name, stream_name(name), "share") for name in plan.agencies],
            # Ids are compared within an agency only: here one could suppress another's records.
            duplicate_window=0,
            max_bytes=plan.city_bytes,
            max_msgs_per_subject=plan.history,
            # Dropping the oldest would lose the latest record of whatever seldom changes.
            # A full stream makes sourcing wait instead: a lag that can be seen, and ends
            # without loss when the limit is raised.
            discard=DiscardPolicy.NEW,
            allow_msg_ttl=True,
            persist_mode=_city_mode(plan),
        ),
        _stream(
            plan,
            name=CITY_FEEDS,
            sources=[source(plan, name, feeds_stream(name), "feed") for name in plan.agencies],
            duplicate_window=0,
            max_bytes=_FEEDS_BYTES,
            max_msgs_per_subject=1,
        ),
        _stream(
            plan,
            name=AUDIT,
            subjects=["audit.>"],
            max_bytes=plan.audit_bytes,
            discard=DiscardPolicy.NEW,
            allow_atomic=True,
            deny_delete=True,
            deny_purge=True,
        ),
    ]


def _city_mode(plan: BusPlan) -> PersistMode | None:
    """Return how the city's stream is flushed to disk; None: before anything else is done.

    What it holds is on disk already, in the agencies' streams; a flush for each message would
    let no more than some 5,000 a second through. With replicas the server allows no other;
    and with a mirror a sequence that is lost and given anew would be two messages.
    """
    return PersistMode.ASYNC if plan.replicas == 1 and not plan.mirror else None


def mirror_definitions(plan: BusPlan) -> list[StreamConfig]:
    """Return the streams of the other region: the hub's under the same sequences, its own audit.

    Gateways there look their answers up in them; a resume token of one region holds in both.
    """
    mirror = msgspec.structs.replace(plan, replicas=plan.mirror_replicas)
    external = ExternalStream(api=f"$JS.{HUB_DOMAIN}.API", deliver=MIRROR_DELIVERY)
    return [
        config
        if config.name == AUDIT
        else config.evolve(
            sources=None, mirror=StreamSource(name=str(config.name), external=external)
        )
        for config in _hub_streams(mirror)
    ]


def _stream(plan: BusPlan, **config: Any) -> StreamConfig:
    """Return a definition with what all streams share."""
    return StreamConfig(
        **{
            "storage": StorageType.FILE,
            "discard": DiscardPolicy.OLD,
            "allow_direct": True,
            "duplicate_window": plan.duplicate_window_s,
            "num_replicas": plan.replicas,
            **config,
        }
    )


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
