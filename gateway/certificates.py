"""The gateway's TLS, read again when its files change: certificates turn without a restart."""

from pathlib import Path

import grpc
import structlog

from broker.errors import BrokerError

_log = structlog.get_logger()
Stamp = tuple[tuple[int, int], ...]


class CertificatesUnreadable(BrokerError):
    """The gateway's certificate, its key, or the authority's certificate cannot be read."""


class Certificates:
    """TLS that asks every client for a certificate of the city.

    Each handshake looks whether the files have changed. What cannot be used is told, and
    the handshakes go on with what was there before.

    Args:
        certificate: File with the gateway's certificate.
        key: File with its key.
        ca: File with the authority whose certificates it takes.

    Raises:
        CertificatesUnreadable: If a file cannot be read now.
    """

    def __init__(self, certificate: Path, key: Path, ca: Path) -> None:
        self._files = (certificate, key, ca)
        self._stamp = self._read_stamp()
        try:
            self._first = self._read()
        except OSError as error:
            raise CertificatesUnreadable(
                f"{error.filename} cannot be read ({error.strerror}): run `liandong keys` to make "
                "what is missing"
            ) from error

    def credentials(self) -> grpc.ServerCredentials:
        """Return what a server is made with."""
        return grpc.dynamic_ssl_server_credentials(
            self._first,
            self._changed,  # type: ignore[arg-type]  # None means as before
            require_client_authentication=True,
        )

    def _changed(self) -> "grpc.ServerCertificateConfiguration | None":
        """Return what the files hold if they have changed since; called at each handshake."""
        try:
            stamp = self._read_stamp()
            if stamp == self._stamp:
                return None
            fresh = self._read()
        except OSError as error:
            _log.error("certificates stay as they were", error=str(error))
            return None
        self._stamp = stamp
        _log.info("certificates were read again")
        return fresh

    def _read(self) -> "grpc.ServerCertificateConfiguration":
        """Read the files."""
        certificate, key, ca = (path.read_bytes() for path in self._files)
        return grpc.ssl_server_certificate_configuration([(key, certificate)], ca)

    def _read_stamp(self) -> Stamp:
        """Return what changes when one of the files does."""
        return tuple((stat.st_mtime_ns, stat.st_size) for stat in map(Path.stat, self._files))
