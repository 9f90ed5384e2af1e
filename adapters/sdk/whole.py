"""Collect what is decoded whole: one document for each file or response."""

from typing import Final

from adapters.sdk.message import Undecodable

MAX_BYTES: Final = 4 << 20


class WholeFile:
    """Collects a file's bytes up to a limit; what is beyond it is counted and dropped.

    Args:
        limit: Largest file, bytes.
    """

    def __init__(self, limit: int = MAX_BYTES) -> None:
        self._limit = limit
        self._collected = bytearray()
        self._size = 0

    def feed(self, data: bytes) -> None:
        """Collect a piece."""
        self._size += len(data)
        self._collected += data[: self._limit - len(self._collected)]

    def take(self) -> bytes | Undecodable:
        """Return what came, and begin anew; if it was too much, why it is refused."""
        raw, size = bytes(self._collected), self._size
        self._collected, self._size = bytearray(), 0
        if size <= self._limit:
            return raw
        reason = (
            f"the document has {size} bytes, of which the first {self._limit} are kept; "
            f"expected at most {self._limit}"
        )
        return Undecodable(raw, cause="oversize", reason=reason)
