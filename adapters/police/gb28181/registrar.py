"""Who is registered (RFC 3261, 10; GB/T 28181-2022, 9.1), and who may therefore speak.

Without passwords anybody registers, and nobody needs to. With passwords whatever comes by a
socket must come in a SIP request, from the address from which its sender has registered.
"""

import enum
import re
import secrets
from collections import OrderedDict
from datetime import datetime, timedelta
from typing import Final

import msgspec

from adapters.police.gb28181.digest import Nonces, credentials, is_right
from adapters.police.gb28181.passwords import Passwords
from adapters.police.gb28181.response import FORBIDDEN, OK, UNAUTHORIZED, response
from adapters.police.gb28181.sip import SipHead
from adapters.sdk.errors import Untranslatable

_USUAL_S: Final = 3600
_LONGEST_S: Final = 604_800
# Devices renew when their time is up, not before.
_GRACE: Final = timedelta(seconds=60)
_MOST: Final = 65_536
_KEY_BYTES: Final = 32
_DOMAIN_DIGITS: Final = 10
_EXPIRES: Final = re.compile(r";\s*expires\s*=\s*\"?([0-9]{1,10})\"?", re.IGNORECASE)
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9.:_-]")


class Verdict(enum.Enum):
    """What becomes of a registration."""

    ACCEPTED = OK
    CHALLENGED = UNAUTHORIZED
    STALE = f"{UNAUTHORIZED} again"
    REFUSED = FORBIDDEN


class _Registration(msgspec.Struct, frozen=True):
    """One device's."""

    host: str
    until: datetime


class Registrar:
    """Judges registrations, and knows who is registered.

    Args:
        passwords: Who registers with which; none: nobody is asked.
    """

    def __init__(self, passwords: Passwords) -> None:
        self._passwords = passwords
        self._nonces = Nonces(secrets.token_bytes(_KEY_BYTES))
        self._registered: OrderedDict[str, _Registration] = OrderedDict()

    @property
    def is_open(self) -> bool:
        """Tell whether nobody needs to register."""
        return not self._passwords

    def judge(self, request: SipHead, now: datetime) -> Verdict:
        """Return what becomes of a registration; it is the same for the same request."""
        if self.is_open:
            return Verdict.ACCEPTED
        device = request.party("to")
        password = self._passwords.of(device)
        if not password:
            return Verdict.REFUSED
        given = credentials(request.get("authorization"))
        if not given:
            return Verdict.CHALLENGED
        if not is_right(given, request.method, password):
            return Verdict.REFUSED
        nonce = given.get("nonce", "")
        fresh = self._nonces.is_fresh(nonce, device, request.host, now)
        return Verdict.ACCEPTED if fresh else Verdict.STALE

    def note(self, request: SipHead, now: datetime) -> None:
        """Note that a registration was accepted; one for no time ends the one before."""
        if self.is_open:
            return
        device, seconds = request.party("to"), expires_of(request)
        self._registered.pop(device, None)
        if seconds:
            until = now + timedelta(seconds=seconds) + _GRACE
            self._registered[device] = _Registration(request.host, until)
            if len(self._registered) > _MOST:
                self._registered.popitem(last=False)

    def wrong_with(self, request: SipHead | None, peer: str, now: datetime) -> str:
        """Return why who sent something may not speak; empty: it may.

        Args:
            request: In what it came; None: by itself.
            peer: From where; empty: by no socket, and whoever put it there vouches for it.
            now: The time.
        """
        if self.is_open or not peer:
            return ""
        if request is None:
            return "nobody: it came outside of SIP"
        device = request.party("from" if request.method else "to")
        known = self._registered.get(device)
        if known is None or known.until < now:
            return f"{device}, which is not registered"
        if known.host != request.host:
            return f"{device}, which is registered from {known.host}, at {request.host}"
        return ""

    def require(self, request: SipHead | None, peer: str, now: datetime) -> None:
        """Raise unless who sent something may speak.

        Raises:
            Untranslatable: It may not.
        """
        if wrong := self.wrong_with(request, peer, now):
            raise Untranslatable(
                "From",
                wrong,
                expected="a device or platform that has registered with its password",
                cause="login",
                remedy="let it register here and send again, or redrive what you know it sent",
            )

    def answer(self, request: SipHead, now: datetime) -> bytes:
        """Return the response to a registration.

        Args:
            request: It.
            now: The time, in the zone that the device's clock is set by.
        """
        verdict = self.judge(request, now)
        if verdict is Verdict.REFUSED:
            return response(request, FORBIDDEN)
        if verdict is not Verdict.ACCEPTED:
            return response(request, UNAUTHORIZED, self._challenge(request, verdict, now))
        seconds = expires_of(request)
        contacts = request.headers.get("contact", []) if seconds else []
        return response(
            request,
            OK,
            *(("Contact", f"{_EXPIRES.sub('', one)};expires={seconds}") for one in contacts),
            ("Expires", str(seconds)),
            # Not RFC 3261's form: devices set their clocks by this one (9.10).
            ("Date", now.replace(tzinfo=None).isoformat(timespec="milliseconds")),
        )

    def _challenge(self, request: SipHead, verdict: Verdict, now: datetime) -> tuple[str, str]:
        """Return the header that asks for a password."""
        nonce = self._nonces.new(request.party("to"), request.host, now)
        stale = ", stale=TRUE" if verdict is Verdict.STALE else ""
        value = f'Digest realm="{_realm(request)}", nonce="{nonce}", algorithm=MD5, qop="auth"'
        return "WWW-Authenticate", value + stale


def expires_of(request: SipHead) -> int:
    """Return for how many seconds a device registers; 0: it does so no longer."""
    found = _EXPIRES.search(request.get("contact"))
    said = found[1] if found else request.get("expires")
    if not (said.isascii() and said.isdecimal()):
        return _USUAL_S
    return min(int(said[:_DOMAIN_DIGITS]), _LONGEST_S)


def _realm(request: SipHead) -> str:
    """Return the domain for which a password is asked: the ten digits that servers begin with."""
    user, at, host = request.uri.partition(":")[2].partition("@")
    said = user[:_DOMAIN_DIGITS] if at and user.isdecimal() else (host or user)
    return _UNSAFE.sub("", said.partition(";")[0])[:64] or "liandong"
