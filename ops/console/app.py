"""The console's web server: who may come in, what is answered where, and how it is kept safe."""

import contextlib
import ssl
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from aiohttp import web

from adapters.transports.http_port import HttpPort
from broker.handshakes import tell_refused
from broker.home import OPS, Home
from broker.renewed import RenewedTls
from ops.city import City
from ops.client import target
from ops.console.bus_pages import BusPages
from ops.console.channels import Channels
from ops.console.desk import SESSION, Desk, body, sent
from ops.console.live import Live
from ops.console.quarantine_pages import QuarantinePages
from ops.console.record_pages import RecordPages
from ops.console.sharing_pages import SharingPages
from ops.console.shield import Handler, guards, is_own, said
from ops.console.signing import Signer
from ops.console.visitors import Visitors, named
from ops.console.visits import Visits
from ops.evidence import SIGN_IN, SIGN_OUT, Actor, Evidence
from ops.failure import Failure

_STATIC: Final = Path(__file__).parent / "static"
_CERTIFICATE: Final = "console"
_OPEN: Final = frozenset({"/login", "/api/login"})
_LONGEST_TOKEN: Final = 2000
_PROOF: Final = "X-Liandong-Proof"


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
        self._evidence = Evidence(home, city)
        self._visits = Visits(self._evidence)
        self._desk = Desk(home, city, self._channels, self._evidence)
        self._live = Live(self._desk, self._visitors)
        self._stack = contextlib.AsyncExitStack()
        self._guards = guards(self._page.tiles)
        self.port = self._page.port

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(self._channels)
            stack.push_async_callback(self._visits.settle)
            runner = web.AppRunner(self._app(), shutdown_timeout=1.0)
            files = (*self._home.certificate(_CERTIFICATE), self._home.ca)
            tls = RenewedTls("console", files, self._tls, Failure)
            listening = HttpPort(runner, "console", tls=tls)
            try:
                await listening.open(self._page.host, self.port)
            except OSError as error:
                raise Failure(
                    f"the console cannot listen on {self._page.host}:{self.port}: stop what "
                    "listens there, or change [console] port in the city file"
                ) from error
            stack.push_async_callback(listening.close)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.close()
        await self._stack.aclose()

    async def settle(self) -> None:
        """Wait until all visits so far are on record."""
        await self._visits.settle()

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
        tell_refused(context, "console")
        return context

    def _app(self) -> web.Application:
        """Return what is answered where."""
        app = web.Application(middlewares=[self._guard, said, self._admit])
        desk = self._desk
        app.add_routes(
            [
                web.get("/", self._index),
                web.get("/login", _login_page),
                web.post("/api/login", self._login),
                web.post("/api/logout", self._logout),
                web.get("/api/session", self._session),
                web.post("/api/purpose", self._purpose),
                web.get("/api/live", self._live.serve),
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
            is_api = request.path.startswith("/api/")
            # A page's parts are asked for anew, so that they are all of one version.
            response.headers["Cache-Control"] = "no-store" if is_api else "no-cache"
        return response

    @web.middleware
    async def _admit(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let in who has a session, and changes only from the console's own page."""
        if request.path in _OPEN or request.path.startswith("/static/"):
            return await handler(request)
        session = self._visitors.of(request)
        if session is None:
            raise self._to_login(request) if request.path == "/" else web.HTTPUnauthorized()
        if request.method not in {"GET", "HEAD"}:
            told = request.headers.get(_PROOF, "")
            if not (is_own(request) and self._visitors.is_proven(session, told)):
                raise web.HTTPForbidden(text="this did not come from the console's own page")
        request[SESSION] = session
        return await handler(request)

    async def _index(self, request: web.Request) -> web.StreamResponse:  # noqa: ARG002
        """Return the page."""
        return _page("index.html")

    async def _login(self, request: web.Request) -> web.Response:
        """Open a session for a token that was not used yet."""
        if not is_own(request):
            raise web.HTTPForbidden(text="this did not come from the console's own page")
        told = (await body(request))[:_LONGEST_TOKEN].decode(errors="replace")
        session = self._visitors.by_token(told.strip())
        if session is None:
            told = "the token is void: it works once, for ten minutes"
            self._visits.refused(Actor("", f"from {request.remote}"), "TOKEN_VOID", told)
            raise web.HTTPUnauthorized(text=told)
        self._visits.note(SIGN_IN, session.actor)
        response = web.json_response({"agency": session.agency})
        self._visitors.remember(response, session)
        # The page is loaded meanwhile.
        self._live.room(session).open()
        return response

    async def _logout(self, request: web.Request) -> web.Response:
        """End the session."""
        self._visitors.end(request[SESSION])
        self._visits.note(SIGN_OUT, request[SESSION].actor)
        return web.json_response({})

    async def _purpose(self, request: web.Request) -> web.Response:
        """State another purpose, for all that is asked from now on.

        Raises:
            Failure: If it is none that a call can carry.
        """
        session = self._visitors.stating(request[SESSION], await sent(request, str))
        response = web.json_response({"purpose": session.purpose})
        self._visitors.remember(response, session)
        return response

    async def _session(self, request: web.Request) -> web.Response:
        """Return who looks, and at which city."""
        session = request[SESSION]
        titles = {agency.name: agency.title or agency.name for agency in self._city.agencies}
        return web.json_response(
            {
                "agency": session.agency,
                "purpose": session.purpose,
                "proof": self._visitors.proof(session),
                "is_ops": session.agency == OPS,
                "city": {"name": self._city.name, "title": self._city.title or self._city.name},
                "zone": self._city.time_zone,
                "agencies": titles,
                "tiles": self._page.tiles,
                "attribution": self._page.tiles_attribution,
            }
        )

    def _to_login(self, request: web.Request) -> web.HTTPException:
        """Return where one without a session goes: in, with a certificate, or to the login."""
        session = self._visitors.by_certificate(request)
        away = web.HTTPSeeOther("/login" if session is None else "/")
        if session is not None:
            self._visitors.remember(away, session)
            self._visits.note(SIGN_IN, session.actor)
            return away
        agency, serial = named(request)
        if agency:
            told = f"certificate {serial} lets nobody in: it was revoked, or is of another city"
            self._visits.refused(Actor(agency, f"from {request.remote}"), "NOT_LET_IN", told)
        return away


async def _login_page(request: web.Request) -> web.StreamResponse:  # noqa: ARG001
    """Return the page that takes a token."""
    return _page("login.html")


def _page(name: str) -> web.FileResponse:
    return web.FileResponse(_STATIC / name)
