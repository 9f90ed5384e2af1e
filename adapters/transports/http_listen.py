"""An HTTP server to which senders POST: webhooks, and systems that push.

The status is the acknowledgement: 200 only when all of a body is stored, 422 when some of
it went to quarantine (it is safe there, so that sending it again is of no use), 503 when
the bus is away and the body must be sent again.
"""

import asyncio
import contextlib
import hmac
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from http import HTTPStatus
from typing import Any, ClassVar

import structlog
from aiohttp import web

from adapters.sdk.adapter import Adapter, Outcome
from adapters.sdk.message import Message, Undecodable
from adapters.sdk.pipeline import Pipeline
from adapters.transports.address import cannot_listen, host_and_port, joined, peer_name
from adapters.transports.dialect import Plain
from adapters.transports.guests import FAIR_S
from adapters.transports.http_port import HttpPort
from adapters.transports.secret import secret_of
from adapters.transports.tls import TlsOptions, server_tls

_METHODS = ("POST", "PUT")
_RETRY_AFTER = {"Retry-After": "10"}
_SHOWN = 3
_log = structlog.get_logger()


class HttpListenOptions(TlsOptions, frozen=True, forbid_unknown_fields=True):
    """Limits of an HTTP server; it speaks TLS when ``tls_cert`` is given.

    Attributes:
        token_file: File with the bearer token that senders must show; empty: none.
        max_bytes: Largest body, decompressed.
        max_requests: How many may be under way at once.
        timeout_s: How long a body may take to come, seconds; when too many requests are
            under way, the body that has taken longest gives way to the next.
        max_connections: How many may be open at once; then those that have asked nothing give
            way.
        idle_s: After how long without a whole request a connection is closed, seconds.
        drain_s: How long a stop waits for requests under way, seconds.
    """

    token_file: str = ""
    max_bytes: int = 8 << 20
    max_requests: int = 64
    timeout_s: float = 30.0
    max_connections: int = 1024
    idle_s: float = 75.0
    drain_s: float = 60.0


class _Refused(Exception):
    """A request is answered without having been taken."""

    def __init__(self, status: HTTPStatus, reason: str, **headers: str) -> None:
        super().__init__(reason)
        self.status = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


class HttpListen:
    """Takes what is posted to one path, and runs it through a feed's pipeline.

    Args:
        adapter: Decodes a body, and says what to answer; what it does not answer is
            answered with the counts, as JSON.
        pipeline: Settles messages.
        url: Where to listen, ``http-listen://host:port/path``; port 0: any free one.
        options: Limits.

    Raises:
        FeedMisconfigured: If the address lacks host or port.
    """

    options_type: ClassVar = HttpListenOptions

    def __init__(
        self, adapter: Adapter[Any, Any], pipeline: Pipeline, url: str, options: HttpListenOptions
    ) -> None:
        self._adapter = adapter
        self._dialect = Plain(adapter)
        self._pipeline = pipeline
        self._options = options
        self._feed = adapter.feed.id
        self._host, self._port = host_and_port(self._feed, url)
        self._path = "/" + url.partition("//")[2].partition("/")[2]
        self._token = b""
        self._open = 0
        self._coming: dict[asyncio.Timeout, float] = {}
        self._listening: HttpPort | None = None

    @property
    def address(self) -> str:
        """Return where it listens, as a URL."""
        return joined("http-listen", self._host, self._port) + self._path

    async def start(self) -> None:
        """Listen.

        Raises:
            FeedMisconfigured: If the port cannot be used, or a file does not load.
        """
        self._token = secret_of(self._feed, "token_file", self._options.token_file).encode()
        runner = web.ServerRunner(web.Server(self._serve), shutdown_timeout=self._options.drain_s)
        listening = HttpPort(
            runner,
            self._feed,
            idle_s=self._options.idle_s,
            max_connections=self._options.max_connections,
            tls=server_tls(self._feed, self._options),
        )
        try:
            await listening.open(self._host, self._port)
        except OSError as error:
            raise cannot_listen(self._feed, self.address, error) from error
        self._listening = listening
        self._port = listening.address[1]

    async def stop(self) -> None:
        """Take no more, settle and answer what is under way, hang up."""
        if self._listening is not None:
            await self._listening.close()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        """Take a request."""
        peer = peer_name(request.transport and request.transport.get_extra_info("peername"))
        try:
            self._require_welcome(request)
            self._open += 1
            try:
                messages = await self._receive(request)
                return await self._settle(messages, peer)
            finally:
                self._open -= 1
        except _Refused as refused:
            _log.warning("refused", feed=self._feed, peer=peer, reason=str(refused))
            body = {"error": str(refused)}
            return web.json_response(body, status=refused.status, headers=refused.headers)

    def _require_welcome(self, request: web.BaseRequest) -> None:
        """Refuse what was not sent to us, or by nobody whom we know."""
        if self._token:
            scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
            known = hmac.compare_digest(shown.strip().encode(errors="surrogateescape"), self._token)
            if scheme.lower() != "bearer" or not known:
                raise _Refused(
                    HTTPStatus.UNAUTHORIZED,
                    "the bearer token is missing or wrong",
                    WWW_Authenticate="Bearer",
                )
        if request.path != self._path:
            raise _Refused(
                HTTPStatus.NOT_FOUND, f"nothing is taken at {request.path}: post to {self._path}"
            )
        if request.method not in _METHODS:
            raise _Refused(
                HTTPStatus.METHOD_NOT_ALLOWED,
                f"{request.method} brings nothing: POST the message",
                Allow=", ".join(_METHODS),
            )
        if self._open >= self._options.max_requests and not self._hurry():
            raise _Refused(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "too many requests are under way: send it again later",
                **_RETRY_AFTER,
            )

    @contextlib.asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        """Let a body take so long as it may to come.

        Raises:
            TimeoutError: If it takes longer, or longest of all when there are too many.
        """
        async with asyncio.timeout(self._options.timeout_s) as limit:
            self._coming[limit] = asyncio.get_running_loop().time()
            try:
                yield
            finally:
                self._coming.pop(limit, None)

    def _hurry(self) -> bool:
        """Give up the body that has taken longest to come; tell whether there is one."""
        now = asyncio.get_running_loop().time()
        slow = next((one for one, since in self._coming.items() if since < now - FAIR_S), None)
        if slow is None:
            return False
        del self._coming[slow]
        slow.reschedule(now)
        return True

    async def _receive(self, request: web.BaseRequest) -> list[Message | Undecodable]:
        """Decode a body as it comes."""
        limit = self._options.max_bytes
        decoder = self._adapter.decoder()
        messages: list[Message | Undecodable] = []
        size = request.content_length or 0
        if size <= limit:
            size = 0
            try:
                async with self._in_time():
                    async for chunk in request.content.iter_any():
                        size += len(chunk)
                        if size > limit:
                            break
                        messages += decoder.feed(chunk)
            except TimeoutError as error:
                raise _Refused(
                    HTTPStatus.REQUEST_TIMEOUT,
                    f"the body was not whole within {self._options.timeout_s:g} s, or others "
                    "needed its place",
                ) from error
            except (web.RequestPayloadError, ConnectionError) as error:
                raise _Refused(HTTPStatus.BAD_REQUEST, f"the body is not whole: {error}") from error
        if size > limit:
            raise _Refused(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                f"the body is larger than {limit} bytes: send less at a time",
            )
        return [*messages, *decoder.close()]

    async def _settle(
        self, messages: Sequence[Message | Undecodable], peer: str
    ) -> web.StreamResponse:
        """Settle a body's messages and say what became of them."""
        reasons: list[str] = []
        outcomes = await self._pipeline.submit(messages, peer, reasons=reasons) if messages else []
        if None in outcomes:
            raise _Refused(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "it could not be stored, for the bus is away: send it again later",
                **_RETRY_AFTER,
            )
        settled = [
            (message, outcome)
            for message, outcome in zip(messages, outcomes, strict=True)
            if outcome is not None
        ]
        counts = Counter(outcome for _, outcome in settled)
        bad = counts[Outcome.QUARANTINED]
        status = HTTPStatus.UNPROCESSABLE_ENTITY if bad else HTTPStatus.OK
        answer = b"".join(self._dialect.answer(*pair) for pair in settled)
        if answer:
            return web.Response(body=answer, status=status)
        told: dict[str, Any] = {outcome.value: counts[outcome] for outcome in Outcome}
        if bad:
            told["error"] = (
                f"{bad} of {len(messages)} messages cannot be translated; they are kept in "
                "quarantine, so do not send them again but ask whoever runs the bus"
            )
            told["reasons"] = reasons[:_SHOWN]
        return web.json_response(told, status=status)
