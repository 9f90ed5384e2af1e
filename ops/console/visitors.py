"""Who visits: let in by a token that works once, or by a department's certificate."""

import hmac
import re
import secrets
import ssl
import time
from collections.abc import Mapping
from typing import Any, Final

import msgspec
import structlog
from aiohttp import web

from broker.home import OPS, Home
from broker.tls import SERIAL
from gateway.revocation import Revoked
from ops.city import City
from ops.console.signing import Signer, Spent
from ops.evidence import Actor
from ops.failure import Failure

COOKIE: Final = "__Host-liandong"
TOKEN_S: Final = 600.0
_SESSION_S: Final = 12 * 3600.0
_NAMED: Final = 8
_PURPOSE: Final = re.compile(r"(?:[!-~](?:[ -~]{0,254}[!-~])?)?")
_URI: Final = re.compile(r"liandong://agency/([a-z][a-z0-9_-]{0,31})/([a-z][a-z0-9_-]{0,31})")
_log = structlog.get_logger()


class Token(msgspec.Struct, frozen=True):
    """Lets one visitor in as a department, once.

    Attributes:
        agency: The department.
        id: Its own name.
        ends: When it is void, seconds since 1970.
    """

    agency: str
    id: str
    ends: float


class Session(msgspec.Struct, frozen=True):
    """A visitor who was let in.

    Attributes:
        agency: As which department.
        id: Its own name.
        ends: When it is over, seconds since 1970.
        serial: Serial number of the certificate that let it in; empty: a token did.
        purpose: What for it looks, as every call of the gateway is told; empty: not stated.
    """

    agency: str
    id: str
    ends: float
    serial: str = ""
    purpose: str = ""

    @property
    def actor(self) -> Actor:
        """Return who it is, for the record of accesses; the name opens nothing."""
        by = f"certificate {self.serial}" if self.serial else "token"
        return Actor(self.agency, f"session {self.id[:_NAMED]} by {by}", self.purpose)


def login_address(city: City, signer: Signer, agency: str) -> str:
    """Return an address that lets in once; the token stands where no server logs it."""
    assert city.console is not None, "the city file has a [console]"
    token = Token(agency, secrets.token_urlsafe(16), time.time() + TOKEN_S)
    return f"https://localhost:{city.console.port}/login#{signer.sign(token)}"


class Visitors:
    """Lets visitors in and knows them again.

    Args:
        home: The home.
        city: The city.
        signer: The console's key.
    """

    def __init__(self, home: Home, city: City, signer: Signer) -> None:
        self._agencies = {OPS, *city.plan.agencies}
        self._signer = signer
        self._spent = Spent(home)
        self._revoked = Revoked(home.revoked)

    def by_token(self, text: str) -> Session | None:
        """Return the session that a token opens; None: it opens none, or none any more."""
        token = self._signer.read(text, Token)
        if token is None or token.ends < time.time() or token.agency not in self._agencies:
            return None
        if not self._spent.spend(token.id, token.ends):
            return None
        return self._open(token.agency, "")

    def by_certificate(self, request: web.Request) -> Session | None:
        """Return the session that the client's certificate opens; None: it has none that does."""
        agency, serial = named(request)
        self._revoked.refresh()
        if agency not in self._agencies or serial in self._revoked:
            return None
        return self._open(agency, serial)

    def of(self, request: web.Request) -> Session | None:
        """Return a request's session; None: it has none that still holds."""
        session = self._signer.read(request.cookies.get(COOKIE, ""), Session)
        if session is None or session.ends < time.time() or session.id in self._spent:
            return None
        self._revoked.refresh()
        if session.serial in self._revoked or session.agency not in self._agencies:
            return None
        return session

    def stating(self, session: Session, purpose: str) -> Session:
        """Return a session with another purpose.

        Raises:
            Failure: If it is none that a call can carry.
        """
        if not _PURPOSE.fullmatch(purpose):
            raise Failure(
                "the purpose cannot be stated: expected letters, digits and signs of ASCII, up to "
                "256, as agreements name purposes, for example flood-response"
            )
        return msgspec.structs.replace(session, purpose=purpose)

    def end(self, session: Session) -> None:
        """End a session: its cookie is worth nothing from now on."""
        self._spent.spend(session.id, session.ends)
        _log.info("console visitor left", agency=session.agency)

    def remember(self, response: web.StreamResponse, session: Session) -> None:
        """Give the browser what it is known again by."""
        response.set_cookie(
            COOKIE,
            self._signer.sign(session),
            max_age=int(session.ends - time.time()),
            secure=True,
            httponly=True,
            samesite="Strict",
        )

    def proof(self, session: Session) -> str:
        """Return what the console's own page sends with whatever changes something."""
        return self._signer.mark("csrf", session.id)

    def is_proven(self, session: Session, told: str) -> bool:
        """Tell whether a request comes from the console's own page."""
        return hmac.compare_digest(told.encode(), self.proof(session).encode())

    def _open(self, agency: str, serial: str) -> Session:
        _log.info("console visitor", agency=agency, by="certificate" if serial else "token")
        return Session(agency, secrets.token_urlsafe(16), time.time() + _SESSION_S, serial)


def named(request: web.Request) -> tuple[str, str]:
    """Return the department and serial number of the client's certificate; empty: it has none."""
    transport = request.transport
    tls = transport.get_extra_info("ssl_object") if transport is not None else None
    certificate = tls.getpeercert() if isinstance(tls, ssl.SSLObject) else None
    return _named(certificate or {})


def _named(certificate: Mapping[str, Any]) -> tuple[str, str]:
    """Return the department and the serial number that a verified certificate names."""
    uris = [value for kind, value in certificate.get("subjectAltName", ()) if kind == "URI"]
    agency = next((match[1] for uri in uris if (match := _URI.fullmatch(uri))), "")
    serial = next((uri.removeprefix(SERIAL) for uri in uris if uri.startswith(SERIAL)), "")
    return agency, serial or str(certificate.get("serialNumber", "")).lower().lstrip("0")
