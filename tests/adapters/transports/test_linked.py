"""Indexes whose entries only link to their alerts, polled over a real server."""

import functools
import json
from pathlib import Path
from typing import Any

import pytest

from adapters.transports import ForgetfulCheckpoint
from adapters.transports.linked import GIVEN_UP_AFTER
from broker.home import Home
from broker.plan import BusPlan
from tests.adapters.transports.exports import warning
from tests.adapters.transports.indexes import LISTED, QUICK, atom, entry, poll, polled, rss, three
from tests.adapters.transports.running import RunningFeed, own_bus, running, until
from tests.adapters.transports.web import STALL, page, serving

HTML = page(b"<!doctype html><html><body>moved</body></html>")


@pytest.fixture
def polling(city_home: Home, plan: BusPlan) -> Any:
    """Return how to run a feed of warnings on the session's bus."""
    return functools.partial(poll, city_home, plan)


async def names(feed: RunningFeed) -> list[str]:
    """Return the identifiers of the feed's warnings, in the order in which they were stored."""
    return [record.name.rpartition("/")[2] for record in await feed.records()]


async def test_what_an_index_links_to_is_stored_once_over_many_polls(polling: Any) -> None:
    """Each alert is fetched once, and nothing of it goes to quarantine."""
    async with serving([]) as web:
        three(web)
        async with polling(web.url) as feed:
            await until(lambda: feed.ledger.stored == 3)
            await polled(web)

            assert [web.asked(path) for path, _ in LISTED] == [1, 1, 1]
            assert feed.ledger.received == 3
            assert not feed.error


async def test_the_validators_count_once_all_is_settled(polling: Any) -> None:
    """While a link fails, the index itself is asked for whole."""
    async with serving(page(atom([entry("/late.xml")]), ETag='"i1"')) as web:
        web.pages["/late.xml"] = page(b"", "500 Internal Server Error")
        async with polling(web.url) as feed:
            await polled(web)
            assert not any("if-none-match" in request for request in web.requests)

            web.pages["/late.xml"] = page(warning("LATE"))
            await until(lambda: feed.ledger.stored == 1)
            await polled(web)
            assert 'if-none-match: "i1"' in web.requests[-1]


async def test_new_and_updated_entries_alone_are_fetched(polling: Any) -> None:
    """By the link and what the entry says of its version."""
    async with serving([]) as web:
        three(web)
        async with polling(web.url) as feed:
            await until(lambda: feed.ledger.stored == 3)

            web.pages |= {"/a.xml": page(warning("LINK-A2")), "/d.xml": page(warning("LINK-D"))}
            updated = entry("/a.xml", "2026-07-01T10:00:00Z")
            web.answer = page(atom([entry("/d.xml"), updated, entry("/b.xml"), entry("/c.xml")]))
            await until(lambda: feed.ledger.stored == 5)
            await polled(web)

            asked = [web.asked(path) for path in ("/a.xml", "/b.xml", "/c.xml", "/d.xml")]
            assert asked == [2, 1, 1, 1]


async def test_the_oldest_entry_is_settled_first(polling: Any) -> None:
    """An update must come after what it updates, however the index is sorted."""
    hours = {"/a.xml": 11, "/b.xml": 9, "/c.xml": 10}
    async with serving([]) as web:
        three(web, "ORDER-")
        web.answer = page(
            atom(entry(path, f"2026-07-01T{hour:02}:00:00Z") for path, hour in hours.items())
        )
        async with polling(web.url) as feed:
            await until(lambda: feed.ledger.stored == 3)

            assert await names(feed) == ["ORDER-LINK-B", "ORDER-LINK-C", "ORDER-LINK-A"]


async def test_a_link_that_fails_is_tried_again_and_keeps_no_other_back(polling: Any) -> None:
    """Others are stored; the one is told, and stored when it comes."""
    async with serving([]) as web:
        three(web, "RETRY-")
        web.pages["/b.xml"] = page(b"", "503 Service Unavailable")
        async with polling(web.url) as feed:
            await until(lambda: feed.ledger.stored == 2)
            await until(lambda: "b.xml answers 503" in feed.error)
            assert "1 linked documents are left for later" in feed.error

            web.pages["/b.xml"] = page(warning("RETRY-LINK-B"))
            await until(lambda: feed.ledger.stored == 3)
            assert not await feed.quarantined()
            assert web.asked("/a.xml") == 1


async def test_a_document_that_is_half_written_is_read_when_it_is_whole(polling: Any) -> None:
    """The index may tell of an alert before its file is finished."""
    whole = warning("HALF-LINK-A")
    async with serving(page(atom([entry("/a.xml")]))) as web:
        web.pages["/a.xml"] = page(whole[:-20])
        async with polling(web.url) as feed:
            await until(lambda: "cannot be read: the XML is not well-formed" in feed.error)

            web.pages["/a.xml"] = page(whole)
            await until(lambda: feed.ledger.stored == 1)
            assert feed.ledger.quarantined == 0


async def test_a_document_that_never_can_be_read_is_told_once_as_it_is(polling: Any) -> None:
    """With its bytes, so that it can be mended and put in again."""
    async with serving(page(atom([entry("/a.xml")]))) as web:
        web.pages["/a.xml"] = page(b'{"error": "too many requests"}')
        async with polling(web.url) as feed:
            await until(lambda: feed.ledger.quarantined == 1)
            await polled(web)

            (told,) = await feed.quarantined()
            assert (told.cause, told.raw) == ("xml", b'{"error": "too many requests"}')
            assert web.asked("/a.xml") == GIVEN_UP_AFTER


async def test_a_server_that_asks_to_be_left_alone_is_asked_for_no_other_link(polling: Any) -> None:
    """What it refuses one link, it would refuse the others: they wait, and so does it."""
    async with serving([]) as web:
        paths = [f"/{number}.xml" for number in range(6)]
        web.answer = page(atom(map(entry, paths)))
        busy = page(b"", "429 Too Many Requests", Retry_After="600")
        web.pages |= dict.fromkeys(paths, busy)
        async with polling(web.url) as feed:
            await until(lambda: "left alone for 600 s" in feed.error)
            await polled(web)

            assert sum(map(web.asked, paths)) == 4


@pytest.mark.parametrize("answer", [page(b"", "404 Not Found"), page(b"", "410 Gone"), HTML])
async def test_a_document_that_stays_away_is_told_once_and_left(polling: Any, answer: Any) -> None:
    """An index may go on listing it: neither the server nor the quarantine is filled."""
    async with serving(page(atom([entry("/gone.xml")]))) as web:
        web.pages["/gone.xml"] = answer
        async with polling(web.url) as feed:
            await until(lambda: feed.ledger.quarantined == 1)
            await polled(web)

            (told,) = await feed.quarantined()
            assert told.cause == "link"
            assert told.raw == web.url.replace("/data", "/gone.xml").encode()
            assert f"{GIVEN_UP_AFTER} times; the index goes on listing it" in told.reason
            assert web.asked("/gone.xml") == GIVEN_UP_AFTER


async def test_a_restart_fetches_nothing_again(polling: Any) -> None:
    """Neither of the source nor of the feed; the checkpoint knows what is settled."""
    checkpoint = ForgetfulCheckpoint()
    async with serving([]) as web:
        three(web, "AGAIN-")
        async with polling(web.url, checkpoint=checkpoint) as feed:
            await until(lambda: feed.ledger.stored == 3)
            feed_id, port = feed.feed.id, web.port
            await polled(web)
    async with serving([], port) as web:
        three(web, "AGAIN-")
        async with polling(web.url, checkpoint=checkpoint, feed_id=feed_id) as feed:
            await polled(web)

            assert [web.asked(path) for path, _ in LISTED] == [0, 0, 0]
            assert feed.ledger.received == 3


async def test_what_is_settled_is_kept_before_the_poll_ends(polling: Any) -> None:
    """A process that is killed amid a long index has not to begin anew."""
    checkpoint = ForgetfulCheckpoint()
    async with serving([STALL]) as web:
        web.pages = {f"/{number}.xml": page(warning(f"KEPT-{number}")) for number in range(4)}
        web.pages["/data"] = page(atom(entry(f"/{number}.xml") for number in reversed(range(5))))
        async with polling(web.url, checkpoint=checkpoint) as feed:
            await until(lambda: web.asked("/4.xml"))

            kept = json.loads(await checkpoint.load() or b"{}")
            assert len(kept["links"]) == feed.ledger.stored == 4


async def test_what_the_bus_did_not_take_is_fetched_again(tmp_path: Path) -> None:
    """A link is settled when its alert is stored, not before; also its spool ends as one."""
    async with own_bus(tmp_path / "home", "weather") as bus, serving([]) as web:
        three(web)
        web.answer = page(b"", "503 Service Unavailable")
        async with running(bus.home, bus.plan, "weather/cap", web.url, **QUICK) as feed:
            # What it asks without a bus it must have begun to ask with one.
            await polled(web)
            await bus.server.kill()
            three(web)
            await until(lambda: web.asked("/a.xml"))
            await bus.server.start()
            await until(lambda: feed.ledger.stored == 3)
            await polled(web)

            assert sorted(await names(feed)) == [name for _, name in LISTED]


async def test_an_index_in_rss_is_followed(polling: Any) -> None:
    """An enclosure of CAP comes before the page that the entry links to; addresses join."""
    items = rss(
        "<item><link>https://pages.example/1.html</link><guid>1</guid>"
        '<enclosure url="alerts/1.xml" type="application/cap+xml" length="1"/></item>',
        "<item><link>/alerts/2.xml</link><pubDate>Wed, 01 Jul 2026 09:30:00 GMT</pubDate></item>",
    )
    async with serving(page(items)) as web:
        web.pages |= {f"/alerts/{n}.xml": page(warning(f"RSS-{n}")) for n in (1, 2)}
        async with polling(web.url) as feed:
            await until(lambda: feed.ledger.stored == 2)
            assert not await feed.quarantined()


async def test_alerts_in_an_index_are_taken_beside_those_that_it_links_to(polling: Any) -> None:
    """Those in it once, also while a link fails and the index is read again and again."""
    alert = warning("INLINE").decode().partition("?>")[2]
    index = atom([f"<entry><content>{alert}</content></entry>", entry("/a.xml")])
    async with serving(page(index)) as web:
        web.pages["/a.xml"] = page(b"", "500 Internal Server Error")
        async with polling(web.url) as feed:
            await polled(web)
            assert feed.ledger.received == 1

            web.pages["/a.xml"] = page(warning("MIXED-A"))
            await until(lambda: feed.ledger.stored == 2)
