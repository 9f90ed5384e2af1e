"""Ten ways in which a city breaks, each undone on leaving.

On entering each waits until what it broke is broken; it yields the line of the console's live
view that tells of it, or an empty one when no live view does.
"""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from broker.api import call
from broker.connection import Bus, BusSettings
from broker.home import Home
from broker.streams import reconcile
from broker.users import admin
from ops.city import read_city
from tests.ops.breakable import CALLS, HJ212, Breakable
from tests.ops.conftest import air, damaged, incident
from tests.ops.doctor.secret_files import kept, sign
from tests.ops.metrics.pages import series_of, value
from tests.running_city import until

_MANY: Final = 60
Break = Callable[[Breakable], AbstractContextManager[str]]


@contextlib.contextmanager
def _adapter_stopped(city: Breakable) -> Iterator[str]:
    """Stop a feed."""
    with city.halted("adapter", "run", "environment.hj212", by=signal.SIGTERM):
        until(lambda: value(city.scrape(), "liandong_feed_running", **HJ212) == 0)
        yield "environment.hj212 stopped"
    until(lambda: value(city.scrape(), "liandong_feed_running", **HJ212) == 1)


@contextlib.contextmanager
def _gateway_killed(city: Breakable) -> Iterator[str]:
    """Kill the gateway."""
    with city.halted("gateway", "run", by=signal.SIGKILL):
        until(lambda: value(city.scrape(), "liandong_part_up", part="gateway") == 0)
        yield "gateway away"
    until(lambda: value(city.scrape(), "liandong_part_up", part="gateway") == 1)


@contextlib.contextmanager
def _bus_killed(city: Breakable) -> Iterator[str]:
    """Kill nats-server, and go on sending."""
    with city.halted("-c", str(Home(city.home).nats_config), by=signal.SIGKILL):
        send(city, air("320100A0001", 31.0), is_answered=True)
        until(lambda: value(city.scrape(), "liandong_feed_spool_records", **HJ212) == 1)
        until(lambda: value(city.scrape(), "liandong_servers") == 0)
        yield ""
    until(lambda: value(city.scrape(), "liandong_feed_spool_records", **HJ212) == 0)
    until(lambda: value(city.scrape(), "liandong_servers") == 1)
    until(lambda: not any("unchecked" in one for one in city.examined()))


@contextlib.contextmanager
def _line_bad(city: Breakable) -> Iterator[str]:
    """Send frames that were damaged on their way."""
    had = value(city.scrape(), "liandong_feed_quarantined_total", **HJ212)
    send(city, *(damaged(f"320100B{number:04}") for number in range(_MANY)))
    until(lambda: value(city.scrape(), "liandong_feed_quarantined_total", **HJ212) == had + _MANY)
    yield ""


@contextlib.contextmanager
def _clock_ahead(city: Breakable) -> Iterator[str]:
    """Take calls from a place whose clock is three days ahead."""
    had = value(city.scrape(), "liandong_feed_quarantined_total", **CALLS)
    at = datetime.now(ZoneInfo("Asia/Shanghai")) + timedelta(days=3)
    lines = ["接警编号,报警时间,事件类型,事件级别,经度,纬度,地址,处置状态"]
    for number in range(_MANY):
        lines.append(f"C-{number},{at:%F %T},道路积水,一般,118.7886,32.0436,中山南路,处置中")
    fresh = city.home / "ahead.csv"
    fresh.write_text("\n".join(lines) + "\n", encoding="gb18030")
    fresh.rename(city.home / "inbox" / "police" / "ahead.csv")
    until(lambda: value(city.scrape(), "liandong_feed_quarantined_total", **CALLS) == had + _MANY)
    yield ""


@contextlib.contextmanager
def _stream_full(city: Breakable) -> Iterator[str]:
    """Give CITY a quota, and fill it."""
    limit = asyncio.run(_quota(city, room=2_000))
    calls = "".join(incident(f"full-{number}") for number in range(20))
    city.read("publish", "-", "--as", "police", given=calls)
    until(lambda: city.examined("sources"))
    yield ""
    asyncio.run(_quota(city, limit=limit))
    until(lambda: not city.examined("sources"))


@contextlib.contextmanager
def _stream_gone(city: Breakable) -> Iterator[str]:
    """Delete a quarantine."""
    name = "QUARANTINE_POLICE"
    labels = {"account": "POLICE", "stream": name}

    async def delete() -> None:
        async with Bus(_settings(city, admin("POLICE"))) as bus:
            await call(bus, name, f"STREAM.DELETE.{name}")

    def is_there() -> bool:
        return ("liandong_stream_messages", frozenset(labels.items())) in series_of(city.scrape())

    asyncio.run(delete())
    until(lambda: not is_there())
    yield ""
    asyncio.run(reconcile(Home(city.home), read_city(city.city).plan))
    until(is_there)


@contextlib.contextmanager
def _revoked_used(city: Breakable) -> Iterator[str]:
    """Take a certificate back; somebody puts the old one in its place and comes with it."""
    pem, key = Home(city.home).certificate("police")
    old = pem.read_bytes(), key.read_bytes()
    city.read("keys", "--revoke", "police")
    with kept(pem, key):
        for path, content in zip((pem, key), old, strict=True):
            path.write_bytes(content)
        until(lambda: "was revoked" in city.run("list", "--as", "police").stderr)
        yield ""


@contextlib.contextmanager
def _certificate_ends(city: Breakable) -> Iterator[str]:
    """Let a certificate come close to its end."""
    pem, key = Home(city.home).certificate("environment")
    with kept(pem, key):
        sign(city.home / "tls", pem, key, ends=datetime.now(UTC) + timedelta(days=10))
        yield ""


@contextlib.contextmanager
def _agreements_corrupt(city: Breakable) -> Iterator[str]:
    """Write half of the file of agreements."""
    with kept(city.agreements):
        city.agreements.write_text(city.agreements.read_text()[:60])
        yield ""


def send(city: Breakable, *sent: bytes, is_answered: bool = False) -> None:
    """Send frames of a station."""
    with socket.create_connection(("127.0.0.1", city.ports["hj212"])) as station:
        station.sendall(b"".join(sent))
        if is_answered:
            assert station.recv(4096), "it is answered once it is kept"


async def _quota(city: Breakable, room: int | None = None, limit: int = 0) -> int:
    """Give CITY a limit, or room for so much more; return the limit before."""
    async with Bus(_settings(city, admin("HUB"))) as bus:
        info = await call(bus, "CITY", "STREAM.INFO.CITY")
        wanted = limit if room is None else info["state"]["bytes"] + room
        await call(bus, "CITY", "STREAM.UPDATE.CITY", info["config"] | {"max_bytes": wanted})
    return int(info["config"]["max_bytes"])


def _settings(city: Breakable, user: str) -> BusSettings:
    """Return how a user of the bus connects."""
    return BusSettings.of(Home(city.home), read_city(city.city).plan, user)


BREAKS: Final[dict[str, Break]] = {
    "an adapter is stopped and does not come back": _adapter_stopped,
    "the gateway is killed": _gateway_killed,
    "nats-server is killed, and senders go on": _bus_killed,
    "a line damages frames": _line_bad,
    "a sender's clock is three days ahead": _clock_ahead,
    "`CITY` is filled to its quota": _stream_full,
    "a quarantine's stream is deleted": _stream_gone,
    "a revoked certificate is put back and used": _revoked_used,
    "a certificate ends in ten days": _certificate_ends,
    "half of the agreements file is written": _agreements_corrupt,
}
