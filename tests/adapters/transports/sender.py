"""What a legacy system is to the contract."""

import asyncio
import ssl
from typing import Any

from adapters.transports import ForgetfulCheckpoint
from broker.home import Home
from tests.adapters.transports.running import PATIENCE_S, RunningFeed

OURS: dict[str, Any] = {
    "tls_cert": "tls/nats.pem",
    "tls_key": "tls/nats.key",
    "tls_ca": "tls/ca.pem",
}
THEIRS: dict[str, Any] = {
    "tls_cert": "tls/water.pem",
    "tls_key": "tls/water.key",
    "tls_ca": "tls/ca.pem",
}


class Sender:
    """A legacy system.

    Attributes:
        source: Where the feed finds it, or listens for it.
        options: The transport's options.
        checkpoint: The feed's place.
        acknowledged: How many documents it need not send again.
    """

    def __init__(self, source: str, **options: Any) -> None:
        self.source = source
        self.options = options
        self.checkpoint = ForgetfulCheckpoint()
        self.acknowledged = 0

    async def meet(self, feed: RunningFeed) -> None:
        """Get ready to send to a running feed."""

    async def send(self, document: bytes) -> None:
        """Send a document; whether it was acknowledged is seen later."""
        raise NotImplementedError

    async def look(self) -> None:
        """See what was acknowledged."""

    async def leave(self) -> None:
        """Hang up."""


async def until_acknowledged(sender: Sender, number: int) -> None:
    """Wait until so many documents are acknowledged."""
    async with asyncio.timeout(PATIENCE_S):
        await sender.look()
        while sender.acknowledged < number:
            await asyncio.sleep(0.01)
            await sender.look()
    assert sender.acknowledged == number


def client_tls(home: Home) -> ssl.SSLContext:
    """Return how a sender of the water department proves itself."""
    context = ssl.create_default_context(cafile=home.ca)
    context.load_cert_chain(*home.certificate("water"))
    return context


def server_tls(home: Home) -> ssl.SSLContext:
    """Return how a legacy server proves itself, and that it wants proof."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=home.ca)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(*home.certificate("nats"))
    return context
