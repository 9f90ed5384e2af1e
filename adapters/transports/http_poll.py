"""Polls an address over HTTP, taking what has changed."""

import asyncio
import hashlib
import random
import re
import ssl
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import httpx
import msgspec
import structlog

from adapters.sdk.adapter import Adapter
from adapters.sdk.message import Message, Undecodable
from adapters.sdk.pipeline import Pipeline
from adapters.transports.address import public
from adapters.transports.inflate import ACCEPTED, Inflater
from adapters.transports.retry import Retry, Trouble, pause, unless_stopped
from adapters.transports.tls import TlsOptions, client_context
from adapters.transports.transport import Checkpoint

_HEAD = 1024
_WEB_PAGE = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html)\b", re.IGNORECASE | re.DOTALL
)
_LOT = 1000
_log = structlog.get_logger()


class HttpPollOptions(TlsOptions, frozen=True, forbid_unknown_fields=True):
    """How an address is polled.

    Attributes:
        interval_s: Time between polls, seconds.
        timeout_s: How long an answer may take from the request to its last byte, seconds.
        max_bytes: Largest body, decompressed.
        max_interval_s: Longest time between polls of an address that fails, seconds.
        headers: Headers to send, to the source's own host only.
    """

    interval_s: float = 60.0
    timeout_s: float = 30.0
    max_bytes: int = 32 << 20
    max_interval_s: float = 900.0
    headers: dict[str, str] = msgspec.field(default_factory=dict)


class _Place(msgspec.Struct, frozen=True):
    """What was settled last: the validators that the server gave, and the body's digest."""

    validators: dict[str, str] = {}
    digest: str = ""


@dataclass(frozen=True, slots=True)
class _Body:
    """A body as it was decoded."""

    messages: list[Message | Undecodable]
    place: _Place


class HttpPoll:
    """Fetches an address again and again, and runs it through a feed's pipeline.

    Args:
        adapter: Decodes.
        pipeline: Settles messages.
        url: The address.
        options: How it is polled.
        checkpoint: Keeps what was settled last, so that it is not taken again.
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
        self._options = options
        self._checkpoint = checkpoint
        self._place: _Place | None = None
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

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
        async with httpx.AsyncClient(
            timeout=self._options.timeout_s,
            verify=context,
            follow_redirects=True,
            event_hooks={"request": [self._address_request]},
        ) as client:
            while not self._stop.is_set():
                await retry(lambda: self._take(client))
                await pause(self._stop, interval * random.uniform(0.9, 1.1))  # noqa: S311 - spreads polls

    async def _address_request(self, request: httpx.Request) -> None:
        """Give the source its headers, and no other host that it sends us to."""
        source = httpx.URL(self._url)
        if source.scheme == "https" and request.url.scheme != "https":
            raise httpx.UnsupportedProtocol("it redirects from https to http", request=request)
        if _origin(request.url) == _origin(source):
            request.headers.update(self._options.headers)
            return
        # A redirected request begins as a copy of the one before.
        for name in self._options.headers:
            request.headers.pop(name, None)

    async def _take(self, client: httpx.AsyncClient) -> None:
        """Fetch once and settle what is new; what could not be settled is fetched again."""
        if self._place is None:
            saved = await self._checkpoint.load()
            self._place = msgspec.json.decode(saved, type=_Place) if saved else _Place()
        body = await unless_stopped(self._stop, self._fetch(client, self._place))
        if body is None:
            return
        if body.place.digest != self._place.digest:
            await self._settle(body.messages)
        if body.place != self._place:
            await self._checkpoint.save(msgspec.json.encode(body.place))
            self._place = body.place

    async def _settle(self, messages: Sequence[Message | Undecodable]) -> None:
        """Settle messages.

        Raises:
            Trouble: If the bus did not take all of them.
        """
        for start in range(0, len(messages), _LOT):
            outcomes = await self._pipeline.submit(messages[start : start + _LOT], self.address)
            if None in outcomes:
                raise Trouble("the bus is away: what was fetched is fetched again")

    async def _fetch(self, client: httpx.AsyncClient, place: _Place) -> _Body | None:
        """Fetch and decode; None: nothing has changed since the place.

        Raises:
            Trouble: If the address does not give a whole body in time.
        """
        try:
            async with (
                asyncio.timeout(self._options.timeout_s),
                client.stream(
                    "GET", self._url, headers={"Accept-Encoding": ACCEPTED, **place.validators}
                ) as response,
            ):
                if response.status_code == httpx.codes.NOT_MODIFIED:
                    return None
                if not response.is_success:
                    status = f"{response.status_code} {response.reason_phrase}".strip()
                    raise Trouble(f"{self.address} answers {status}, expected 200")
                return await self._decode(response)
        except TimeoutError as error:
            raise Trouble(
                f"{self.address} gave no whole answer within {self._options.timeout_s:g} s"
            ) from error
        except httpx.HTTPError as error:
            what = str(error) or type(error).__name__
            raise Trouble(f"{self.address} cannot be fetched: {what}") from error

    async def _decode(self, response: httpx.Response) -> _Body:
        """Decode a body as it comes.

        Raises:
            Trouble: If it breaks off, or is a web page: nobody's data, and another each time.
        """
        decoder = self._adapter.decoder()
        messages: list[Message | Undecodable] = []
        digest = hashlib.sha256()
        head = b""
        size = 0
        async for chunk in _pieces(response):
            size += len(chunk)
            head += chunk[: _HEAD - len(head)]
            digest.update(chunk)
            if size > self._options.max_bytes:
                reason = (
                    f"the body is larger than {self._options.max_bytes} bytes: raise max_bytes "
                    "of the feed's transport, or ask the source for less at a time"
                )
                messages = [Undecodable(head, "too_large", reason)]
                break
            messages += decoder.feed(chunk)
        else:
            messages += decoder.close()
        if _WEB_PAGE.match(head):
            raise Trouble(
                f"{self.address} answers a web page, expected data: see in a browser what it "
                "says; it may want a login, or have moved"
            )
        return _Body(messages, _Place(_validators(response), digest.hexdigest()))


async def _pieces(response: httpx.Response) -> AsyncIterator[bytes]:
    """Yield a body as it was before it was compressed.

    Raises:
        Trouble: If it breaks off, or is damaged.
    """
    inflater = Inflater(response.headers.get("Content-Encoding", ""))
    async for chunk in response.aiter_raw():
        for piece in inflater.feed(chunk):
            yield piece
    inflater.close()


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    """Return whom a URL speaks to."""
    return url.scheme, url.host, url.port


def _validators(response: httpx.Response) -> dict[str, str]:
    """Return the headers by which the next poll asks for changes only."""
    pairs = {"If-None-Match": "ETag", "If-Modified-Since": "Last-Modified"}
    return {
        asked: response.headers[given]
        for asked, given in pairs.items()
        if given in response.headers
    }
