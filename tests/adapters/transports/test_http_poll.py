"""Addresses that have nothing new, fail, stall, send too much, or send us elsewhere."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from adapters.sdk.errors import FeedMisconfigured
from adapters.transports import ForgetfulCheckpoint
from adapters.transports.http_fetch import LONGEST_ASKED_S
from broker.home import Home
from broker.plan import BusPlan
from tests.adapters.transports.exports import warning
from tests.adapters.transports.running import RunningFeed, impatient, own_bus, running, until
from tests.adapters.transports.stage import reading
from tests.adapters.transports.web import STALL, page, serving
from tests.conftest import free_port

ADAPTER = "weather/cap"
QUICK: dict[str, Any] = {"interval_s": 0.02, "max_interval_s": 0.1}


@pytest.fixture
def polling(city_home: Home, plan: BusPlan) -> Any:
    """Return how to run a feed of warnings on the session's bus."""

    def run(url: str, **options: Any) -> AbstractAsyncContextManager[RunningFeed]:
        checkpoint = options.pop("checkpoint", None)
        feed_id = options.pop("feed_id", "")
        return running(
            city_home, plan, ADAPTER, url, checkpoint=checkpoint, feed_id=feed_id, **QUICK | options
        )

    return run


async def test_what_has_not_changed_is_not_fetched_again(polling: Any) -> None:
    """The server's validators are given back, and 304 ends the poll."""
    validators = {"ETag": '"v1"', "Last_Modified": "Wed, 01 Jul 2026 09:30:00 GMT"}
    async with (
        serving(page(warning("HTTP-1"), **validators)) as web,
        polling(web.url) as feed,
    ):
        await until(lambda: feed.ledger.stored == 1)
        web.answer = page(b"", "304 Not Modified")
        asked = len(web.requests)
        await until(lambda: len(web.requests) > asked + 1)

        assert 'if-none-match: "v1"' in web.requests[-1]
        assert "if-modified-since: wed, 01 jul 2026 09:30:00 gmt" in web.requests[-1]
        assert feed.ledger.received == 1


async def test_the_same_body_without_validators_is_taken_once(polling: Any) -> None:
    """A server that knows no validators cannot make a record twice, however long it runs."""
    async with serving(page(warning("HTTP-2"))) as web, polling(web.url) as feed:
        await until(lambda: len(web.requests) > 3)
        assert feed.ledger.received == 1

        web.answer = page(warning("HTTP-3"))
        await until(lambda: feed.ledger.received == 2)


async def test_a_restart_goes_on_from_the_checkpoint(polling: Any) -> None:
    """What was settled before the stop is not taken again."""
    checkpoint = ForgetfulCheckpoint()
    async with serving(page(warning("HTTP-4"), ETag='"x"')) as web:
        async with polling(web.url, checkpoint=checkpoint) as feed:
            await until(lambda: feed.ledger.stored == 1)
            feed_id = feed.feed.id
            await until(lambda: len(web.requests) > 2)
        asked = len(web.requests)
        async with polling(web.url, checkpoint=checkpoint, feed_id=feed_id) as feed:
            await until(lambda: len(web.requests) > asked + 1)

            assert 'if-none-match: "x"' in web.requests[asked]
            assert feed.ledger.received == 1


async def test_a_failing_server_is_asked_ever_more_rarely_and_then_read(polling: Any) -> None:
    """500 is told as the feed's error; the first good answer is taken."""
    async with serving(page(b"", "500 Internal Server Error")) as web, polling(web.url) as feed:
        await until(lambda: len(web.requests) > 3)
        assert feed.error.endswith("answers 500 Internal Server Error, expected 200")

        web.answer = page(warning("HTTP-5"))
        await until(lambda: feed.ledger.stored == 1)


@pytest.mark.parametrize(
    ("status", "asked", "least"),
    [
        ("429 Too Many Requests", "120", 120),
        ("503 Service Unavailable", "Wed, 01 Jan 2098 00:00:00 GMT", LONGEST_ASKED_S),
        ("503 Service Unavailable", "-1", 0),
        ("500 Internal Server Error", "120", 0),
    ],
)
async def test_a_server_that_asks_to_be_left_alone_is(
    polling: Any, status: str, asked: str, least: float
) -> None:
    """RFC 9110, 10.2.3: Retry-After, in seconds or as a date, up to an hour."""
    with capture_logs() as logs:
        async with serving(page(b"", status, Retry_After=asked)) as web, polling(web.url) as feed:
            await until(lambda: feed.error)

    (told, *_) = (one for one in logs if one["event"] == "tried in vain")
    assert least <= told["next_s"] < least + 1
    assert (f"left alone for {least:.0f} s" in told["error"]) == (least > 0)


@pytest.mark.parametrize("status", ["206 Partial Content", "202 Accepted"])
async def test_a_part_and_a_promise_are_no_document(polling: Any, status: str) -> None:
    """What is settled as whole would hide what it lacks."""
    async with serving(page(warning("HTTP-PART")[:300], status)) as web, polling(web.url) as feed:
        await until(lambda: feed.error)
        assert feed.error.endswith(f"answers {status}, expected 200")

        web.answer = page(warning("HTTP-PART"))
        await until(lambda: feed.ledger.stored == 1)
        assert feed.ledger.quarantined == 0


async def test_a_source_is_told_who_asks(polling: Any) -> None:
    """Some services refuse programs that do not say what they are."""
    async with serving(page(warning("HTTP-AGENT"))) as web, polling(web.url) as feed:
        await until(lambda: feed.ledger.stored == 1)

        assert "user-agent: liandong/" in web.requests[0]


async def test_secrets_of_the_address_are_told_nowhere(polling: Any) -> None:
    """Neither the feed's address nor its error has the user, password or query."""
    async with serving(page(b"", "403 Forbidden")) as web:
        url = web.url.replace("http://", "http://user:secret@") + "?token=secret"
        async with polling(url) as feed:
            await until(lambda: feed.error)

            assert "secret" not in feed.address + feed.error
            assert "token=secret" in web.requests[0]
            assert "authorization: basic" in web.requests[0]


async def test_a_server_that_stalls_is_given_up_and_asked_again(polling: Any) -> None:
    """An answer must be whole in time; half a body is no message."""
    whole = page(warning("HTTP-6"))[0]
    assert isinstance(whole, bytes)
    async with (
        serving([whole[:-200], STALL]) as web,
        polling(web.url, timeout_s=0.2) as feed,
    ):
        await until(lambda: len(web.requests) > 1)
        assert feed.error.endswith("gave no whole answer within 0.2 s")
        assert feed.ledger.received == 0

        web.answer = [whole]
        await until(lambda: feed.ledger.stored == 1)


async def test_a_body_beyond_the_limit_is_told_once(polling: Any) -> None:
    """Its head is in quarantine; the same body again is nothing new."""
    async with (
        serving(page(b"<a>" * 5000, ETag='"big"')) as web,
        polling(web.url, max_bytes=10_000) as feed,
    ):
        await until(lambda: len(web.requests) > 2)

        (entry,) = await feed.quarantined()
        assert entry.cause == "too_large"
        assert entry.raw == (b"<a>" * 5000)[:1024]
        assert "raise max_bytes" in entry.reason
        assert feed.ledger.received == 1


async def test_a_redirect_is_followed_without_the_headers_meant_for_the_source(
    polling: Any,
) -> None:
    """Another host gets no keys of ours."""
    async with serving(page(warning("HTTP-7"))) as other:
        target = other.url.replace("127.0.0.1", "localhost")
        async with (
            serving(page(b"", "302 Found", Location=target)) as web,
            polling(web.url, headers={"X-Api-Key": "key"}) as feed,
        ):
            await until(lambda: feed.ledger.stored == 1)

            assert "x-api-key: key" in web.requests[0]
            assert "x-api-key" not in other.requests[0]


async def test_a_redirect_in_a_circle_is_told(polling: Any) -> None:
    """It ends after so many steps."""
    async with serving([]) as web:
        web.answer = page(b"", "302 Found", Location=web.url)
        async with polling(web.url) as feed:
            await until(lambda: "redirect" in feed.error)
        assert feed.ledger.received == 0


async def test_an_address_where_nobody_listens_is_asked_until_someone_does(polling: Any) -> None:
    """A refused connection is an error like another."""
    port = free_port()
    async with polling(f"http://127.0.0.1:{port}/data") as feed:
        await until(lambda: "cannot be fetched" in feed.error)
        async with serving(page(warning("HTTP-8")), port):
            await until(lambda: feed.ledger.stored == 1)


async def test_a_body_that_could_not_be_stored_is_fetched_again(tmp_path: Path) -> None:
    """Its validators count only once it is stored; then it is there once."""
    async with (
        own_bus(tmp_path / "home", "water") as bus,
        serving(page(b"", "503 Service Unavailable")) as web,
        impatient(bus.home, bus.plan, web.url, **QUICK) as feed,
    ):
        await bus.server.kill()
        web.answer = page(reading("again"), ETag='"v9"')
        await until(lambda: "the bus is away" in feed.error)
        asked = len(web.requests)
        await until(lambda: len(web.requests) > asked)
        assert "if-none-match" not in web.requests[-1]

        await bus.server.start()
        await until(lambda: feed.ledger.stored == 1)
        assert len(await feed.records()) == 1


async def test_a_stop_does_not_wait_for_a_slow_server(polling: Any) -> None:
    """What is being fetched was not taken yet, so it may be called off."""
    async with serving([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", STALL]) as web:
        async with polling(web.url, timeout_s=3600.0) as feed:
            await until(lambda: web.requests)
        assert feed.transport._task.done()


async def test_an_authority_that_does_not_load_is_told(polling: Any) -> None:
    """A feed does not start without what it needs to know its server."""
    with pytest.raises(FeedMisconfigured, match=r"the authority .*none\.pem does not load"):
        async with polling("https://127.0.0.1:1/", tls_ca="none.pem"):
            pytest.fail("it started")
