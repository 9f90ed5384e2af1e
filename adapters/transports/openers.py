"""Which transport opens a feed's source, by the source's scheme."""

import importlib
from typing import Any, Final

import msgspec

from adapters.sdk.adapter import Adapter
from adapters.sdk.errors import FeedMisconfigured
from adapters.sdk.feed import FeedConfig, options_of
from adapters.sdk.pipeline import Pipeline
from adapters.transports.address import public
from adapters.transports.tls import SYSTEM
from adapters.transports.transport import Checkpoint, Transport
from broker.home import Home

# A process runs one feed, so it loads one transport and the libraries of no other.
_TRANSPORTS: Final = {
    "drop": "file_drop:FileDrop",
    "http-listen": "http_listen:HttpListen",
    "mllp": "mllp:MllpServer",
    "mqtt": "mqtt:Mqtt",
    "mqtts": "mqtt:Mqtt",
    "sftp": "sftp_drop:SftpDrop",
    "tcp": "tcp_server:TcpServer",
    "tcp-connect": "tcp_client:TcpClient",
    "udp": "udp:Udp",
}
_POLLS: Final = {
    "http": "http_poll:HttpPoll",
    "https": "http_poll:HttpPoll",
    "sql": "sql_poll:SqlPoll",
}
_PATHS: Final = (
    "tls_cert",
    "tls_key",
    "tls_ca",
    "token_file",
    "password_file",
    "key_file",
    "known_hosts",
)


_CANNOT_WAIT: Final = frozenset({"http-listen", "mllp", "tcp", "tcp-connect", "udp"})


def cannot_wait(source: str) -> bool:
    """Tell whether a source's senders lose what is not acknowledged soon.

    Files, polls and queues keep what was not taken by themselves.
    """
    return source.partition(":")[0] in _CANNOT_WAIT


def keeps_place(source: str) -> bool:
    """Tell whether a source is polled, and its transport keeps its place in it."""
    return source.partition(":")[0].partition("+")[0] in _POLLS


def transport_of(feed: FeedConfig) -> type[Any]:
    """Return the class of the transport that opens a feed's source.

    Raises:
        FeedMisconfigured: If there is none.
    """
    kind = feed.source.partition(":")[0].partition("+")[0]
    place = _TRANSPORTS.get(kind) or _POLLS.get(kind)
    if place is None:
        raise FeedMisconfigured(
            feed.id,
            f"no transport opens {public(feed.source)!r}",
            f"a source begins with one of {', '.join(sorted(_TRANSPORTS | _POLLS))}",
        )
    module, _, name = place.partition(":")
    transport: type[Any] = getattr(importlib.import_module(f"adapters.transports.{module}"), name)
    return transport


def open_transport(
    feed: FeedConfig,
    adapter: Adapter[Any, Any],
    pipeline: Pipeline,
    home: Home,
    checkpoint: Checkpoint,
) -> Transport:
    """Return the transport of a feed's source, not started.

    Args:
        feed: The feed; its source's scheme names the transport.
        adapter: Decodes, and says what to answer.
        pipeline: Settles messages.
        home: What paths in the feed's configuration are relative to.
        checkpoint: Where a poll goes on after a restart.

    Raises:
        FeedMisconfigured: If no transport opens the source, or an option is not right.
    """
    transport = transport_of(feed)
    options = _in_home(options_of(feed, "transport", transport.options_type), home)
    url = feed.source
    if url.startswith("drop:"):
        url = f"drop:{home.path / url.removeprefix('drop:')}"
    where = (checkpoint,) if keeps_place(url) else ()
    opened: Transport = transport(adapter, pipeline, url, options, *where)
    return opened


def _in_home(options: msgspec.Struct, home: Home) -> msgspec.Struct:
    """Return options whose paths are absolute."""
    paths = {
        name: str(home.path / value)
        for name in _PATHS
        if (value := getattr(options, name, "")) and value != SYSTEM
    }
    return msgspec.structs.replace(options, **paths)
