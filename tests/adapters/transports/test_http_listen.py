"""What senders over HTTP are told."""

import asyncio
import ssl
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest

from adapters.sdk.errors import FeedMisconfigured
from adapters.transports import http_listen
from broker.home import Home
from broker.plan import BusPlan
from broker.tls import Authority
from tests.adapters.transports.exports import export
from tests.adapters.transports.running import RunningFeed, impatient, own_bus, running, until
from tests.adapters.transports.sender import OURS
from tests.adapters.transports.stage import reading

ANYWHERE = "http-listen://127.0.0.1:0/in"


@pytest.fixture
def listening(city_home: Home, plan: BusPlan) -> Any:
    """Return how to run a feed of river stages on the session's bus."""

    def run(**options: Any) -> AbstractAsyncContextManager[RunningFeed]:
        return impatient(city_home, plan, ANYWHERE, **options)

    return run


async def sent(
    feed: RunningFeed, content: bytes, method: str = "POST", path: str = "", **headers: Any
) -> httpx.Response:
    """Send a request."""
    url = feed.address.replace("http-listen", "http")
    async with httpx.AsyncClient(timeout=60) as client:
        return await client.request(method, url + path, content=content, headers=headers)


async def test_the_answer_is_the_adapters_own(listening: Any) -> None:
    """What the format answers is the body; the status says the rest."""
    async with listening() as feed:
        answer = await sent(feed, reading("a") + b"\n" + reading("b"))
        assert (answer.status_code, answer.content) == (200, b"stored\nstored\n")

        again = await sent(feed, reading("a"), method="PUT")
        assert (again.status_code, again.content) == (200, b"duplicate\n")

        bad = await sent(feed, reading("c", "high"))
        assert (bad.status_code, bad.content) == (422, b"quarantined\n")


async def test_without_an_answer_of_the_format_the_counts_are_told(
    city_home: Home, plan: BusPlan
) -> None:
    """JSON, with a sentence about what is in quarantine."""
    async with running(city_home, plan, "police/incident_csv", ANYWHERE) as feed:
        good = await sent(feed, export(1, 2))
        assert good.json() == {"stored": 2, "duplicate": 0, "quarantined": 0}

        bad = await sent(feed, export(3) + b"a row,that is short\n")
        assert bad.status_code == 422
        told = bad.json()
        assert told["stored"] == 1
        assert told["error"].startswith("1 of 2 messages cannot be translated; they are kept")
        assert len(told["reasons"]) == 1

        wrong = (await sent(feed, export(4).replace(b"2026-", b"1926-"))).json()
        assert wrong["quarantined"] == 1
        assert "1926-" in wrong["reasons"][0]


async def test_a_wrong_path_method_or_token_takes_nothing(listening: Any, city_home: Home) -> None:
    """The sentence says what would be right."""
    (city_home.path / "token").write_text("secret\n")
    async with listening(token_file="token") as feed:
        known = {"Authorization": "Bearer secret"}
        for authorization in (b"", b"Bearer wrong", b"Basic secret", b"Bearer secret\xff"):
            unknown = await sent(feed, reading("a"), Authorization=authorization)
            assert unknown.status_code == 401
            assert unknown.headers["WWW-Authenticate"] == "Bearer"
        lost = await sent(feed, reading("a"), path="/elsewhere", **known)
        assert (lost.status_code, lost.json()["error"]) == (
            404,
            "nothing is taken at /in/elsewhere: post to /in",
        )
        wrong = await sent(feed, b"", method="GET", **known)
        assert (wrong.status_code, wrong.headers["Allow"]) == (405, "POST, PUT")
        assert feed.ledger.received == 0

        assert (await sent(feed, reading("a"), **known)).status_code == 200


async def test_a_body_beyond_the_limit_is_refused(listening: Any) -> None:
    """Whether its length is announced or not."""
    async with listening(max_bytes=1000) as feed:
        announced = await sent(feed, b"x" * 1001)
        assert announced.status_code == 413
        assert "larger than 1000 bytes" in announced.json()["error"]

        async def chunks() -> Any:
            for _ in range(20):
                yield b"x" * 100

        async with httpx.AsyncClient() as client:
            url = feed.address.replace("http-listen", "http")
            chunked = await client.post(url, content=chunks())
        assert chunked.status_code == 413
        assert feed.ledger.received == 0


async def test_a_body_that_does_not_come_is_given_up(listening: Any) -> None:
    """A sender that stalls holds its place no longer than it may."""
    async with listening(timeout_s=0.1, max_requests=1) as feed:
        host, _, port = feed.address.removeprefix("http-listen://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port.partition("/")[0]))
        writer.write(b"POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{")
        async with asyncio.timeout(30):
            status = await reader.readline()
        writer.close()

        assert status.startswith(b"HTTP/1.1 408")
        assert (await sent(feed, reading("a"))).status_code == 200


async def test_the_body_that_takes_longest_gives_way_when_there_are_too_many(
    listening: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A body that comes byte by byte keeps out nobody who has all of his at hand."""
    monkeypatch.setattr(http_listen, "FAIR_S", 0.0)
    async with listening(timeout_s=60.0, max_requests=1) as feed:
        host, _, port = feed.address.removeprefix("http-listen://").partition(":")
        reader, writer = await asyncio.open_connection(host, int(port.partition("/")[0]))
        writer.write(b"POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n{")
        await until(lambda: feed.transport._coming)

        assert (await sent(feed, reading("a"))).status_code == 200
        async with asyncio.timeout(30):
            assert (await reader.readline()).startswith(b"HTTP/1.1 408")
        writer.close()


async def test_a_sender_that_hangs_up_in_the_middle_leaves_nothing(listening: Any) -> None:
    """Half a body is no message."""
    async with listening() as feed:
        host, _, port = feed.address.removeprefix("http-listen://").partition(":")
        _, writer = await asyncio.open_connection(host, int(port.partition("/")[0]))
        writer.write(b"POST /in HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n" + reading("a"))
        await until(lambda: feed.transport._open == 1)
        writer.close()
        await until(lambda: feed.transport._open == 0)

        assert feed.ledger.received == 0


async def test_too_many_at_once_are_asked_to_come_again(tmp_path: Path) -> None:
    """The others are not harmed."""
    async with (
        own_bus(tmp_path / "home", "water") as bus,
        impatient(bus.home, bus.plan, ANYWHERE, max_requests=1) as feed,
    ):
        bus.freeze()
        first = asyncio.create_task(sent(feed, reading("a")))
        await until(lambda: feed.ledger.in_flight)
        second = await sent(feed, reading("b"))
        assert (second.status_code, second.headers["Retry-After"]) == (503, "10")

        bus.thaw()
        assert (await first).status_code == 200


async def test_while_the_bus_is_away_the_sender_is_asked_to_send_again(tmp_path: Path) -> None:
    """503 with a sentence, not a success and not a fault of the sender."""
    async with (
        own_bus(tmp_path / "home", "water") as bus,
        impatient(bus.home, bus.plan, ANYWHERE) as feed,
    ):
        await bus.server.kill()
        answer = await sent(feed, reading("a"))

        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
        assert "send it again later" in answer.json()["error"]


async def test_a_sender_without_a_certificate_is_not_let_in(
    listening: Any, city_home: Home
) -> None:
    """With tls_ca a certificate is demanded."""
    context = ssl.create_default_context(cafile=city_home.ca)
    async with listening(**OURS) as feed:
        url = feed.address.replace("http-listen", "https")
        async with httpx.AsyncClient(verify=context) as client:
            with pytest.raises(httpx.TransportError):
                await client.post(url, content=reading("a"))
        assert feed.ledger.received == 0


async def test_a_new_certificate_is_shown_without_a_restart(listening: Any, tmp_path: Path) -> None:
    """Posts go on by the authority's new one."""
    own = Home(tmp_path / "own")
    own.tls_dir.mkdir(parents=True)
    Authority(own).issue_server("feed")
    pem, key = own.certificate("feed")
    async with listening(tls_cert=str(pem), tls_key=str(key)) as feed:
        for file in (pem, own.ca):
            file.unlink()
        (own.tls_dir / "ca.key").unlink()
        Authority(own).issue_server("feed")
        url = feed.address.replace("http-listen", "https")
        trusting = ssl.create_default_context(cafile=str(own.ca))
        async with httpx.AsyncClient(verify=trusting) as client:
            assert (await client.post(url, content=reading("a"))).status_code == 200


async def test_files_that_do_not_load_are_told(listening: Any, city_home: Home) -> None:
    """A server does not start half safe."""
    (city_home.path / "empty").write_text("\n")
    wrong = {
        "token_file .*none cannot be read": {"token_file": "none"},
        "token_file .*empty is empty": {"token_file": "empty"},
        "tls_cert is missing": {"tls_key": "tls/nats.key"},
        "the certificate .* does not load": {"tls_cert": "tls/nats.pem", "tls_key": "tls/ca.pem"},
    }
    for sentence, options in wrong.items():
        with pytest.raises(FeedMisconfigured, match=sentence):
            async with listening(**options):
                pytest.fail("it started")
