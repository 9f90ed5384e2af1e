"""What is done beside the gateways: one chain that several write, in the same log."""

import asyncio
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from broker.connection import Bus
from broker.errors import PublishDenied
from broker.home import OPS, Home
from broker.outgoing import Outgoing
from broker.publisher import Publisher
from broker.signing import read_public_keys
from broker.subjects import audit_subject, gateway_of
from broker.subscriber import scan
from broker.users import AUDIT
from gateway.audit import Deed, Deeds, Verifier
from gateway.audit.access import ANSWERED, Access
from gateway.audit.listing import entries
from gateway.audit.shown import shown
from gateway.identity import Caller
from gateway.permit import Permit
from liandong.gateway.v1.audit_pb2 import AccessEntry, QuarantineAction
from tests.deeds import recorded

BusOf = Callable[[str], AbstractAsyncContextManager[Bus]]


def access(actor: str) -> Access:
    """Return what somebody did with an entry of the water's quarantine."""
    caller = Caller(OPS, "command", "")
    action = QuarantineAction(agency="water", feed="water.levels", numbers=[7], meant=1)
    return Access(
        Deed("Quarantine/Discard", caller),
        Counter(),
        Permit(caller, ()),
        1_700_000_000_000_000_000,
        ANSWERED,
        action=action,
        actor=actor,
    )


async def test_several_at_once_write_one_whole_chain(city_home: Home, bus_of: BusOf) -> None:
    """Each entry is there once, behind the one before it, and signed."""
    key, _ = city_home.signing_key(OPS)
    names = {f"{uuid.uuid4().hex}@desk" for _ in range(24)}
    async with bus_of(OPS) as bus:
        await asyncio.gather(*(Deeds(bus, OPS, key).record(access(name)) for name in names))
        verifier = Verifier(read_public_keys(city_home.keys_dir))
        held: list[AccessEntry] = []
        async for one in scan(bus, AUDIT, audit_subject(OPS)):
            verifier.take(gateway_of(one.subject), one.sequence, one.payload)
            held += entries(one)

    assert verifier.findings() == []
    assert [one.sequence for one in held] == list(range(1, len(held) + 1))
    assert Counter(one.actor for one in held if one.actor in names) == Counter(names)
    assert next(one for one in held if one.actor in names).action.numbers == [7]


async def test_the_same_done_twice_in_a_millisecond_is_recorded_twice(
    city_home: Home, bus_of: BusOf
) -> None:
    """Such entries are the same to the byte, and are still those of different deeds."""
    key, _ = city_home.signing_key(OPS)
    name = f"{uuid.uuid4().hex}@desk"
    async with bus_of(OPS) as bus:
        await asyncio.gather(*(Deeds(bus, OPS, key).record(access(name)) for _ in range(12)))
        held = await recorded(bus, name)

    assert len(held) == 12


async def test_operators_cannot_write_in_a_gateways_name(bus_of: BusOf) -> None:
    """Their key opens one subject of the log."""
    async with bus_of(OPS) as bus, Publisher(bus, AUDIT) as publisher:
        with pytest.raises(PublishDenied):
            await publisher.publish(Outgoing(audit_subject("gateway"), b"x", uuid.uuid4().hex))


def test_an_action_is_shown_to_whose_quarantine_it_was() -> None:
    """And to who did it, and to the operators; to nobody else."""
    done = AccessEntry(agency="police", actor="session x", action=QuarantineAction(agency="water"))

    assert shown(done, "water") == shown(done, "police") == shown(done, OPS) == done
    assert shown(done, "health") is None
