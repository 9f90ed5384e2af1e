"""Connecting, being refused, and being told, against the real server."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import msgspec
import pytest

from broker.connection import Bus, BusSettings
from broker.errors import BusClosed, BusUnreachable, HomeDamaged, KeyRefused
from broker.home import Home
from broker.nkey import new_seed, write_secret
from broker.plan import BusPlan
from broker.provision import prepare
from broker.server import EmbeddedServer
from tests.conftest import free_port, small_plan

Connect = Callable[[str], AbstractAsyncContextManager[Bus]]
PATIENCE_S = 30


@pytest.fixture
def settings(city_home: Home, plan: BusPlan) -> BusSettings:
    """Return how the water agency reaches the session's bus."""
    return BusSettings.of(city_home, plan, "water")


async def test_a_server_that_is_not_there_is_told_with_its_address(settings: BusSettings) -> None:
    """The sentence says where, for how long it was tried, and what to do."""
    url = f"tls://127.0.0.1:{free_port()}"
    bus = Bus(msgspec.structs.replace(settings, servers=(url,), patience_s=0.5))

    with pytest.raises(
        BusUnreachable, match=rf"{url} cannot be reached, after 0.5 s .*liandong up"
    ):
        await bus.__aenter__()


async def test_a_server_of_another_city_is_not_trusted(
    settings: BusSettings, tmp_path: Path, plan: BusPlan
) -> None:
    """Its certificate is not signed by the authority that is asked for."""
    other = Home(tmp_path / "other")
    prepare(other, plan)
    bus = Bus(msgspec.structs.replace(settings, ca_path=str(other.ca), patience_s=0.5))

    with pytest.raises(BusUnreachable, match="certificate verify failed"):
        await bus.__aenter__()


async def test_a_key_that_the_server_does_not_know_is_refused_at_once(
    settings: BusSettings, tmp_path: Path
) -> None:
    """It is not tried again and again: another attempt would fare no better."""
    seed = tmp_path / "water.nk"
    write_secret(seed, new_seed())
    bus = Bus(msgspec.structs.replace(settings, seed_path=str(seed), patience_s=1e6))

    with pytest.raises(KeyRefused, match=rf"does not know the key of user water, {seed}"):
        await bus.__aenter__()


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [("seed_path", "the bus key .* cannot be read"), ("ca_path", "certificate .* cannot be read")],
)
async def test_a_missing_file_is_told(
    settings: BusSettings, tmp_path: Path, damage: str, sentence: str
) -> None:
    """The sentence names the file, and the command that makes it."""
    missing = str(tmp_path / "missing")
    bus = Bus(msgspec.structs.replace(settings, **{damage: missing}))

    with pytest.raises(HomeDamaged, match=f"{sentence}.*liandong keys"):
        await bus.__aenter__()


async def test_refusals_go_to_whoever_asked_until_they_stop_asking(bus_of: Connect) -> None:
    """A callback hears of a refused subject, in lower case, until it is taken away."""
    heard: asyncio.Queue[str] = asyncio.Queue()
    async with bus_of("water") as bus:
        stop = bus.on_denied(heard.put_nowait)
        await bus.nc.publish("share.police.A", b"")
        async with asyncio.timeout(PATIENCE_S):
            assert await heard.get() == "share.police.a"
        stop()
        again: asyncio.Queue[str] = asyncio.Queue()
        bus.on_denied(again.put_nowait)
        await bus.nc.publish("share.police.B", b"")
        async with asyncio.timeout(PATIENCE_S):
            assert await again.get() == "share.police.b"

    assert heard.empty()


async def test_a_reader_that_fails_stops_nothing(
    bus_of: Connect, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its failure is logged with what it was, and the next message comes."""
    subject = f"_INBOX.water.{uuid.uuid4().hex}"
    got: asyncio.Queue[bytes] = asyncio.Queue()

    async def read(message: object) -> None:
        payload: bytes = message.data  # type: ignore[attr-defined]
        if payload == b"bad":
            raise LookupError(payload)
        got.put_nowait(payload)

    async with bus_of("admin.water") as bus:
        await bus.nc.subscribe(subject, cb=read)
        await bus.nc.publish(subject, b"bad")
        await bus.nc.publish(subject, b"good")
        async with asyncio.timeout(PATIENCE_S):
            assert await got.get() == b"good"

    assert "LookupError" in capsys.readouterr().out


class Restarted:
    """A server of a test's own, and a user's settings."""

    def __init__(self, home: Home, plan: BusPlan, server: EmbeddedServer) -> None:
        self.home, self.plan, self.server = home, plan, server
        self.settings = BusSettings.of(home, plan, "water")


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[Restarted]:
    """Run a server of the test's own."""
    home, plan = Home(tmp_path / "home"), small_plan(("water",))
    async with EmbeddedServer(home, plan) as server:
        yield Restarted(home, plan, server)


async def test_a_connection_comes_back_and_says_so(own: Restarted) -> None:
    """First that it was lost, then that it is back."""
    told: asyncio.Queue[str] = asyncio.Queue()
    async with Bus(own.settings) as bus:
        bus.on_lost(lambda: told.put_nowait("lost"))
        bus.on_back(lambda: told.put_nowait("back"))
        await own.server.kill()
        await own.server.start()

        async with asyncio.timeout(PATIENCE_S):
            assert [await told.get(), await told.get()] == ["lost", "back"]
        assert await bus.nc.rtt() > 0


async def break_the_protocol(settings: BusSettings) -> None:
    """Send what makes the server end a connection for good, and wait."""
    async with Bus(settings) as bus, asyncio.timeout(PATIENCE_S):
        await bus.nc._send_command(b"PUB share.water.x.y.z 99999999\r\n")
        await bus.nc._flush_pending()
        await asyncio.Event().wait()


async def test_a_body_ends_when_the_server_ends_the_connection_for_good(own: Restarted) -> None:
    """It is cancelled, and the error says which user's, and why."""
    with pytest.raises(BusClosed, match=r"of user water .*maximum payload violation"):
        await break_the_protocol(own.settings)


async def test_a_connection_whose_key_was_taken_away_waits_for_it(own: Restarted) -> None:
    """It stays away while the server does not know the key, and comes back when it does."""
    seed = own.home.seed("water")
    back = asyncio.Event()
    async with Bus(own.settings) as bus:
        bus.on_back(back.set)
        for key in (new_seed(), seed):
            await own.server.stop()
            write_secret(own.home.seed_path("water"), key)
            prepare(own.home, own.plan)
            await own.server.start()
            if key != seed:
                assert not back.is_set()

        await asyncio.wait_for(back.wait(), PATIENCE_S)


async def test_an_error_of_the_body_stays_what_it_is(own: Restarted) -> None:
    """Leaving closes the connection and hides nothing."""
    with pytest.raises(LookupError):
        async with Bus(own.settings) as bus:
            raise LookupError
    assert bus.nc.is_closed
