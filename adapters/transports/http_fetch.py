"""Fetches a document over HTTP and decodes it as it comes."""

import asyncio
import hashlib
import re
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from typing import Any, Final

import httpx
import msgspec

from adapters.sdk.adapter import Adapter
from adapters.sdk.message import Message, Undecodable
from adapters.transports.address import public
from adapters.transports.inflate import ACCEPTED, Inflater
from adapters.transports.retry import Trouble
from adapters.transports.tls import TlsOptions

_HEAD = 1024
_WEB_PAGE = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html)\b",
    re.IGNORECASE | re.DOTALL,
)
_GONE: Final = frozenset({httpx.codes.NOT_FOUND, httpx.codes.GONE})
# Any other success is none: 202 is not ready, and 206 a part that nobody asked for.
_WHOLE: Final = frozenset(
    {httpx.codes.OK, httpx.codes.NON_AUTHORITATIVE_INFORMATION, httpx.codes.NO_CONTENT}
)
_BUSY: Final = frozenset({httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE})
LONGEST_ASKED_S: Final = 3600.0
"""How long a server may ask to be left alone: a city does not go without warnings for days."""
_USER_AGENT: Final = f"liandong/{version('liandong')}"
_LINK: Final = "liandong.link"
Refusal = Callable[[httpx.URL], str]


class HttpPollOptions(TlsOptions, frozen=True, forbid_unknown_fields=True):
    """How an address is polled.

    Attributes:
        interval_s: Time between polls, seconds.
        timeout_s: How long an answer may take from the request to its last byte, seconds.
        max_bytes: Largest body, decompressed.
        max_interval_s: Longest time between polls of an address that fails, seconds.
        headers: Headers to send, to the source's own host only.
        link_hosts: Hosts besides the source's own from which what an index links to is
            fetched; with its port where that is not the usual one.
        max_links: How many linked documents are fetched in one poll; the others follow in
            the next.
    """

    interval_s: float = 60.0
    timeout_s: float = 30.0
    max_bytes: int = 32 << 20
    max_interval_s: float = 900.0
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    link_hosts: tuple[str, ...] = ()
    max_links: int = 500


class Absent(Trouble):
    """There is no document at an address, and it does not look as if there will be one."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A document as it was decoded.

    Attributes:
        url: Where it was in the end, after redirects.
        messages: What it holds.
        validators: The headers by which the next poll asks for changes only.
        digest: Of its bytes.
    """

    url: httpx.URL
    messages: list[Message | Undecodable]
    validators: dict[str, str]
    digest: str


class Fetcher:
    """Fetches a source, and what it links to.

    Args:
        adapter: Decodes.
        source: The source's address.
        options: How it is polled.
        refusal: Says why a link's address is not to be asked; empty: it may be.
    """

    def __init__(
        self,
        adapter: Adapter[Any, Any],
        source: httpx.URL,
        options: HttpPollOptions,
        refusal: Refusal,
    ) -> None:
        self._adapter = adapter
        self._source = source
        self._options = options
        self._refusal = refusal

    def client(self, context: ssl.SSLContext) -> httpx.AsyncClient:
        """Return the client to fetch with."""
        return httpx.AsyncClient(
            timeout=self._options.timeout_s,
            verify=context,
            headers={"User-Agent": _USER_AGENT},
            follow_redirects=True,
            event_hooks={"request": [self._address_request]},
        )

    async def fetch(
        self,
        client: httpx.AsyncClient,
        url: httpx.URL,
        *,
        headers: Mapping[str, str] | None = None,
        linked_as: str | None = None,
    ) -> Fetched | None:
        """Fetch and decode; None: nothing has changed since what the headers tell of.

        Args:
            client: Fetches.
            url: The address.
            headers: Headers of this request.
            linked_as: The media type that a link says of the document, and that the source
                is asked for, whatever the feed's own headers ask for; None: no link led here.

        Raises:
            Absent: If there is no such document.
            Trouble: If the address does not give a whole body in time.
        """
        shown = public(str(url))
        extensions = {} if linked_as is None else {_LINK: linked_as}
        sent = {"Accept-Encoding": ACCEPTED, **(headers or {})}
        try:
            async with (
                asyncio.timeout(self._options.timeout_s),
                client.stream("GET", url, headers=sent, extensions=extensions) as response,
            ):
                if response.status_code == httpx.codes.NOT_MODIFIED:
                    return None
                if response.status_code not in _WHOLE:
                    status = f"{response.status_code} {response.reason_phrase}".strip()
                    kind = Absent if response.status_code in _GONE else Trouble
                    wait_s = _wait_s(response)
                    asked = f"; it asks to be left alone for {wait_s:.0f} s" if wait_s else ""
                    raise kind(f"{shown} answers {status}, expected 200{asked}", wait_s)
                return await self._decode(response, shown)
        except TimeoutError as error:
            raise Trouble(
                f"{shown} gave no whole answer within {self._options.timeout_s:g} s"
            ) from error
        except httpx.HTTPError as error:
            what = str(error) or type(error).__name__
            raise Trouble(f"{shown} cannot be fetched: {what}") from error

    async def _address_request(self, request: httpx.Request) -> None:
        """Give the source its headers, and no other host that it sends us to."""
        linked_as = request.extensions.get(_LINK)
        if self._source.scheme == "https" and request.url.scheme != "https":
            raise httpx.UnsupportedProtocol("it redirects from https to http", request=request)
        if linked_as is not None and (why := self._refusal(request.url)):
            raise httpx.UnsupportedProtocol(f"it redirects to where {why}", request=request)
        if origin(request.url) == origin(self._source):
            request.headers.update(self._options.headers)
        else:
            # A redirected request begins as a copy of the one before.
            for name in self._options.headers:
                request.headers.pop(name, None)
        if linked_as:
            request.headers["Accept"] = f"{linked_as}, */*;q=0.5"

    async def _decode(self, response: httpx.Response, shown: str) -> Fetched:
        """Decode a body as it comes.

        Raises:
            Absent: If it is a web page: nobody's data, and another each time.
            Trouble: If it breaks off.
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
            raise Absent(
                f"{shown} answers a web page, expected data: see in a browser what it "
                "says; it may want a login, or have moved"
            )
        return Fetched(response.url, messages, _validators(response), digest.hexdigest())


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


def origin(url: httpx.URL) -> tuple[str, bytes]:
    """Return whom a URL speaks to."""
    return url.scheme, url.netloc


def _wait_s(response: httpx.Response) -> float:
    """Return how long a server asks to be left alone (RFC 9110, 10.2.3), seconds; 0: not at all."""
    asked = response.headers.get("Retry-After", "").strip()
    if response.status_code not in _BUSY or not asked:
        return 0.0
    if asked.isdecimal():
        return min(float(asked), LONGEST_ASKED_S)
    try:
        until = parsedate_to_datetime(asked)
    except (ValueError, OverflowError):
        return 0.0
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max(0.0, (until - datetime.now(UTC)).total_seconds()), LONGEST_ASKED_S)


def _validators(response: httpx.Response) -> dict[str, str]:
    """Return the headers by which the next poll asks for changes only."""
    pairs = {"If-None-Match": "ETag", "If-Modified-Since": "Last-Modified"}
    return {
        asked: response.headers[given]
        for asked, given in pairs.items()
        if given in response.headers
    }
