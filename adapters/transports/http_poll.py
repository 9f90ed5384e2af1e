"""Polls an address over HTTP, taking what has changed."""

import asyncio
import contextlib
import random
import ssl
from collections.abc import Sequence
from typing import Any, ClassVar

import httpx
import msgspec

from adapters.sdk.adapter import Adapter
from adapters.sdk.errors import FeedMisconfigured
from adapters.sdk.message import Message, Undecodable
from adapters.sdk.pipeline import Pipeline
from adapters.transports.address import public
from adapters.transports.documents import parted
from adapters.transports.http_fetch import Fetcher, HttpPollOptions
from adapters.transports.link_rule import LinkRule
from adapters.transports.linked import LinkedDocuments
from adapters.transports.retry import Retry, Trouble, pause, unless_stopped
from adapters.transports.tls import client_context
from adapters.transports.transport import Checkpoint

_LOT = 1000


class _Place(msgspec.Struct, frozen=True):
    """What was settled last.

    Attributes:
        validators: Those that the server gave; empty while something that the document
            links to is not settled, so that it is fetched again.
        digest: That of the body.
        links: What is known of the documents that it links to.
    """

    validators: dict[str, str] = {}
    digest: str = ""
    links: list[str] = []


class HttpPoll:
    """Fetches an address again and again, and runs it through a feed's pipeline.

    Args:
        adapter: Decodes.
        pipeline: Settles messages.
        url: The address.
        options: How it is polled.
        checkpoint: Keeps what was settled last, so that it is not taken again.

    Raises:
        FeedMisconfigured: If the address, or a host to which links may lead, is none.
    """

    options_type: ClassVar = HttpPollOptions

    def __init__(
        self,
        adapter: Adapter[Any, Any],
        pipeline: Pipeline,
        url: str,
        options: HttpPollOptions,
        checkpoint: Checkpoint,
    ) -> None:
        self._adapter = adapter
        self._pipeline = pipeline
        self._url = url
        self._source = _source(adapter.feed.id, url)
        self._options = options
        self._checkpoint = checkpoint
        self._place: _Place | None = None
        self._saved: _Place | None = None
        self._saves = True
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        feed = adapter.feed.id
        rule = LinkRule(feed, self._source, options.link_hosts)
        self._fetcher = Fetcher(adapter, self._source, options, rule.refusal)
        self._links = LinkedDocuments(
            feed, pipeline, self._fetcher, rule, options=options, stop=self._stop
        )

    @property
    def address(self) -> str:
        """Return the address without what may be secret in it."""
        return public(self._url)

    async def start(self) -> None:
        """Begin to poll.

        Raises:
            FeedMisconfigured: If a certificate does not load.
        """
        context = client_context(self._adapter.feed.id, self._options)
        self._task = asyncio.create_task(self._poll(context))

    async def stop(self) -> None:
        """Settle what was fetched, then poll no more."""
        self._stop.set()
        if self._task is not None:
            await self._task

    async def _poll(self, context: ssl.SSLContext) -> None:
        """Poll until stopped; ever more rarely while it fails."""
        interval = self._options.interval_s
        retry = Retry(
            self._adapter.feed.id,
            self._pipeline,
            self._stop,
            first_s=interval,
            longest_s=self._options.max_interval_s,
        )
        async with self._fetcher.client(context) as client:
            while not self._stop.is_set():
                await retry(lambda: self._take(client))
                await pause(self._stop, interval * random.uniform(0.9, 1.1))  # noqa: S311 - spreads polls

    async def _take(self, client: httpx.AsyncClient) -> None:
        """Fetch once and settle what is new; what could not be settled is fetched again."""
        if self._place is None:
            saved = await self._checkpoint.load()
            self._place = msgspec.json.decode(saved, type=_Place) if saved else _Place()
            self._saved = self._place
            self._links.restore(self._place.links)
        found = await unless_stopped(
            self._stop,
            self._fetcher.fetch(client, self._source, headers=self._place.validators),
        )
        if found is None:
            await self._save()
            return
        self._saves = True
        indexes, messages = parted(found.messages)
        if found.digest != self._place.digest:
            await self._settle(messages)
            self._place = _Place({}, found.digest, self._links.known)
        is_whole = True
        for index in indexes:
            is_whole &= await self._links.follow(client, found.url, index, self._save_links)
        validators = found.validators if is_whole else {}
        self._place = _Place(validators, found.digest, self._links.known)
        await self._save()

    async def _save_links(self) -> None:
        """Save what is settled so far; once that has failed, leave it to the poll's end."""
        assert self._place is not None
        self._place = msgspec.structs.replace(self._place, links=self._links.known)
        if self._saves:
            self._saves = False
            with contextlib.suppress(Trouble):
                await self._save()
                self._saves = True

    async def _save(self) -> None:
        """Save what is settled, if it is not what was saved last.

        Raises:
            Trouble: If it cannot be kept at the moment; this process knows it all the same.
        """
        if self._place is not None and self._place != self._saved:
            await self._checkpoint.save(msgspec.json.encode(self._place))
            self._saved = self._place

    async def _settle(self, messages: Sequence[Message | Undecodable]) -> None:
        """Settle messages.

        Raises:
            Trouble: If the bus did not take all of them.
        """
        for start in range(0, len(messages), _LOT):
            outcomes = await self._pipeline.submit(messages[start : start + _LOT], self.address)
            if None in outcomes:
                raise Trouble("the bus is away: what was fetched is fetched again")


def _source(feed: str, url: str) -> httpx.URL:
    """Return a source's address.

    Raises:
        FeedMisconfigured: If it is none.
    """
    try:
        return httpx.URL(url)
    except httpx.InvalidURL as error:
        raise FeedMisconfigured(
            feed,
            f"source {public(url)!r} is no address ({error})",
            "write it as https://alerts.example.org/index.xml",
        ) from error
