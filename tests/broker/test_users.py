"""What each user may do on the bus, and what it may not, against the real server."""

import asyncio
import uuid
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from broker.api import call
from broker.connection import Bus
from broker.delivery import Delivery
from broker.errors import PublishDenied, StreamUnavailable
from broker.outgoing import Outgoing, Stored
from broker.publisher import Publisher
from broker.subscriber import follow, scan
from broker.users import inbox

Connect = Callable[[str], AbstractAsyncContextManager[Bus]]
PATIENCE_S = 30


@pytest.fixture
def token() -> str:
    """Return an entity that no other test uses."""
    return uuid.uuid4().hex


def level(token: str, agency: str = "water") -> Outgoing:
    """Make a message of an agency."""
    return Outgoing(f"share.{agency}.water.level.{token}", b"1", f"{token}-{agency}")


async def settle(bus: Bus) -> None:
    """Wait until the server has read all that was sent, and told what it refuses."""
    # The client's first ping overtakes what is not yet written.
    await bus.nc.flush()
    await bus.nc.flush()


async def refusal_to_subscribe(bus: Bus, subject: str) -> str:
    """Return what the server says to a subscription; nothing when it lets it be."""
    subscription = await bus.nc.subscribe(subject)
    await settle(bus)
    await subscription.unsubscribe()
    return str(bus.nc.last_error or "")


@pytest.mark.parametrize(
    ("user", "stream", "subject"),
    [
        ("water", "WATER", "share.water.water.level.x"),
        ("water", "QUARANTINE_WATER", "quarantine.water.x"),
        ("water", "FEEDS_WATER", "feed.water.x"),
        ("gateway", "AUDIT", "audit.water"),
    ],
)
async def test_a_user_publishes_what_is_its_own_and_reads_it_back(
    bus_of: Connect, token: str, user: str, stream: str, subject: str
) -> None:
    """Each stream that a user writes it can also read, from any place on."""
    async with bus_of(user) as bus, Publisher(bus, stream) as publisher:
        messages = [Outgoing(f"{subject}-{token}", b"%d" % n, f"{token}-{n}") for n in range(3)]
        results = await publisher.publish_all(messages)

        assert [type(result) for result in results] == [Stored] * 3
        found = [d.payload async for d in scan(bus, stream, f"{subject}-{token}")]
        assert found[-1] == b"2"


@pytest.mark.parametrize(
    ("user", "stream", "subject"),
    [
        ("water", "WATER", "share.police.incident.report.x"),
        ("water", "WATER", "share.waterworks.water.level.x"),
        ("water", "QUARANTINE_WATER", "quarantine.police.x"),
        ("water", "FEEDS_WATER", "feed.police.x"),
        ("water", "WATER", "audit.water"),
        ("water", "WATER", "deliver.water.x"),
        ("water", "WATER", "_INBOX.ops-water.x"),
        ("water", "WATER", "$JS.API.STREAM.PURGE.WATER"),
        ("water", "WATER", "$JS.API.STREAM.DELETE.WATER"),
        ("water", "WATER", "$JS.API.STREAM.UPDATE.WATER"),
        ("water", "WATER", "$JS.API.STREAM.MSG.DELETE.WATER"),
        ("water", "WATER", "$JS.API.STREAM.MSG.DELETE.QUARANTINE_POLICE"),
        ("water", "WATER", "$JS.API.STREAM.MSG.DELETE.KV_checkpoints"),
        ("water", "WATER", "$JS.API.STREAM.PURGE.QUARANTINE_WATER"),
        ("ops.water", "WATER", "$JS.API.STREAM.MSG.DELETE.QUARANTINE_WATER"),
        ("water", "WATER", "$JS.API.STREAM.CREATE.MORE"),
        ("water", "WATER", "$JS.API.CONSUMER.DURABLE.CREATE.WATER.x"),
        ("ops.water", "WATER", "share.water.water.level.x"),
        ("ops.water", "WATER", "quarantine.water.x"),
        ("gateway", "CITY", "share.water.water.level.x"),
        ("gateway", "CITY", "JS.WATER.API.CONSUMER.CREATE.WATER.x.share.water.>"),
        ("ops", "CITY", "audit.water"),
        ("water", "WATER", "ask.water.beds"),
        ("water", "WATER", "ask.police.beds"),
        ("water", "WATER", "answering.police"),
        ("water", "WATER", "$SRV.INFO.ask"),
        ("ops.water", "WATER", "ask.water.beds"),
        ("ops", "CITY", "ask.water.beds"),
        ("gateway", "CITY", "$SRV.INFO.ask"),
        ("ops", "CITY", "$JS.API.STREAM.PURGE.CITY"),
    ],
)
async def test_a_user_is_denied_what_is_not_its_own(
    bus_of: Connect, user: str, stream: str, subject: str
) -> None:
    """The refusal comes as an error of its own, not as silence."""
    async with bus_of(user) as bus, Publisher(bus, stream) as publisher:
        with pytest.raises(PublishDenied, match="denied to this user"):
            await publisher.publish(Outgoing(subject, b"{}", uuid.uuid4().hex))


@pytest.mark.parametrize(
    ("user", "streams"),
    [
        ("gateway", ("CITY", "FEEDS", "AUDIT")),
        ("ops", ("CITY", "FEEDS", "AUDIT")),
        ("ops.water", ("WATER", "QUARANTINE_WATER", "FEEDS_WATER")),
        ("water", ("WATER", "QUARANTINE_WATER", "FEEDS_WATER")),
    ],
)
async def test_a_reader_may_follow_scan_and_count_its_streams(
    bus_of: Connect, user: str, streams: tuple[str, ...]
) -> None:
    """All that reading takes is allowed, and nothing that is refused is needed for it."""
    async with bus_of(user) as bus:
        for stream in streams:
            info = await call(bus, stream, f"STREAM.INFO.{stream}")
            found = [d.sequence async for d in scan(bus, stream, ">")]
            seen: list[Delivery] = []
            async with await follow(bus, stream, ">", seen.append) as follower:
                await asyncio.wait_for(follower.caught_up.wait(), PATIENCE_S)

            assert len(found) >= info["state"]["messages"]
            assert [d.sequence for d in seen][: len(found)] == found
        assert bus.nc.last_error is None


async def test_a_reader_gets_the_last_message_of_a_subject_directly(
    bus_of: Connect, token: str
) -> None:
    """By subject and by request, as buckets and views of the past will."""
    async with bus_of("water") as bus, Publisher(bus, "WATER") as publisher:
        await publisher.publish(level(token))

        by_subject = await bus.nc.request(f"$JS.API.DIRECT.GET.WATER.{level(token).subject}")
        held = await bus.js.get_last_msg("WATER", level(token).subject, direct=True)

        assert by_subject.data == held.data == b"1"


@pytest.mark.parametrize(
    ("user", "stream"),
    [
        ("water", "QUARANTINE_POLICE"),
        ("water", "POLICE"),
        ("water", "CITY"),
        ("ops.water", "POLICE"),
        ("gateway", "WATER"),
    ],
)
async def test_a_stream_of_somebody_else_cannot_be_read(
    bus_of: Connect, user: str, stream: str
) -> None:
    """Neither its messages nor its state."""
    async with bus_of(user) as bus:
        with pytest.raises(StreamUnavailable, match="may not publish"):
            await anext(scan(bus, stream, ">"))
        with pytest.raises(StreamUnavailable, match="may not publish"):
            await call(bus, stream, f"STREAM.INFO.{stream}")


@pytest.mark.parametrize(
    ("user", "subject"),
    [
        ("water", f"{inbox('police')}.>"),
        ("water", f"{inbox('ops.water')}.>"),
        ("water", "_INBOX.>"),
        ("water", "share.>"),
        ("water", "quarantine.>"),
        ("water", "deliver.>"),
        ("water", "ask.police.>"),
        ("water", "ask.>"),
        ("water", "$SRV.>"),
        ("water", "$SRV.INFO.other"),
        ("ops.water", "ask.water.>"),
        ("gateway", "ask.>"),
        ("gateway", "answering.>"),
        ("water", "$JS.>"),
        ("water", ">"),
        ("ops.water", "share.water.>"),
        ("gateway", f"{inbox('ops')}.>"),
        ("ops", f"{inbox('gateway')}.>"),
        ("ops", "audit.>"),
    ],
)
async def test_nobody_listens_to_others(bus_of: Connect, user: str, subject: str) -> None:
    """A subscription outside one's own inboxes and questions is refused."""
    async with bus_of(user) as bus:
        assert (
            "permissions violation for subscription"
            in (await refusal_to_subscribe(bus, subject)).lower()
        )


@pytest.mark.parametrize("subject", ["ask.water.level", "_INBOX.water.x"])
async def test_an_agency_listens_to_its_own_questions(bus_of: Connect, subject: str) -> None:
    """What is asked of it, and the answers that it asked for."""
    async with bus_of("water") as bus:
        assert not await refusal_to_subscribe(bus, subject)


async def test_a_consumer_cannot_be_pointed_at_another_stream(bus_of: Connect, token: str) -> None:
    """Who may only read a stream cannot have the server write its messages elsewhere."""
    async with (
        bus_of("water") as water,
        Publisher(water, "WATER") as publisher,
        bus_of("ops.water") as bus,
    ):
        await publisher.publish(level(token))
        target = f"quarantine.water.{token}"
        config = {"name": token, "deliver_subject": target, "ack_policy": "none"}
        request = {"stream_name": "WATER", "config": config, "action": "create"}
        await call(bus, "WATER", f"CONSUMER.CREATE.WATER.{token}", request)

        async with await follow(bus, "WATER", ">", lambda _: None) as follower:
            await asyncio.wait_for(follower.caught_up.wait(), PATIENCE_S)
        assert [d async for d in scan(bus, "QUARANTINE_WATER", target)] == []


async def test_operators_ask_the_server_and_cannot_steer_it(bus_of: Connect) -> None:
    """The system account's reader gets figures; reloading and kicking out are refused."""
    denied: list[str] = []
    async with bus_of("ops.sys") as bus:
        bus.on_denied(denied.append)
        answer = await bus.nc.request("$SYS.REQ.SERVER.PING.JSZ", timeout=PATIENCE_S)
        assert b'"streams"' in answer.data

        for subject in (
            "$SYS.REQ.SERVER.X.RELOAD",
            "$SYS.REQ.SERVER.X.KICK",
            "$SYS.REQ.CLAIMS.UPDATE",
        ):
            await bus.nc.publish(subject)
            await settle(bus)

    assert denied == [
        "$sys.req.server.x.reload",
        "$sys.req.server.x.kick",
        "$sys.req.claims.update",
    ]
