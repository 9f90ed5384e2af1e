"""Cut meteorological bulletins into reports (WMO-No. 386, part II, attachment II-5).

A report ends with ``=``. Files and loggers leave it out, so a report also ends where the
next one begins, at a blank line, and with the file. What only frames reports (start and end
of a message, numbers of transmission, addressees, abbreviated headings) is no report; the heading
is kept with each report below it.
"""

import codecs
import re
from dataclasses import dataclass
from typing import Final

from adapters.sdk.message import Undecodable
from adapters.weather.foreign import ForeignDocument

MAX_REPORT_BYTES: Final = 4096
_SOH, _ETX = b"\x01", b"\x03"
_PIECE: Final = re.compile(rb"[^=\n]*[=\n]|[^=\n]+\Z")
_CONTROLS: Final = b"\x00\x01\x02\x03\x0b\x1a\r"
# `SACI31 ZBAA 150600 CCA` (WMO-No. 386), the date that NOAA's station files begin with, or the
# station and date, or date alone, that Ogimet puts before each report.
_HEADING: Final = re.compile(
    rb"([A-Z]{4}\d{2} +[A-Z]{4} +\d{6}(?: +(?:RR|CC|AA|P[A-Z])[A-Z])?"
    rb"|\d{4}/\d\d/\d\d \d\d:\d\d|[A-Z0-9]{4,5},\d{4}(?:,\d\d){4}(?=,[A-Z])"
    rb"|\d{12}(?= +(?:METAR|SPECI|AAXX|BBXX|OOXX)\b))(?=[\s,]|\Z)"
)
_BEGINS: Final = re.compile(rb"ZCZC( +[A-Z]{0,3}\d{1,5}( +\d{6})?)?")
_ENDS: Final = re.compile(rb"N{4}")
# A number of transmission; or the aeronautical network's own, its priority and addressees, and
# its time of filing and originator (ICAO annex 10, volume II, 4.4.15).
_ENVELOPE: Final = re.compile(
    rb"\d{1,5}|[A-Z]{3}\d{3,4}( +\d{6})?|((SS|DD|FF|GG|KK) +)?[A-Z]{8}( +[A-Z]{8})*"
    rb"|\d{6} +[A-Z]{8}"
)


@dataclass(frozen=True, slots=True)
class Grammar:
    """How reports of one code begin.

    Attributes:
        title: The code, for people, for example ``METAR``.
        starts: Matches where a report begins.
        preamble: Matches, whole, what stands before a bulletin's first report.
    """

    title: str
    starts: re.Pattern[bytes]
    preamble: re.Pattern[bytes]


@dataclass(frozen=True, slots=True)
class CutReport:
    """A report as it stands in a bulletin.

    Attributes:
        raw: Its exact bytes.
        text: Its groups with one space between them, without the ``=``.
        heading: The heading above it; empty: none.
        bulletin: Counts bulletins, so that what is said once for all can be forgotten.
    """

    raw: bytes
    text: str
    heading: str
    bulletin: int


class BulletinCutter:
    """Cuts one connection's or file's bytes; memory is bounded by the longest report.

    Args:
        grammar: How reports begin.
        one_per_line: Whether a line's end ends a report too.
        limit: Longest report, bytes.
    """

    def __init__(
        self, grammar: Grammar, *, one_per_line: bool = False, limit: int = MAX_REPORT_BYTES
    ) -> None:
        self._grammar = grammar
        self._one_per_line = one_per_line
        self._limit = limit
        self._line = bytearray()
        self._line_size = 0
        self._raw = b""
        self._text = b""
        self._heading = b""
        self._heading_used = True
        self._bulletin = 0
        self._is_framed = False
        self._cut: list[CutReport | Undecodable] = []
        self._foreign = ForeignDocument(grammar.title, grammar.starts)

    def feed(self, data: bytes) -> list[CutReport | Undecodable]:
        """Return the reports that these bytes complete."""
        data = self._foreign.feed(data)
        self._cut += self._foreign.take()
        if self._foreign.is_open:
            # Blanks, at most, came before it.
            self._line, self._line_size = bytearray(), 0
        for piece in _PIECE.findall(data):
            self._line += piece[: self._limit + 1 - len(self._line)]
            self._line_size += len(piece)
            if piece.endswith((b"=", b"\n")):
                self._end_line(ends_report=piece.endswith(b"="))
        return self._taken()

    def close(self) -> list[CutReport | Undecodable]:
        """Return the last report, whose end may be missing."""
        self._cut += self._foreign.take(at_end=True)
        self._end_line(ends_report=True)
        self._end_bulletin()
        return self._taken()

    def _taken(self) -> list[CutReport | Undecodable]:
        cut, self._cut = self._cut, []
        return cut

    def _end_line(self, *, ends_report: bool) -> None:
        """Take what a line end or a ``=`` completes."""
        line, size = bytes(self._line), self._line_size
        self._line, self._line_size = bytearray(), 0
        if size > self._limit:
            self._end_report()
            self._refuse_long(line[: self._limit], size)
            return
        self._is_framed |= _SOH in line
        content = line.removeprefix(codecs.BOM_UTF8).translate(None, _CONTROLS).strip(b"= \t\n")
        content = self._without_frame(content)
        if content:
            self._append(line, content)
        if ends_report or not content or self._one_per_line:
            self._end_report(is_final=ends_report)
        if _ETX in line:
            self._end_bulletin()

    def _without_frame(self, content: bytes) -> bytes:
        """Return what of a line belongs to a report; note the heading, drop the frame."""
        if _BEGINS.fullmatch(content):
            self._end_bulletin()
            self._is_framed = True
            return b""
        if _ENDS.fullmatch(content):
            self._end_bulletin()
            return b""
        if self._is_framed and _ENVELOPE.fullmatch(content):
            return b""
        heading = _HEADING.match(content)
        if heading is None:
            return content
        self._end_bulletin()
        self._heading, self._heading_used = heading[1], False
        return content[heading.end() :].lstrip(b",").strip()

    def _append(self, line: bytes, content: bytes) -> None:
        """Put a line to the report that is under way, or begin the next."""
        if self._grammar.starts.match(content) and not self._is_preamble():
            self._end_report()
        # What frames a message stands before its first report: from there on a number is a group.
        self._is_framed = False
        self._raw += line
        self._text = b" ".join((self._text, content)) if self._text else content
        if len(self._raw) > self._limit:
            raw, self._raw, self._text = self._raw, b"", b""
            self._refuse_long(raw, len(raw))

    def _is_preamble(self) -> bool:
        return self._grammar.preamble.fullmatch(self._text) is not None

    def _end_report(self, *, is_final: bool = False) -> None:
        """Hand out the report that is under way, unless it has only been announced."""
        if not self._text or (self._is_preamble() and not is_final):
            return
        raw, text = self._raw, self._text
        self._raw, self._text = b"", b""
        self._heading_used = True
        if not text.isascii():
            reason = (
                f"the report has bytes that are not ASCII: {text[:40]!r}; "
                f"expected a {self._grammar.title} report"
            )
            self._cut.append(Undecodable(raw, "encoding", reason))
            return
        groups = " ".join(text.decode("ascii").split())
        heading = " ".join(self._heading.decode("ascii").split())
        self._cut.append(CutReport(raw, groups, heading, self._bulletin))

    def _end_bulletin(self) -> None:
        """Forget a bulletin's heading; one without a report is not passed over."""
        self._end_report(is_final=True)
        if not self._heading_used:
            reason = (
                f"the bulletin {self._heading.decode('ascii')!r} holds no report; "
                f"expected a {self._grammar.title} below its heading"
            )
            self._cut.append(Undecodable(self._heading, "no_report", reason))
        self._heading, self._heading_used = b"", True
        self._is_framed = False
        self._bulletin += 1

    def _refuse_long(self, raw: bytes, size: int) -> None:
        self._heading_used = True
        reason = (
            f"{size} bytes without the end of a report, of which {len(raw)} are kept; expected "
            f"a {self._grammar.title} of at most {self._limit} bytes that ends with '='"
        )
        self._cut.append(Undecodable(raw, "oversize", reason))
