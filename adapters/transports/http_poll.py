"""Polls an address over HTTP, taking what has changed."""

import asyncio
import random
from typing import Any

import httpx
import msgspec
import structlog

from adapters.sdk.adapter import Adapter
from adapters.sdk.message import Undecodable
from adapters.sdk.pipeline import Pipeline

_log = structlog.get_logger()


class HttpPollOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How an address is polled.

    Attributes:
        interval_s: Time between polls, seconds.
        timeout_s: How long an answer may take, seconds.
        max_bytes: Largest body.
        max_interval_s: Longest time between polls of an address that fails, seconds.
        headers: Headers to send.
        ca: File with the authority of a server that no public one vouches for.
    """

    interval_s: float = 60.0
    timeout_s: float = 30.0
    max_bytes: int = 32 << 20
    max_interval_s: float = 900.0
    headers: dict[str, str] = {}
    ca: str = ""


class HttpPoll:
    """Fetches an address again and again, and runs it through a feed's pipeline.

    Args:
        adapter: Decodes.
        pipeline: Settles messages.
        url: The address.
        options: How it is polled.
    """

    def __init__(
        self, adapter: Adapter[Any, Any], pipeline: Pipeline, url: str, options: HttpPollOptions
    ) -> None:
        self._adapter = adapter
        self._pipeline = pipeline
        self._url = url
        self._options = options
        self._validators: dict[str, str] = {}
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def address(self) -> str:
        """Return the address without what may be secret in it."""
        return str(httpx.URL(self._url).copy_with(query=None, userinfo=b""))

    async def start(self) -> None:
        """Begin to poll."""
        self._task = asyncio.create_task(self._poll())

    async def stop(self) -> None:
        """Settle the poll under way, then poll no more."""
        self._stop.set()
        if self._task is not None:
            await self._task

    async def _poll(self) -> None:
        """Poll until stopped; ever more rarely while it fails."""
        verify = self._options.ca or True
        wait = self._options.interval_s
        async with httpx.AsyncClient(
            headers=self._options.headers,
            timeout=self._options.timeout_s,
            verify=verify,
            follow_redirects=True,
        ) as client:
            while not self._stop.is_set():
                try:
                    await self._fetch(client)
                    wait = self._options.interval_s
                except httpx.HTTPError as error:
                    wait = min(wait * 2, self._options.max_interval_s)
                    _log.warning(
                        "poll failed", feed=self._adapter.feed.id, error=str(error), next_s=wait
                    )
                await self._pause(wait * random.uniform(0.9, 1.1))  # noqa: S311 - spreads polls

    async def _pause(self, seconds: float) -> None:
        """Wait, unless stopped."""
        try:
            async with asyncio.timeout(seconds):
                await self._stop.wait()
        except TimeoutError:
            return

    async def _fetch(self, client: httpx.AsyncClient) -> None:
        """Fetch once, and settle what is new; what could not be settled is fetched again."""
        async with client.stream("GET", self._url, headers=self._validators) as response:
            if response.status_code == httpx.codes.NOT_MODIFIED:
                return
            response.raise_for_status()
            decoder = self._adapter.decoder()
            messages = []
            size = 0
            async for chunk in response.aiter_bytes():
                size += len(chunk)
                if size > self._options.max_bytes:
                    reason = f"the body is larger than {self._options.max_bytes} bytes"
                    messages = [Undecodable(chunk[:1024], "too_large", reason)]
                    break
                messages += decoder.feed(chunk)
            else:
                messages += decoder.close()
        outcomes = await self._pipeline.submit(messages, self.address) if messages else []
        if None not in outcomes:
            self._validators = _validators(response)


def _validators(response: httpx.Response) -> dict[str, str]:
    """Return the headers by which the next poll asks for changes only."""
    pairs = {"If-None-Match": "ETag", "If-Modified-Since": "Last-Modified"}
    return {
        asked: response.headers[given]
        for asked, given in pairs.items()
        if given in response.headers
    }
