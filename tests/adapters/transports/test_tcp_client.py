"""Legacy servers that are away, hang up, or come back."""

import asyncio
import socket
from typing import Any

import pytest

from adapters.transports import tcp_client
from broker.home import Home
from broker.plan import BusPlan
from tests.adapters.transports.running import impatient, until
from tests.adapters.transports.stage import reading
from tests.conftest import free_port

QUICK: dict[str, Any] = {"reconnect_s": 0.02, "longest_reconnect_s": 0.1}


class LegacyServer:
    """A server that sends what it has to whoever connects."""

    def __init__(self, *lines: bytes, hangs_up: bool = False) -> None:
        self.lines = lines
        self.hangs_up = hangs_up
        self.connected = 0
        self.answers: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        self.connected += 1
        for line in self.lines:
            writer.write(line + b"\n")
            self.answers.append(await reader.readline())
        if not self.hangs_up:
            await reader.read()
        writer.close()


async def test_a_server_that_is_away_is_connected_to_when_it_is_there(
    city_home: Home, plan: BusPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried ever more rarely, and the feed says so."""
    monkeypatch.setattr(tcp_client, "_LASTING_S", 0.05)
    port = free_port()
    async with impatient(city_home, plan, f"tcp-connect://127.0.0.1:{port}", **QUICK) as feed:
        await until(lambda: "cannot be reached" in feed.trouble)
        legacy = LegacyServer(reading("a"))
        async with await asyncio.start_server(legacy.serve, "127.0.0.1", port):
            await until(lambda: legacy.answers)
            assert legacy.answers == [b"stored\n"]
            await until(lambda: not feed.trouble)
            await feed.transport.stop()


async def test_a_server_that_says_nothing_is_no_trouble(
    city_home: Home, plan: BusPlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It accepts and holds the connection: there may be nothing to say yet."""
    monkeypatch.setattr(tcp_client, "_LASTING_S", 0.05)
    port = free_port()
    async with impatient(city_home, plan, f"tcp-connect://127.0.0.1:{port}", **QUICK) as feed:
        await until(lambda: "cannot be reached" in feed.trouble)
        async with await asyncio.start_server(LegacyServer().serve, "127.0.0.1", port):
            await until(lambda: not feed.trouble)
            await feed.transport.stop()


async def test_a_server_that_hangs_up_is_connected_to_again(city_home: Home, plan: BusPlan) -> None:
    """What it sends again is a duplicate."""
    legacy = LegacyServer(reading("b"), hangs_up=True)
    async with await asyncio.start_server(legacy.serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with impatient(city_home, plan, f"tcp-connect://127.0.0.1:{port}", **QUICK) as feed:
            await until(lambda: len(legacy.answers) >= 3)
            assert legacy.answers[:3] == [b"stored\n", b"duplicate\n", b"duplicate\n"]
            assert feed.ledger.stored == 1


async def test_a_server_that_hangs_up_at_once_is_told(city_home: Home, plan: BusPlan) -> None:
    """To accept and say nothing is no service."""
    legacy = LegacyServer(hangs_up=True)
    async with await asyncio.start_server(legacy.serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with impatient(city_home, plan, f"tcp-connect://127.0.0.1:{port}", **QUICK) as feed:
            await until(lambda: legacy.connected >= 3)
            assert "hung up before it sent a message" in feed.error


async def test_a_stop_does_not_wait_for_a_server_that_never_accepts(
    city_home: Home, plan: BusPlan
) -> None:
    """A connection that has not come about holds nothing."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        async with impatient(city_home, plan, f"tcp-connect://127.0.0.1:{port}", **QUICK) as feed:
            await feed.transport.stop()
            assert feed.transport._task.done()
        for filler in fillers:
            filler.close()
