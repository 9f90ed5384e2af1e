"""Certificates that are not to be trusted any more, by their serial numbers."""

import re
from collections.abc import Callable
from pathlib import Path

import structlog

_SERIAL = re.compile(r"[0-9a-f]{1,40}")
_log = structlog.get_logger()


class Revoked:
    """The serial numbers in a file, a line each; a changed file takes effect at once.

    A line is a serial number in hexadecimal digits; what follows a blank or ``#`` is for
    people.

    Args:
        path: The file; it need not be there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = (0, 0)
        self._serials: frozenset[str] = frozenset()
        self._listeners: set[Callable[[], None]] = set()
        self.refresh()

    def __contains__(self, serial: str) -> bool:
        return serial in self._serials

    def __bool__(self) -> bool:
        return bool(self._serials)

    def on_change(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call back when the file has changed; returns a function that ends it."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    def refresh(self) -> None:
        """Read the file again if it has changed; one that cannot be read changes nothing."""
        try:
            stat = self._path.stat() if self._path.exists() else None
            stamp = (0, 0) if stat is None else (stat.st_mtime_ns, stat.st_size)
            if stamp == self._stamp:
                return
            text = "" if stat is None else self._path.read_text(errors="replace")
        except OSError as error:
            _log.error("revocations stay as they were", error=str(error))
            return
        self._stamp = stamp
        words = (line.partition("#")[0].split() for line in text.splitlines())
        serials = [line[0].lower() for line in words if line]
        for serial in serials:
            if _SERIAL.fullmatch(serial) is None:
                _log.error("not a serial number", file=str(self._path), line=serial[:80])
        self._serials = frozenset(serials)
        _log.info("revocations", count=len(self._serials))
        for listener in tuple(self._listeners):
            listener()
