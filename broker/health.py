"""How servers and streams are, asked over the system account: one answer tells of all."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from nats.aio.msg import Msg

from broker.connection import Bus
from broker.replicas import Replica
from broker.users import CHECKPOINTS

_PING: Final = "$SYS.REQ.SERVER.PING"
_PATIENCE_S: Final = 2.0
_STREAMS: Final = {
    "accounts": True,
    "streams": True,
    "consumer": True,
    "config": True,
    "limit": 1024,
}


@dataclass(frozen=True, slots=True)
class ServerState:
    """A server of the bus.

    Attributes:
        name: Its name.
        healthy: Whether it says of itself that it is.
        memory_bytes: What its process takes.
        connections: How many clients are connected.
        slow_consumers: How many connections it cut since it began, for they did not read.
        storage_bytes: What its streams take on the disk.
        storage_limit_bytes: What they may take.
    """

    name: str
    healthy: bool
    memory_bytes: int
    connections: int
    slow_consumers: int
    storage_bytes: int
    storage_limit_bytes: int


@dataclass(frozen=True, slots=True)
class StreamState:
    """A stream of the bus.

    Attributes:
        account: Whose it is.
        name: Its name.
        messages: How many it holds.
        bytes: What they take.
        limit_bytes: What they may take; 0: no limit.
        refuses: Whether it takes nothing more when it is full; else it drops the oldest.
        replicas: How many copies there should be.
        current: How many there are that have all of it.
        consumers: How many read it.
        consumer_lag: How many messages the slowest of them has not been sent.
        source_lag: For each stream that it sources, how many messages it has still to take.
    """

    account: str
    name: str
    messages: int
    bytes: int
    limit_bytes: int
    refuses: bool
    replicas: int
    current: int
    consumers: int
    consumer_lag: int
    source_lag: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class BusState:
    """All servers that answer, the streams that they lead, and each copy that they hold."""

    servers: tuple[ServerState, ...] = ()
    streams: tuple[StreamState, ...] = ()
    replicas: tuple[Replica, ...] = ()


async def bus_state(bus: Bus) -> BusState:
    """Ask all servers how they and their streams are; those that do not answer are left out.

    Args:
        bus: An open connection of the system account's reader.
    """
    if not bus.is_connected:
        return BusState()
    # The first to answer says how many there are, so that nobody waits for more.
    pinged = await _ask_all(bus, _PING, {})
    count = len(pinged)
    health, held = await asyncio.gather(
        _ask_all(bus, f"{_PING}.HEALTHZ", {}, count), _ask_all(bus, f"{_PING}.JSZ", _STREAMS, count)
    )
    healthy = {answer["server"]["id"] for answer in health if answer["data"]["status"] == "ok"}
    return BusState(
        tuple(_server(answer, healthy) for answer in pinged),
        tuple(stream for answer in held for stream in _streams(answer)),
        tuple(replica for answer in held for replica in _replicas(answer)),
    )


async def _ask_all(
    bus: Bus, subject: str, request: Mapping[str, Any], count: int = 0
) -> list[dict[str, Any]]:
    """Return the answers of all servers: as many as are known, or as the first one says."""
    answers: list[dict[str, Any]] = []
    wanted = count
    done = asyncio.Event()

    async def take(message: Msg) -> None:
        nonlocal wanted
        answer = json.loads(message.data)
        if "error" not in answer:
            answers.append(answer)
        wanted = wanted or int(answer["statsz"]["active_servers"])
        if len(answers) >= wanted:
            done.set()

    inbox = bus.nc.new_inbox()
    subscription = await bus.nc.subscribe(inbox, cb=take)
    try:
        await bus.nc.publish(subject, json.dumps(request).encode(), reply=inbox)
        async with asyncio.timeout(_PATIENCE_S):
            await done.wait()
    except TimeoutError:
        pass  # Who does not answer is missing from what is returned, and that is told.
    finally:
        await bus.end(subscription)
    return answers


def _server(answer: Mapping[str, Any], healthy: set[str]) -> ServerState:
    """Read what a server says of itself."""
    state = answer["statsz"]
    stored = state.get("jetstream", {})
    return ServerState(
        name=answer["server"]["name"],
        healthy=answer["server"]["id"] in healthy,
        memory_bytes=state["mem"],
        connections=state["connections"],
        slow_consumers=state["slow_consumers"],
        storage_bytes=stored.get("stats", {}).get("storage", 0),
        storage_limit_bytes=stored.get("config", {}).get("max_storage", 0),
    )


def _details(answer: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield what a server says of each stream that it holds, after the stream's account."""
    for account in answer["data"].get("account_details", ()):
        for stream in account.get("stream_detail", ()):
            yield account["name"], stream


def _streams(answer: Mapping[str, Any]) -> Iterator[StreamState]:
    """Read what a server says of the streams that it leads.

    Of a stream's replicas the leader alone knows how the others are.
    """
    own = answer["server"]["name"]
    for account, stream in _details(answer):
        is_led = stream.get("cluster", {}).get("leader", own) == own
        # Places of polls: small, and of no interest to those who watch.
        if is_led and stream["name"] != CHECKPOINTS:
            yield _stream(account, stream)


def _replicas(answer: Mapping[str, Any]) -> Iterator[Replica]:
    """Read what a server says of the copies that it holds."""
    for account, stream in _details(answer):
        state = stream["state"]
        yield Replica(
            answer["server"]["name"], account, stream["name"], state["messages"], state["last_seq"]
        )


def _stream(account: str, stream: Mapping[str, Any]) -> StreamState:
    """Read what a server says of a stream."""
    state, config = stream["state"], stream["config"]
    others = stream.get("cluster", {}).get("replicas", ())
    consumers = stream.get("consumer_detail") or ()
    return StreamState(
        account=account,
        name=stream["name"],
        messages=state["messages"],
        bytes=state["bytes"],
        limit_bytes=max(config["max_bytes"], 0),
        refuses=config["discard"] == "new",
        replicas=config["num_replicas"],
        current=1 + sum(bool(one.get("current")) and not one.get("offline") for one in others),
        consumers=state["consumer_count"],
        consumer_lag=max((one.get("num_pending", 0) for one in consumers), default=0),
        source_lag={one["name"]: one["lag"] for one in stream.get("sources") or ()},
    )
