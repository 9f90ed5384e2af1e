"""The streams of the city, as definitions.

Each agency has a stream of records, a quarantine and a stream of its feeds' states, all
in its own account. The hub's ``CITY`` and ``FEEDS`` source them, always by subject: what
an agency stored under another's name never reaches the hub.
"""

from dataclasses import dataclass
from typing import Any

import msgspec
from nats.js.api import (
    DiscardPolicy,
    ExternalStream,
    PersistMode,
    StorageType,
    StreamConfig,
    StreamSource,
)

from broker.plan import MEBIBYTE, BusPlan, stream_name
from broker.sources import source
from broker.subjects import checkpoint_subject
from broker.users import (
    AUDIT,
    CHECKPOINTS,
    CITY,
    CITY_FEEDS,
    HUB,
    HUB_DOMAIN,
    MIRROR_DELIVERY,
    feeds_stream,
    quarantine_stream,
)

_FEEDS_BYTES = 64 * MEBIBYTE
_CHECKPOINTS_BYTES = 16 * MEBIBYTE


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
