"""The console's way to the gateway: as the visitor's department, with its certificate."""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import grpc

from broker.home import Home
from gateway.identity import PURPOSE
from ops.failure import Failure

_OPTIONS = (
    ("grpc.max_receive_message_length", 64 << 20),
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2000),
    # No proxy knows this machine's own services.
    ("grpc.enable_http_proxy", 0),
)
Stamp = tuple[int, int]


class Channels:
    """A channel for each department, made anew when its certificate is another.

    Args:
        home: Where certificates lie.
        target: The gateway, host:port.
    """

    def __init__(self, home: Home, target: str) -> None:
        self._home = home
        self._target = target
        self._open: dict[str, tuple[Stamp, grpc.aio.Channel]] = {}
        self._closing: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await asyncio.gather(*(channel.close(None) for _, channel in self._open.values()))

    def of(self, agency: str) -> grpc.aio.Channel:
        """Return a department's channel.

        Raises:
            Failure: If its certificate cannot be read.
        """
        pem, key = self._home.certificate(agency)
        try:
            stamp = _stamp(pem)
            known = self._open.get(agency)
            if known is not None and known[0] == stamp:
                return known[1]
            credentials = grpc.ssl_channel_credentials(
                self._home.ca.read_bytes(), key.read_bytes(), pem.read_bytes()
            )
        except OSError as error:
            raise Failure(
                f"the certificate of {agency} cannot be read ({error.strerror}): run "
                "`liandong keys` to make what is missing"
            ) from error
        if known is not None:
            closing = asyncio.create_task(known[1].close(None))
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
        channel = grpc.aio.secure_channel(self._target, credentials, options=_OPTIONS)
        self._open[agency] = (stamp, channel)
        return channel


def stating(channel: grpc.aio.Channel, purpose: str) -> grpc.aio.Channel:
    """Return a channel whose calls state a purpose; the connection stays the same."""
    return cast("grpc.aio.Channel", _Stating(channel, purpose)) if purpose else channel


class _Stating:
    """Makes the calls of a stub, each with a purpose in its metadata."""

    def __init__(self, channel: grpc.aio.Channel, purpose: str) -> None:
        self._channel = channel
        self._metadata = ((PURPOSE, purpose),)

    def unary_unary(self, *method: Any, **kinds: Any) -> Callable[..., Any]:
        """Return a method with one answer."""
        return partial(self._channel.unary_unary(*method, **kinds), metadata=self._metadata)

    def unary_stream(self, *method: Any, **kinds: Any) -> Callable[..., Any]:
        """Return a method with a stream of answers."""
        return partial(self._channel.unary_stream(*method, **kinds), metadata=self._metadata)


def _stamp(path: Path) -> Stamp:
    """Return what changes when a file does."""
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_size
