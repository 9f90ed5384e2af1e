"""TLS as a feed's transport configures it."""

import functools
import ssl
from pathlib import Path

import msgspec

from adapters.sdk.errors import FeedMisconfigured
from broker.handshakes import tell_refused
from broker.renewed import RenewedTls

SYSTEM = "system"


class TlsOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Certificates of a transport; paths are relative to the home folder.

    Attributes:
        tls_cert: Our certificate with its chain, PEM.
        tls_key: Its key, PEM.
        tls_ca: The authority that vouches for the other side, PEM. A server then demands a
            certificate of its clients; a client may write ``system`` for those that the
            machine trusts.
    """

    tls_cert: str = ""
    tls_key: str = ""
    tls_ca: str = ""


def server_tls(feed: str, options: TlsOptions) -> RenewedTls | None:
    """Return how a server proves itself and, with ``tls_ca``, whom it lets in; None: no TLS.

    Raises:
        FeedMisconfigured: If a file is missing or wrong.
    """
    if not options.tls_cert:
        if options.tls_key or options.tls_ca:
            raise FeedMisconfigured(
                feed, "tls_cert is missing", "a server needs tls_cert and tls_key"
            )
        return None
    files = [Path(file) for file in (options.tls_cert, options.tls_key, options.tls_ca) if file]
    make = functools.partial(_server_context, feed, options)
    return RenewedTls(feed, files, make, FeedMisconfigured)


def _server_context(feed: str, options: TlsOptions) -> ssl.SSLContext:
    """Return what a server's handshakes are made of.

    Raises:
        FeedMisconfigured: If a file is missing or wrong.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _load_own(feed, context, options)
    if options.tls_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        _load_authority(feed, context, options.tls_ca)
        tell_refused(context, feed)
    return context


def client_context(feed: str, options: TlsOptions) -> ssl.SSLContext:
    """Return how a client checks its server and, with ``tls_cert``, proves itself.

    Raises:
        FeedMisconfigured: If a file is missing or wrong.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if options.tls_ca not in {"", SYSTEM}:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        _load_authority(feed, context, options.tls_ca)
    if options.tls_cert:
        _load_own(feed, context, options)
    return context


def _load_own(feed: str, context: ssl.SSLContext, options: TlsOptions) -> None:
    """Load the certificate and key by which we prove ourselves."""
    try:
        context.load_cert_chain(options.tls_cert, options.tls_key or None)
    except OSError as error:
        raise FeedMisconfigured(
            feed,
            f"the certificate {options.tls_cert} with key {options.tls_key} does not load "
            f"({error.strerror or error})",
            "give tls_cert and tls_key as PEM files that belong together",
        ) from error


def _load_authority(feed: str, context: ssl.SSLContext, path: str) -> None:
    """Load the authority that vouches for the other side."""
    try:
        context.load_verify_locations(path)
    except OSError as error:
        raise FeedMisconfigured(
            feed,
            f"the authority {path} does not load ({error.strerror or error})",
            "give tls_ca as a PEM file",
        ) from error
