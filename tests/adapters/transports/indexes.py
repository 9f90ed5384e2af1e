"""Indexes of warnings of our own making, as weather services publish them."""

from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from typing import Any

from broker.home import Home
from broker.plan import BusPlan
from tests.adapters.transports.exports import warning
from tests.adapters.transports.running import RunningFeed, running, until
from tests.adapters.transports.web import Web, page

QUICK: dict[str, Any] = {"interval_s": 0.02, "max_interval_s": 0.05}
LISTED = [("/a.xml", "LINK-A"), ("/b.xml", "LINK-B"), ("/c.xml", "LINK-C")]
TYPE = "application/cap+xml"


def entry(href: str, updated: str = "2026-07-01T09:30:00Z", kind: str = TYPE) -> str:
    """Write an entry of Atom that links to its alert."""
    return (
        f"<entry><id>urn:{href}</id><updated>{updated}</updated><title>暴雨</title>"
        f'<link rel="alternate" type="{kind}" href="{href}"/></entry>'
    )


def atom(entries: Iterable[str]) -> bytes:
    """Write an index in Atom."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<feed xmlns="http://www.w3.org/2005/Atom"><title>预警</title>{"".join(entries)}</feed>'
    ).encode()


def rss(*items: str) -> bytes:
    """Write an index in RSS 2.0."""
    return f'<rss version="2.0"><channel>{"".join(items)}</channel></rss>'.encode()


def three(web: Web, prefix: str = "") -> None:
    """Publish an index of three alerts."""
    web.answer = page(atom(entry(path) for path, _ in LISTED))
    web.pages |= {path: page(warning(prefix + name)) for path, name in LISTED}


async def polled(web: Web, times: int = 3) -> None:
    """Wait until the index has been asked for so many times more."""
    asked = web.asked("/data")
    await until(lambda: web.asked("/data") > asked + times)


def poll(
    home: Home, plan: BusPlan, url: str, **options: Any
) -> AbstractAsyncContextManager[RunningFeed]:
    """Run a feed of warnings."""
    checkpoint = options.pop("checkpoint", None)
    feed_id = options.pop("feed_id", "")
    return running(
        home,
        plan,
        "weather/cap",
        url,
        checkpoint=checkpoint,
        feed_id=feed_id,
        **QUICK | options,
    )
