"""A server's TLS, made anew when its files change: certificates turn without a restart."""

import ssl
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

_log = structlog.get_logger()
_Stamp = tuple[tuple[int, int], ...]


class RenewedTls:
    """How a server speaks TLS at the moment; to be asked at each handshake.

    What cannot be used is told, once, and handshakes go on with what was there before.

    Args:
        port: What is served there, for the log.
        files: What it is made of.
        make: Makes it; what this raises now, is raised now.
        wrong: What it raises when the files cannot be used.
    """

    def __init__(
        self,
        port: str,
        files: Sequence[Path],
        make: Callable[[], ssl.SSLContext],
        wrong: type[Exception],
    ) -> None:
        self._port = port
        self._files = files
        self._make = make
        self._wrong = wrong
        self._stamp = self._read_stamp()
        self._context = make()

    def __call__(self) -> ssl.SSLContext:
        """Return it, made of what the files hold now, if that can be used."""
        stamp = self._read_stamp()
        if stamp != self._stamp:
            # What cannot be used is looked at again when it changes.
            self._stamp = stamp
            try:
                self._context = self._make()
            except self._wrong as error:
                _log.error("certificates stay as they were", error=str(error), port=self._port)
            else:
                _log.info("certificates were read again", port=self._port)
        return self._context

    def _read_stamp(self) -> _Stamp:
        """Return what changes when one of the files does."""
        return tuple(map(_stamp_of, self._files))


def _stamp_of(file: Path) -> tuple[int, int]:
    """Return what changes when a file does; a file that is not there has one, too."""
    try:
        stat = file.stat()
    except OSError:
        return (0, 0)
    return stat.st_mtime_ns, stat.st_size
