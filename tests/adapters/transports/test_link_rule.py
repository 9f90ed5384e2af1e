"""Indexes that lead elsewhere, in circles, or to more than anybody can fetch."""

import functools
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sdk.errors import FeedMisconfigured
from adapters.transports import ForgetfulCheckpoint
from adapters.transports.link_rule import LinkRule
from broker.home import Home
from broker.plan import BusPlan
from tests.adapters.transports.exports import warning
from tests.adapters.transports.indexes import atom, entry, poll, polled
from tests.adapters.transports.running import until
from tests.adapters.transports.sender import THEIRS, server_tls
from tests.adapters.transports.web import page, serving


@pytest.fixture
def polling(city_home: Home, plan: BusPlan) -> Any:
    """Return how to run a feed of warnings on the session's bus."""
    return functools.partial(poll, city_home, plan)


async def test_another_host_is_asked_only_if_it_is_named(polling: Any) -> None:
    """It is told once which host, and what to do; with the option it is fetched, without keys."""
    checkpoint, headers = ForgetfulCheckpoint(), {"X-Api-Key": "key"}
    async with serving(page(warning("FOREIGN"))) as other, serving([]) as web:
        target = f"localhost:{other.port}"
        own = "/a.xml"
        web.pages[own] = page(warning("OWN"))
        web.answer = page(atom([entry(f"http://{target}/f.xml"), entry(own)]), ETag='"f"')
        async with polling(web.url, checkpoint=checkpoint, headers=headers) as feed:
            await until(lambda: feed.ledger.stored == 1 and feed.ledger.quarantined == 1)
            await polled(web)
            feed_id = feed.feed.id
            (told,) = await feed.quarantined()
            assert told.cause == "link"
            assert told.raw == f"http://{target}/f.xml".encode()
            assert f"{target} is not the source's own host: if you trust it, add it" in told.reason
            assert not other.requests

        async with polling(
            web.url,
            checkpoint=checkpoint,
            feed_id=feed_id,
            headers=headers,
            link_hosts=[target],
        ) as feed:
            await until(lambda: feed.ledger.stored == 2)
            assert "x-api-key" not in other.requests[0]
            assert "accept: application/cap+xml, */*;q=0.5" in other.requests[0]
            assert all("x-api-key: key" in request for request in web.requests)


async def test_a_link_may_not_be_redirected_to_a_host_that_is_not_named(polling: Any) -> None:
    """Else the source's own host could send us to any place of our network."""
    async with serving(page(warning("INSIDE"))) as inside, serving([]) as web:
        web.answer = page(atom([entry("/r.xml")]))
        target = inside.url.replace("127.0.0.1", "localhost")
        web.pages["/r.xml"] = page(b"", "302 Found", Location=target)
        async with polling(web.url) as feed:
            await until(lambda: "is not the source's own host" in feed.error)
            await polled(web)
            assert not inside.requests
            assert feed.ledger.received == 0


async def test_a_source_over_https_is_not_left_for_http(polling: Any, city_home: Home) -> None:
    """Its links are followed over https; one to http is refused."""
    async with serving([], context=server_tls(city_home)) as web:
        own = "/s.xml"
        web.pages[own] = page(warning("SECURE"))
        http = web.url.replace("https:", "http:")
        web.answer = page(atom([entry(own), entry(http)]))
        async with polling(web.url, **THEIRS) as feed:
            await until(lambda: feed.ledger.stored == 1 and feed.ledger.quarantined == 1)
            (told,) = await feed.quarantined()
            assert "it is not encrypted, and the source is" in told.reason


async def test_an_index_of_an_index_is_not_followed(polling: Any) -> None:
    """Nor one that links to itself: each is told once, and nothing goes round."""
    async with serving([]) as web:
        web.answer = page(atom([entry("/data"), entry("/deeper.xml")]))
        web.pages["/deeper.xml"] = page(atom([entry("/deepest.xml")]))
        async with polling(web.url) as feed:
            await until(lambda: feed.ledger.quarantined == 2)
            await polled(web)

            told = await feed.quarantined()
            assert {one.cause for one in told} == {"index"}
            assert all("is an index again and is not followed" in one.reason for one in told)
            assert web.asked("/deeper.xml") == 1
            assert web.asked("/deepest.xml") == 0
            assert feed.ledger.quarantined == 2


async def test_an_index_of_ten_thousand_links_is_refused(polling: Any) -> None:
    """None is fetched, and it is told once, however it changes."""
    links = [f'<entry><link href="/{number}.xml"/></entry>' for number in range(10_000)]
    async with serving(page(atom(links))) as web, polling(web.url) as feed:
        await until(lambda: feed.ledger.quarantined == 1)
        web.answer = page(atom(links[1:]))
        await polled(web)

        (told,) = await feed.quarantined()
        assert told.cause == "index"
        assert "links to 10000 documents, expected at most 5000" in told.reason
        assert all(request.startswith("get /data ") for request in web.requests)
        assert feed.ledger.quarantined == 1


async def test_a_poll_fetches_no_more_than_its_share(polling: Any) -> None:
    """The rest comes with the next polls; nothing is fetched twice."""
    async with serving([]) as web:
        web.answer = page(atom(entry(f"/{number}.xml") for number in range(7)))
        web.pages = {f"/{number}.xml": page(warning(f"SHARE-{number}")) for number in range(7)}
        async with polling(web.url, max_links=3) as feed:
            await until(lambda: feed.ledger.stored == 7)
            await polled(web)

            paths = [request.split()[1] for request in web.requests]
            first, second = [at for at, path in enumerate(paths) if path == "/data"][:2]
            assert second - first == 4
            assert len([path for path in paths if path != "/data"]) == 7


async def test_a_source_whose_documents_all_fail_is_not_pressed(polling: Any) -> None:
    """After a few failures the rest of the poll is let be."""
    async with serving(page(b"", "500 Internal Server Error")) as web:
        web.pages["/data"] = page(atom(entry(f"/{number}.xml") for number in range(100)))
        async with polling(web.url, interval_s=3600.0) as feed:
            await until(lambda: "8 linked documents are left for later" in feed.error)
            assert len(web.requests) == 9


async def test_an_alert_beyond_the_limit_is_told_and_settled(polling: Any) -> None:
    """The limit of bytes holds for each document."""
    async with serving(page(atom([entry("/big.xml")]))) as web:
        web.pages["/big.xml"] = page(b"<a>" * 5000)
        async with polling(web.url, max_bytes=10_000) as feed:
            await until(lambda: feed.ledger.quarantined == 1)
            await polled(web)
            (told,) = await feed.quarantined()
            assert told.cause == "too_large"
            assert told.source.endswith("/big.xml")
            assert web.asked("/big.xml") == 1


@pytest.mark.parametrize("host", ["https://x.example", "x.example/a", "", "u@x.example", "a b:c"])
async def test_a_host_that_is_none_is_told(polling: Any, host: str) -> None:
    """Before the first poll."""
    with pytest.raises(FeedMisconfigured, match=r"link_hosts has .* which is no host"):
        async with polling("https://127.0.0.1:1/", link_hosts=[host]):
            pytest.fail("it started")


async def test_a_source_that_is_no_address_is_told(polling: Any) -> None:
    """Before the first poll."""
    with pytest.raises(FeedMisconfigured, match="is no address"):
        async with polling("https://a:port/"):
            pytest.fail("it started")


SOURCE = httpx.URL("https://user:pw@alerts.example.org/a/index.xml?key=1")


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("b.xml#top", "https://user:pw@alerts.example.org/a/b.xml"),
        ("/b.xml?x=1", "https://user:pw@alerts.example.org/b.xml?x=1"),
        ("https://ALERTS.example.org:443/b", "https://user:pw@alerts.example.org/b"),
        ("https://me:too@cdn.example.org/b", "https://cdn.example.org/b"),
        ("//cdn.example.org:8443/b", "https://cdn.example.org:8443/b"),
    ],
)
def test_a_link_is_joined_and_takes_the_sources_login_nowhere_else(written: str, url: str) -> None:
    """Relative to the index; what stands before a host in a link is not ours to send."""
    rule = LinkRule("f", SOURCE, ["CDN.example.org", "cdn.example.org:8443"])

    assert rule.resolve(SOURCE, written) == (httpx.URL(url), "")


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("ftp://alerts.example.org/b", "it is no http address"),
        ("file:///etc/passwd", "it names no host"),
        ("javascript:alert(1)", "it names no host"),
        ("http://xn--/", "it is no address"),
        ("https://a:port/", "it is no address"),
        ("http://alerts.example.org/b", "it is not encrypted"),
        ("https://alerts.example.org:6379/b", "alerts.example.org:6379 is not the source's own"),
        ("https://169.254.169.254/latest", "169.254.169.254 is not the source's own host"),
        ("https://[::1]/", r"[::1] is not the source's own host"),
    ],
)
def test_a_link_that_is_not_to_be_asked_is_refused_with_why(written: str, why: str) -> None:
    """The host, and how it is spoken to, must be as the city wants them."""
    url, told = LinkRule("f", SOURCE, []).resolve(SOURCE, written)

    assert url is None
    assert told.startswith(why)


@given(st.text(max_size=60) | st.from_regex(r"(https?:)?//[^/]*/.*", fullmatch=True))
def test_any_text_is_an_address_that_may_be_asked_or_is_refused(written: str) -> None:
    """The rule never raises, and lets nothing out that is not the source's own."""
    url, told = LinkRule("f", SOURCE, []).resolve(SOURCE, written)

    assert (url is None) == bool(told)
    assert url is None or (url.scheme, url.netloc) == ("https", b"alerts.example.org")
