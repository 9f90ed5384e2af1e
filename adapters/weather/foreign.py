"""Keep documents of other formats whole: XML or JSON where bulletins were expected."""

import codecs
import re
from typing import Final

from adapters.sdk.message import Undecodable

MAX_BYTES: Final = 1 << 18
"""Of a document of another format so many bytes are kept together."""
_FORMATS: Final = {b"<": "XML", b"{": "JSON", b"[": "JSON"}
_BLANK: Final = codecs.BOM_UTF8 + b" \t\r\n"
# How far back the beginning of a report must be looked for again, when it was cut.
_LOOK_BACK: Final = 64


class ForeignDocument:
    """Takes a document of another format out of a stream; sans I/O.

    No report begins as XML or JSON does, and cut into reports such a document would be told
    of many times, in words of reports. It ends where a line begins as a report does.

    Args:
        title: What is expected, for people.
        starts: Matches where a report begins.
    """

    def __init__(self, title: str, starts: re.Pattern[bytes]) -> None:
        self._title = title
        self._resumes = re.compile(rb"\n(?=" + starts.pattern + rb")", starts.flags)
        self._has_begun = False
        self._format = ""
        self._collected = bytearray()
        self._refused: list[Undecodable] = []

    @property
    def is_open(self) -> bool:
        """Tell whether the stream is within such a document."""
        return bool(self._format)

    def feed(self, data: bytes) -> bytes:
        """Return what of these bytes is for others."""
        if not self._has_begun and (head := data.lstrip(_BLANK)):
            self._has_begun = True
            self._format = _FORMATS.get(head[:1], "")
            data = head if self._format else data
        return self._collect(data) if self._format else data

    def take(self, *, at_end: bool = False) -> list[Undecodable]:
        """Return what was collected and is refused.

        Args:
            at_end: Whether the stream has ended.
        """
        if at_end and self._collected:
            self._refuse(len(self._collected))
        refused, self._refused = self._refused, []
        return refused

    def _collect(self, data: bytes) -> bytes:
        """Collect bytes; return those behind the document's end."""
        searched = max(0, len(self._collected) - _LOOK_BACK)
        self._collected += data
        resumes = self._resumes.search(self._collected, searched)
        while len(self._collected) > MAX_BYTES and resumes is None:
            self._refuse(MAX_BYTES)
        if resumes is None:
            return b""
        rest = bytes(self._collected[resumes.end() :])
        self._refuse(resumes.end())
        self._collected.clear()
        self._format = ""
        return rest

    def _refuse(self, size: int) -> None:
        """Refuse the first bytes that were collected."""
        reason = (
            f"the document is {self._format}, expected {self._title} in plain text as bulletins "
            "have it: ask the source for that (IWXXM and other forms of XML or JSON are not read)"
        )
        self._refused.append(Undecodable(bytes(self._collected[:size]), "format", reason))
        del self._collected[:size]
