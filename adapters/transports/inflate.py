"""Undo what a server did to a body to make it smaller, and notice when its end is missing.

httpx undoes it, too, but takes a body that breaks off for a whole one.
"""

import zlib
from collections.abc import Iterator
from typing import Final

from adapters.transports.retry import Trouble

ACCEPTED: Final = "gzip"
"""What a server may do to a body, as Accept-Encoding has it."""
_WINDOWS: Final = {"gzip": 31, "x-gzip": 31, "deflate": 15}
# Some servers name the character set here, or say in words that they did nothing.
_NOTHING: Final = frozenset({"", "identity", "none", "binary", "utf-8", "utf8", "gbk", "gb2312"})
_GZIP: Final = b"\x1f\x8b\x08"
_PIECE: Final = 1 << 16


class Inflater:
    """Gives a body as it was, in pieces of bounded size.

    A file of gzip that is served as it lies there is undone too: no feed's data begins so.

    Args:
        encoding: The answer's Content-Encoding; empty: the body is as it was.

    Raises:
        Trouble: If the encoding is another than was accepted.
    """

    def __init__(self, encoding: str) -> None:
        named = encoding.strip().lower()
        self._window = 0 if named in _NOTHING else _WINDOWS.get(named, -1)
        if self._window < 0:
            raise Trouble(f"the body is encoded as {encoding!r}, expected {ACCEPTED} or none")
        self._inflating = zlib.decompressobj(self._window) if self._window else None
        self._has_begun = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what these bytes were.

        Raises:
            Trouble: If they are not of the encoding.
        """
        if self._inflating is None and not self._has_begun and data.startswith(_GZIP):
            self._window = _WINDOWS["gzip"]
            self._inflating = zlib.decompressobj(self._window)
        self._has_begun = self._has_begun or bool(data)
        if self._inflating is None:
            yield data
            return
        while data:
            if self._inflating.eof:
                # What comes from tapes and blocks is filled up with zeros.
                data = data.lstrip(b"\0")
                if not data:
                    return
                # Files of gzip may be joined; the whole is then one body.
                self._inflating = zlib.decompressobj(self._window)
            try:
                piece = self._inflating.decompress(data, _PIECE)
            except zlib.error as error:
                raise Trouble(f"the compressed body is damaged ({error})") from error
            if piece:
                yield piece
            data = self._inflating.unconsumed_tail or self._inflating.unused_data

    def close(self) -> None:
        """Make sure that the body is whole.

        Raises:
            Trouble: If it breaks off.
        """
        if self._inflating is not None and not self._inflating.eof:
            raise Trouble("the compressed body breaks off before its end")
