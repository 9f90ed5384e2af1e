"""Addresses as a feed's source gives them."""

from urllib.parse import urlsplit

from adapters.sdk.errors import FeedMisconfigured


def host_and_port(feed: str, url: str, default_port: int | None = None) -> tuple[str, int]:
    """Return the host and port that a source names.

    Raises:
        FeedMisconfigured: If it names none.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if port is None:
        port = default_port
    if not host or port is None:
        scheme = url.partition(":")[0]
        raise FeedMisconfigured(
            feed,
            f"source {public(url)!r} lacks host or port",
            f"write it as {scheme}://127.0.0.1:7212",
        )
    return host, port


def joined(scheme: str, host: str, port: int) -> str:
    """Return a host and port as a URL."""
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def peer_name(address: object) -> str:
    """Return a socket's other end as a person writes it."""
    if not isinstance(address, tuple):
        # Who hung up at once has no address any more.
        return str(address or "unknown")
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def public(url: str) -> str:
    """Return a source without what may be secret in it: user, password, query."""
    head, slashes, rest = url.partition("//")
    place, slash, path = rest.partition("?")[0].partition("/")
    return f"{head.partition('?')[0]}{slashes}{place.rpartition('@')[2]}{slash}{path}"


def cannot_listen(feed: str, address: str, error: OSError) -> FeedMisconfigured:
    """Return what a feed fails with whose address cannot be listened on."""
    return FeedMisconfigured(
        feed,
        f"cannot listen on {address} ({error.strerror or error})",
        "stop what listens there, or change the feed's source in the city file",
    )
