"""Connections that do not ask, or do not read what they asked for, keep nobody waiting."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest
import uvloop
from aiohttp import web

from adapters.transports import guests, http_port, listener
from adapters.transports.http_port import HttpPort
from adapters.transports.listener import Tls
from broker.home import Home
from tests.adapters.transports.running import until

Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Run = Callable[[Coroutine[Any, Any, None]], None]
_GET = b"GET %b HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(params=[asyncio.run, uvloop.run], ids=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Run:
    """Run on one loop, and on the other that feeds and the console run on."""
    runs: Run = request.param
    return runs


class Port:
    """A port under test: ``/`` answers, ``/large`` at length, ``/slow`` when it is let."""

    def __init__(self, home: Home | None, **limits: Any) -> None:
        self.go_on = asyncio.Event()
        application = web.Application()
        application.router.add_get("/", self._answer)
        application.router.add_get("/large", self._answer)
        application.router.add_get("/slow", self._slow)
        self._client = None
        tls: Tls | None = None
        if home is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*home.certificate("gateway"))
            tls = lambda: context  # noqa: E731
            self._client = ssl.create_default_context(cafile=str(home.ca))
        self.http = HttpPort(web.AppRunner(application), "test", tls=tls, **limits)
        self._open: list[asyncio.StreamWriter] = []

    async def _answer(self, request: web.Request) -> web.Response:
        return web.Response(body=b"." * (2 if request.path == "/" else 64 << 20))

    async def _slow(self, _: web.Request) -> web.Response:
        await self.go_on.wait()
        return web.Response(body=b"..")

    async def connect(self, *, shakes: bool = True) -> Pair:
        """Connect; over TLS unless it does not shake hands."""
        pair = await asyncio.open_connection(
            "localhost", self.http.address[1], ssl=self._client if shakes else None
        )
        self._open.append(pair[1])
        return pair

    async def asked(self) -> Pair:
        """Connect, ask and be answered."""
        reader, writer = await self.connect()
        writer.write(_GET % b"/")
        await reader.readuntil(b"..")
        return reader, writer

    def leave(self) -> None:
        """Hang up on all connections."""
        for writer in self._open:
            writer.transport.abort()


@contextlib.asynccontextmanager
async def serving(home: Home | None = None, **limits: Any) -> AsyncIterator[Port]:
    """Serve, for a while."""
    port = Port(home, **limits)
    await port.http.open("localhost", 0)
    try:
        async with asyncio.timeout(20):
            yield port
    finally:
        port.leave()
        await port.http.close()


async def is_cut(*pairs: Pair) -> bool:
    """Wait until the server has hung up on all of these."""
    for reader, _ in pairs:
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await reader.read()
    return all(reader.at_eof() or reader.exception() for reader, _ in pairs)


@pytest.mark.parametrize("is_secure", [True, False])
def test_who_does_not_ask_in_time_is_cut_however_it_dribbles(
    run: Run, city_home: Home, is_secure: bool
) -> None:
    """At once or after a first answer; others are answered meanwhile."""

    async def test() -> None:
        async with serving(city_home if is_secure else None, idle_s=0.3) as port:
            silent, dribbling = await port.connect(), await port.connect()
            answered = await port.asked()

            async def dribble() -> None:
                for pair in (dribbling, answered):
                    pair[1].write(b"GET / HTTP/1.1\r\nX: ")
                while True:
                    for pair in (dribbling, answered):
                        pair[1].write(b"a")
                    await asyncio.sleep(0.02)

            work = asyncio.create_task(dribble())
            await port.asked()

            assert await is_cut(silent, dribbling, answered)
            work.cancel()

    run(test())


def test_the_stranger_who_is_silent_for_longest_gives_way(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not who has asked: it may ask again."""
    monkeypatch.setattr(guests, "FAIR_S", 0.0)

    async def test() -> None:
        async with serving(max_connections=3) as port:
            known = await port.asked()
            silent = [await port.connect() for _ in range(2)]
            await port.asked()
            await port.asked()

            assert await is_cut(*silent)
            known[1].write(_GET % b"/")
            await known[0].readuntil(b"..")

    run(test())


def test_of_those_who_asked_the_quietest_gives_way_and_nobody_who_waits(run: Run) -> None:
    """When all wait for answers the newcomer is one too many."""

    async def test() -> None:
        async with serving(max_connections=2) as port:
            waiting, quiet = await port.connect(), await port.asked()
            waiting[1].write(_GET % b"/slow")
            # What is asked there is under way once this is answered.
            quiet[1].write(_GET % b"/")
            await quiet[0].readuntil(b"..")
            newcomer = await port.asked()
            assert await is_cut(quiet)
            newcomer[1].write(_GET % b"/slow")
            await until(lambda: all(one.is_busy for one in port.http._askers.members))

            assert await is_cut(await port.connect())
            port.go_on.set()
            for pair in (waiting, newcomer):
                await pair[0].readuntil(b"..")

    run(test())


def test_who_does_not_come_to_an_end_of_asking_gives_way(run: Run) -> None:
    """Of such a request nothing is under way."""

    async def test() -> None:
        async with serving(max_connections=1) as port:
            slow = await port.connect()
            slow[1].write(b"GET /slow HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n.")
            await until(lambda: [1 for one in port.http._askers.members if not one.is_stranger])
            await port.asked()

            assert await is_cut(slow)
            port.go_on.set()

    run(test())


def test_while_all_have_only_just_come_the_newcomer_is_one_too_many(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Senders who all come back at once do not cut off each other for ever."""
    monkeypatch.setattr(guests, "FAIR_S", 60.0)

    async def test() -> None:
        async with serving(max_connections=2) as port:
            first = [await port.connect() for _ in range(2)]

            assert await is_cut(await port.connect())
            for pair in first:
                pair[1].write(_GET % b"/")
                await pair[0].readuntil(b"..")

    run(test())


@pytest.mark.parametrize("is_secure", [True, False])
def test_who_does_not_read_the_answer_is_cut(
    run: Run, city_home: Home, is_secure: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would hold the answer's memory for as long as it likes."""
    monkeypatch.setattr(http_port, "_UNREAD_S", 0.3)

    async def test() -> None:
        async with serving(city_home if is_secure else None) as port:
            _, writer = await port.connect()
            writer.transport.pause_reading()  # type: ignore[attr-defined]  # it reads, too
            writer.write(_GET % b"/large")

            members = port.http._askers.members
            await until(lambda: members)
            await until(lambda: not members)

    run(test())


def test_handshakes_that_are_never_finished_are_cut(
    run: Run, city_home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a while; and at once when others wait to shake hands."""
    monkeypatch.setattr(listener, "_FAIR_S", 0.1)
    monkeypatch.setattr(listener, "_HANDSHAKES", 3)

    async def test() -> None:
        async with serving(city_home) as port:
            silent = [await port.connect(shakes=False) for _ in range(8)]
            await port.asked()

            assert await is_cut(*silent[:5])
            monkeypatch.setattr(listener, "HANDSHAKE_S", 0.2)
            assert await is_cut(await port.connect(shakes=False))

    run(test())
