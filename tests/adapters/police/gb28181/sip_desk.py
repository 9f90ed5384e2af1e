"""A desk at which requests are brought to an adapter, at any time and from any address."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.police.gb28181 import Gb28181, Notification
from adapters.sdk.adapter import Outcome
from adapters.sdk.errors import Untranslatable
from tests.adapters.police.gb28181.sip_camera import SipWriter, document, headers_of

START = datetime(2026, 7, 1, 12, tzinfo=UTC)
HERE = "192.0.2.7:5060"
OK, ASKED, REFUSED = "SIP/2.0 200 OK", "SIP/2.0 401 Unauthorized", "SIP/2.0 403 Forbidden"


class Desk:
    """An adapter with passwords, to which requests are brought at a time of one's choice."""

    def __init__(self, adapter: Gb28181) -> None:
        self.adapter = adapter
        self.adapter.take_for_now(START)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.adapter.take_for_now(self.adapter.now() + timedelta(seconds=seconds))

    def bring(self, raw: bytes, peer: str = HERE) -> dict[str, str]:
        """Return the response to a request."""
        answer, *_ = self.datagrams(raw, peer)
        return headers_of(answer)

    def datagrams(self, raw: bytes, peer: str = HERE) -> tuple[bytes, ...]:
        """Return all that is sent back."""
        (found,) = self.adapter.decoder_for(peer).feed(raw)
        assert isinstance(found, Notification)
        outcome = Outcome.QUARANTINED
        with suppress(Untranslatable):
            assert [*self.adapter.translate(found)]
            outcome = Outcome.STORED
        return self.adapter.datagrams(self.adapter.answer(found, outcome))

    def register(
        self, writer: SipWriter, password: str, peer: str = HERE, **how: Any
    ) -> dict[str, str]:
        """Register with proof, and return the response."""
        challenge = self.bring(writer.request("REGISTER"), peer)["WWW-Authenticate"]
        proof = writer.proof(challenge, password, **how)
        return self.bring(writer.request("REGISTER", Authorization=proof), peer)

    def lives(self, writer: SipWriter, peer: str = HERE) -> bool:
        """Tell whether a keep-alive is taken."""
        answer = self.bring(writer.request("MESSAGE", document("Notify", "Keepalive", 1)), peer)
        assert answer[""] in {OK, REFUSED}
        return answer[""] == OK
