"""Answers of status 200 that are not what was asked for, or not all of it."""

import gzip
import zlib
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from adapters.transports.inflate import Inflater
from adapters.transports.retry import Trouble
from broker.home import Home
from broker.plan import BusPlan
from tests.adapters.transports.exports import export, warning
from tests.adapters.transports.running import RunningFeed, running, until
from tests.adapters.transports.web import Web, page, serving

QUICK: dict[str, Any] = {"interval_s": 0.02, "max_interval_s": 0.1}
LOGIN = "<html><head><title>统一登录</title></head><body>请登录</body></html>"
ROWS = export(*range(1, 41))


@pytest.fixture
def polling(city_home: Home, plan: BusPlan) -> Any:
    """Return how to poll dispatch exports on the session's bus."""

    def run(url: str, adapter: str = "police/incident_csv") -> AbstractAsyncContextManager[Any]:
        return running(city_home, plan, adapter, url, **QUICK)

    return run


async def refused(web: Web, feed: RunningFeed, reason: str) -> None:
    """Wait until the feed has told this reason; nothing was taken of what it polled."""
    await until(lambda: reason in feed.error)
    asked = len(web.requests)
    await until(lambda: len(web.requests) > asked + 1)
    assert feed.ledger.received == 0
    assert not await feed.quarantined()


@pytest.mark.parametrize(
    "body",
    [
        LOGIN.encode(),
        b"\xef\xbb\xbf\r\n <!DOCTYPE HTML>" + LOGIN.encode("gb18030"),
        b"<!-- 1 --><!doctype html>\n" + LOGIN.encode(),
    ],
)
@pytest.mark.parametrize("adapter", ["police/incident_csv", "weather/cap"])
async def test_a_login_page_is_no_data(polling: Any, adapter: str, body: bytes) -> None:
    """It is told as the feed's error, and is no record of quarantine, every minute another."""
    async with serving(page(body)) as web, polling(web.url, adapter) as feed:
        await refused(web, feed, "answers a web page, expected data")

        web.answer = page(warning("HTML-1") if adapter == "weather/cap" else ROWS)
        await until(lambda: feed.ledger.stored + feed.ledger.duplicates > 0)
        assert feed.ledger.quarantined == 0


async def test_a_login_page_after_a_redirect_is_no_data(polling: Any) -> None:
    """The session has ended: the address sends us to where one logs in."""
    async with (
        serving(page(LOGIN.encode(), Content_Type="text/html")) as login,
        serving(page(b"", "302 Found", Location=login.url)) as web,
        polling(web.url) as feed,
    ):
        await refused(web, feed, "answers a web page, expected data")


async def test_a_body_shorter_than_it_was_said_to_be_is_fetched_again(polling: Any) -> None:
    """Its last row may be half a row; none of it is taken."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\nConnection: close\r\n\r\n"
    async with serving([head + ROWS[:700]], hangs_up=True) as web, polling(web.url) as feed:
        await refused(web, feed, "cannot be fetched")

        web.answer = page(ROWS)
        await until(lambda: feed.settled)
        assert feed.ledger.received == 40


@pytest.mark.parametrize("size", [5, 100, -1])
async def test_a_compressed_body_that_breaks_off_is_fetched_again(polling: Any, size: int) -> None:
    """The server says that it is whole, and gzip that it is not."""
    whole = gzip.compress(ROWS)
    async with (
        serving(page(whole[:size], Content_Encoding="gzip")) as web,
        polling(web.url) as feed,
    ):
        await refused(web, feed, "the compressed body breaks off before its end")
        assert "accept-encoding: gzip\r\n" in web.requests[0]

        web.answer = page(whole, Content_Encoding="gzip")
        await until(lambda: feed.settled)
        assert feed.ledger.received == 40


async def test_a_damaged_compressed_body_is_fetched_again(polling: Any) -> None:
    """Its checksum does not fit."""
    whole = bytearray(gzip.compress(ROWS))
    whole[-6] ^= 0xFF
    async with serving(page(bytes(whole), Content_Encoding="gzip")) as web, polling(web.url) as f:
        await refused(web, f, "the compressed body is damaged")


async def test_an_encoding_that_was_not_asked_for_is_told(polling: Any) -> None:
    """By its name."""
    async with serving(page(ROWS, Content_Encoding="br")) as web, polling(web.url) as feed:
        await refused(web, feed, "encoded as 'br', expected gzip or none")


@pytest.mark.parametrize("size", [1, 7, 1 << 20])
@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("", ROWS),
        ("Identity", ROWS),
        ("gzip", gzip.compress(ROWS)),
        ("x-gzip", gzip.compress(ROWS[:90]) + gzip.compress(ROWS[90:])),
        ("deflate", zlib.compress(ROWS)),
        ("gzip", gzip.compress(ROWS) + bytes(20)),
        ("UTF-8", ROWS),
    ],
)
def test_a_body_is_what_it_was_however_it_comes(encoding: str, body: bytes, size: int) -> None:
    """Compressed, joined or plain, in pieces of any size."""
    inflater = Inflater(encoding)
    pieces = [body[at : at + size] for at in range(0, len(body), size)]

    found = b"".join(part for piece in pieces for part in inflater.feed(piece))
    inflater.close()

    assert found == ROWS


def test_a_file_of_gzip_that_is_served_as_it_lies_there_is_undone() -> None:
    """Services keep their caches compressed, and do not say so."""
    inflater = Inflater("")

    pieces = [*inflater.feed(gzip.compress(ROWS))]
    inflater.close()

    assert b"".join(pieces) == ROWS


def test_a_small_body_that_grows_large_comes_in_small_pieces() -> None:
    """Whoever counts the bytes can stop in time."""
    inflater = Inflater("gzip")

    largest = max(map(len, inflater.feed(gzip.compress(bytes(10_000_000)))))

    assert largest <= 1 << 16


def test_an_answer_without_a_byte_is_no_whole_compressed_body() -> None:
    """Even nothing has a head and an end in gzip."""
    with pytest.raises(Trouble, match="breaks off"):
        Inflater("gzip").close()
