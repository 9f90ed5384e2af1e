"""The console's web server: who may come in, what is answered where, and how it is kept safe."""

import asyncio
import contextlib
import ssl
import urllib.parse
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import grpc
import structlog
from aiohttp import web

from adapters.sdk.errors import AdapterError
from broker.errors import BrokerError
from broker.home import OPS, Home
from ops.city import City
from ops.client import target
from ops.console.bus_pages import BusPages
from ops.console.channels import Channels
from ops.console.desk import SESSION, Desk
from ops.console.feeds import FeedBook
from ops.console.quarantine_pages import QuarantinePages
from ops.console.record_pages import RecordPages
from ops.console.room import Room
from ops.console.rows import row_of
from ops.console.sharing_pages import SharingPages
from ops.console.signing import Signer
from ops.console.visitors import Session, Visitors
from ops.failure import Failure

_STATIC: Final = Path(__file__).parent / "static"
_CERTIFICATE: Final = "console"
_OPEN: Final = frozenset({"/login", "/api/login", "/favicon.ico"})
_PROOF: Final = "X-Liandong-Proof"
_LOOK_S: Final = 30.0
_STATUSES: Final = {
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.UNAVAILABLE: 503,
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_log = structlog.get_logger()


class Console:
    """The console of a city, served over TLS.

    Use it as ``async with Console(home, city) as console``.

    Args:
        home: Where certificates and keys lie.
        city: The city; it has a console.
        gateway: The gateway, host:port; empty: the city file's.

    Raises:
        HomeDamaged: If the console's key cannot be read.
        Failure: On entering, if its certificate or its port cannot be used.
    """

    def __init__(self, home: Home, city: City, gateway: str = "") -> None:
        assert city.console is not None, "the city file has a [console]"
        self._home, self._city, self._page = home, city, city.console
        self._visitors = Visitors(home, city, Signer(home))
        self._channels = Channels(home, target(city, gateway))
        self._rooms: dict[str, Room] = {}
        self._stack = contextlib.AsyncExitStack()
        self._guards = _guards(self._page.tiles)
        self.port = self._page.port

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(self._channels)
            runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=1.0)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            site = web.TCPSite(runner, self._page.host, self.port, ssl_context=self._tls())
            try:
                await site.start()
            except OSError as error:
                raise Failure(
                    f"the console cannot listen on {self._page.host}:{self.port}: stop what "
                    "listens there, or change [console] port in the city file"
                ) from error
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for room in self._rooms.values():
            room.close()
        await self._stack.aclose()

    def _tls(self) -> ssl.SSLContext:
        """Return TLS that asks for a certificate of the city, and does without."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        pem, key = self._home.certificate(_CERTIFICATE)
        try:
            context.load_cert_chain(pem, key)
            context.load_verify_locations(self._home.ca)
        except OSError as error:
            raise Failure(
                f"the console's certificate {pem} cannot be used ({error}): run `liandong keys`"
            ) from error
        context.verify_mode = ssl.CERT_OPTIONAL
        return context

    def _app(self) -> web.Application:
        """Return what is answered where."""
        app = web.Application(middlewares=[self._guard, _said, self._admit])
        desk = Desk(self._home, self._city, self._channels, _noted)
        app.add_routes(
            [
                web.get("/", self._index),
                web.get("/login", _login_page),
                web.post("/api/login", self._login),
                web.post("/api/logout", self._logout),
                web.get("/api/session", self._session),
                web.get("/api/live", self._live),
                web.static("/static", _STATIC),
            ]
        )
        for pages in (RecordPages(desk), BusPages(desk), QuarantinePages(desk), SharingPages(desk)):
            app.add_routes(pages.routes())
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Give every answer the headers that keep a page to itself."""
        try:
            response = await handler(request)
        except web.HTTPException as error:
            error.headers.update(self._guards)
            raise
        if not response.prepared:
            response.headers.update(self._guards)
            if request.path.startswith("/api/"):
                response.headers["Cache-Control"] = "no-store"
        return response

    @web.middleware
    async def _admit(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let in who has a session, and changes only from the console's own page."""
        if request.path in _OPEN or request.path.startswith("/static/"):
            return await handler(request)
        session = self._visitors.of(request)
        if session is None:
            raise web.HTTPUnauthorized if request.path != "/" else _to_login(self, request)
        if request.method not in {"GET", "HEAD"}:
            told = request.headers.get(_PROOF, "")
            if not (_is_own(request) and self._visitors.is_proven(session, told)):
                raise web.HTTPForbidden(text="this did not come from the console's own page")
        request[SESSION] = session
        return await handler(request)

    async def _index(self, request: web.Request) -> web.StreamResponse:  # noqa: ARG002
        """Return the page."""
        return _page("index.html")

    async def _login(self, request: web.Request) -> web.Response:
        """Open a session for a token that was not used yet."""
        if not _is_own(request):
            raise web.HTTPForbidden(text="this did not come from the console's own page")
        session = self._visitors.by_token((await request.text())[:2000].strip())
        if session is None:
            raise web.HTTPUnauthorized(text="the token is void: it works once, for ten minutes")
        response = web.json_response({"agency": session.agency})
        self._visitors.remember(response, session)
        # The page is loaded meanwhile.
        self._room(session.agency).open()
        return response

    async def _logout(self, request: web.Request) -> web.Response:
        """End the session."""
        self._visitors.end(request[SESSION])
        return web.json_response({})

    async def _session(self, request: web.Request) -> web.Response:
        """Return who looks, and at which city."""
        session = request[SESSION]
        titles = {agency.name: agency.title or agency.name for agency in self._city.agencies}
        return web.json_response(
            {
                "agency": session.agency,
                "proof": self._visitors.proof(session),
                "is_ops": session.agency == OPS,
                "city": {"name": self._city.name, "title": self._city.title or self._city.name},
                "zone": self._city.time_zone,
                "agencies": titles,
                "tiles": self._page.tiles,
                "attribution": self._page.tiles_attribution,
            }
        )

    async def _live(self, request: web.Request) -> web.StreamResponse:
        """Send a page what changes, until it leaves or its session is over."""
        if not _is_own(request):
            raise web.HTTPForbidden(text="this did not come from the console's own page")
        socket = web.WebSocketResponse(heartbeat=20.0, compress=False)
        await socket.prepare(request)
        sending = asyncio.create_task(self._send(request[SESSION].agency, socket))
        watching = asyncio.create_task(self._until_over(request))
        reading = asyncio.create_task(_until_closed(socket))
        tasks = (sending, watching, reading)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await socket.close()
        return socket

    async def _send(self, agency: str, socket: web.WebSocketResponse) -> None:
        """Send frames of a department's room."""
        async with contextlib.aclosing(self._room(agency).frames()) as frames:
            async for frame in frames:
                try:
                    await socket.send_str(frame.decode())
                except ConnectionError:
                    return

    async def _until_over(self, request: web.Request) -> None:
        """Wait until the session does not hold any more."""
        session = request[SESSION]
        while self._visitors.of(request) == session:  # noqa: ASYNC110 - a clock and a file tell
            await asyncio.sleep(_LOOK_S)

    def _room(self, agency: str) -> Room:
        """Return the live view of a department."""
        if agency not in self._rooms:
            expected = (
                f"{feed.agency}/{feed.id}"
                for feed in self._city.feeds
                if agency in {OPS, feed.agency}
            )
            self._rooms[agency] = Room(
                lambda: self._channels.of(agency),
                lambda event: row_of(event.record),
                FeedBook(self._city, expected),
            )
        return self._rooms[agency]

    def admit_by_certificate(self, request: web.Request) -> Session | None:
        """Return the session that a visitor's certificate opens; None: it has none."""
        return self._visitors.by_certificate(request)

    def remember(self, response: web.StreamResponse, session: Session) -> None:
        """Give a browser the session."""
        self._visitors.remember(response, session)


def _to_login(console: Console, request: web.Request) -> web.HTTPException:
    """Return where somebody without a session goes: in, with a certificate, or to the login."""
    session = console.admit_by_certificate(request)
    away = web.HTTPSeeOther("/login" if session is None else "/")
    if session is not None:
        console.remember(away, session)
    return away


async def _login_page(request: web.Request) -> web.StreamResponse:  # noqa: ARG001
    """Return the page that takes a token."""
    return _page("login.html")


def _page(name: str) -> web.FileResponse:
    """Return a page, which browsers ask for anew each time."""
    return web.FileResponse(_STATIC / name, headers={"Cache-Control": "no-cache"})


async def _until_closed(socket: web.WebSocketResponse) -> None:
    """Wait until a page has left; what it says means nothing."""
    async for _ in socket:
        pass


@web.middleware
async def _said(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Say in one sentence why something could not be done."""
    try:
        return await handler(request)
    except grpc.aio.AioRpcError as error:
        status = _STATUSES.get(error.code(), 502)
        return _sentence(error.details() or error.code().name, status)
    except (Failure, BrokerError, AdapterError, LookupError) as error:
        return _sentence(str(error), 409)


def _sentence(sentence: str, status: int) -> web.Response:
    return web.json_response({"error": sentence}, status=status)


def _is_own(request: web.Request) -> bool:
    """Tell whether a request comes from a page of this very server."""
    origin = urllib.parse.urlsplit(request.headers.get("Origin", ""))
    return origin.scheme == "https" and origin.netloc == request.host


def _noted(**facts: Any) -> None:
    """Keep a record of what somebody changed; the audit log takes it from here."""
    _log.info("console action", **facts)


def _guards(tiles: str) -> dict[str, str]:
    """Return the headers that keep a page to itself; tiles may come from where the city says."""
    parts = urllib.parse.urlsplit(tiles)
    host = f" {parts.scheme}://{parts.netloc.replace('{s}', '*')}" if parts.netloc else ""
    policy = (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        f"img-src 'self' data:{host}",
        "connect-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
    return {
        "Content-Security-Policy": "; ".join(policy),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "Strict-Transport-Security": "max-age=31536000",
        "X-Content-Type-Options": "nosniff",
    }
