"""Collect a document whole, within a limit, before it is read."""

from adapters.mapping.row import Row
from adapters.sdk.message import Undecodable

_KEPT = 65_536


class WholeReader:
    """Collects a document; ``close`` reads it.

    Args:
        limit: Largest document, in bytes.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._collected = bytearray()
        self._size = 0

    def feed(self, data: bytes) -> list[Row | Undecodable]:
        """Collect a piece; what is beyond the limit is counted and dropped."""
        self._size += len(data)
        self._collected += data[: self._limit - len(self._collected)]
        return []

    def close(self) -> list[Row | Undecodable]:
        """Read what came; a document of blanks holds nothing."""
        raw, size = bytes(self._collected), self._size
        self._collected, self._size = bytearray(), 0
        if size > self._limit:
            kept = raw[:_KEPT]
            reason = (
                f"the document has {size} bytes, of which the first {len(kept)} are kept; "
                f"expected at most {self._limit}"
            )
            return [Undecodable(kept, "oversize", reason)]
        return self._document(raw) if raw and not raw.isspace() else []

    def _document(self, raw: bytes) -> list[Row | Undecodable]:
        """Read a whole document."""
        raise NotImplementedError
