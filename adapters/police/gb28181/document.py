"""Cut a stream or file into MANSCDP documents and read each (GB/T 28181-2022, annex A).

In SIP a document is a MESSAGE's body; here they come one after the other, over a socket, in
a file or as the body of an HTTP request. Tags are ASCII, and no byte of ``<`` is ever part
of a longer character in GB 18030, so documents are cut before they are decoded.
"""

import re
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element

import msgspec

from adapters.police.gb28181.sip import head_before, method_of, response
from adapters.sdk.markup import MarkupRefused, parse
from adapters.sdk.message import Undecodable

_ROOTS: Final = rb"(?:Notify|Response|Control|Query)"
_OPENING: Final = re.compile(rb"<" + _ROOTS + rb"[\s>]")
_DECLARATION: Final = re.compile(rb"<\?xml[^>]{0,200}\?>\s*\Z")
_BLANKS: Final = re.compile(rb"\s*")
_CLOSING: Final = re.compile(rb"</" + _ROOTS + rb"\s{0,16}>")
# What a closing tag is at most cut to by the end of a chunk.
_OVERLAP: Final = 64
_SHOWN: Final = 40
MAX_DOCUMENT_BYTES: Final = 65_536


class Notification(msgspec.Struct, frozen=True):
    """One document.

    Attributes:
        raw: Its exact bytes.
        root: ``Notify`` or ``Response``.
        fields: The texts of its elements by path, such as ``Info/AlarmType``, and
            ``DeviceList/Item[2]/Name`` of what is there again; those that are empty are left
            out.
        devices: The devices that ``Info`` lists, as a keep-alive does the faulty ones.
        sip: The head of the SIP request that carried it; empty: it came by itself.
    """

    raw: bytes
    root: str
    fields: dict[str, str]
    devices: tuple[str, ...] = ()
    sip: bytes = b""

    def get(self, *names: str) -> str:
        """Return the first of some fields that has a text; empty if none has."""
        for name in names:
            if found := self.fields.get(name):
                return found
        return ""


class ManscdpDecoder:
    """Decodes one connection or file; sans I/O.

    Keeps at most ``limit`` bytes and a chunk. A document that lacks its end costs itself
    alone: the next one's beginning ends it.

    Args:
        limit: Largest document, in bytes.
    """

    def __init__(self, limit: int = MAX_DOCUMENT_BYTES) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._searched = 0
        self._dropping = False

    def feed(self, data: bytes) -> list[Notification | Undecodable]:
        """Return the documents that these bytes complete."""
        self._buffer += data
        found: list[Notification | Undecodable] = []
        while closing := _CLOSING.search(self._buffer, self._searched):
            found += self._take(closing.end())
        if not self._dropping:
            self._begin()
            if len(self._buffer) > self._limit:
                found.append(self._oversize())
                self._dropping = True
        if self._dropping:
            del self._buffer[:-_OVERLAP]
        self._searched = max(len(self._buffer) - _OVERLAP, 0)
        return found

    def close(self) -> list[Notification | Undecodable]:
        """Return what is left, which lacks its end; blanks are nothing."""
        left = b"" if self._dropping else bytes(self._buffer).strip()
        self._buffer.clear()
        self._searched, self._dropping = 0, False
        if not left:
            return []
        if method := method_of(left):
            reason = (
                f"a SIP {method} without a whole document; expected MESSAGE or NOTIFY with one: "
                "register and call devices at the video platform"
            )
            return [Undecodable(left, "sip", reason, response(left, "405 Method Not Allowed"))]
        reason = (
            f"the document that begins {left[:_SHOWN]!r} has no end; expected </Notify> after it"
        )
        return [Undecodable(left, "incomplete", reason)]

    def _take(self, end: int) -> Iterator[Notification | Undecodable]:
        """Take what ends here off the buffer's front, and read it."""
        end -= 0 if self._dropping else self._begin()
        piece = bytes(self._buffer[:end])
        if not self._dropping:
            if end > self._limit:
                yield self._oversize()
            else:
                yield from self._read(piece)
        del self._buffer[:end]
        self._searched, self._dropping = 0, False

    def _begin(self) -> int:
        """Drop blanks off the buffer's front; return how many."""
        blanks = _BLANKS.match(self._buffer)
        end = blanks.end() if blanks else 0
        del self._buffer[:end]
        return end

    def _read(self, piece: bytes) -> Iterator[Notification | Undecodable]:
        """Read what ends in a closing tag: a document, and perhaps what is none before it."""
        begin = _beginning(piece)
        sip = head_before(piece[:begin])
        before = piece[: begin - len(sip)].removeprefix(BOM_UTF8).strip()
        if before:
            reason = (
                f"{before[:_SHOWN]!r} is no whole document; expected one that begins with <Notify> "
                "and ends with </Notify>"
            )
            yield Undecodable(before, "incomplete", reason)
        yield _document(piece[begin:], sip)

    def _oversize(self) -> Undecodable:
        """Refuse what is too long; its rest is dropped."""
        reason = (
            f"a document is longer than {self._limit} bytes, of which the first {self._limit} are "
            "kept; expected an end </Notify> within them"
        )
        return Undecodable(bytes(self._buffer[: self._limit]), "oversize", reason)


def _document(document: bytes, sip: bytes) -> Notification | Undecodable:
    """Read a whole document, and what carried it."""
    raw = sip + document
    refusing = response(sip, "400 Bad Request") if sip else b""
    try:
        root = parse(document)
    except MarkupRefused as refusal:
        return Undecodable(raw, refusal.cause, str(refusal), refusing)
    if root.tag not in {"Notify", "Response"}:
        reason = (
            f"the document is a <{root.tag}>, which asks something of a device; expected Notify"
        )
        return Undecodable(raw, "not_notify", reason, refusing)
    fields: dict[str, str] = {}
    _collect(root, "", fields)
    listed = (one.text or "" for info in root.findall("Info") for one in info.findall("DeviceID"))
    devices = tuple(filter(None, map(str.strip, listed)))
    return Notification(raw, root.tag, fields, devices, sip)


def _beginning(piece: bytes) -> int:
    """Return where the last document of a piece begins, with its declaration if it has one."""
    begin = 0
    for opening in _OPENING.finditer(piece):
        begin = opening.start()
    declaration = _DECLARATION.search(piece, 0, begin) if begin else None
    return declaration.start() if declaration else begin


def _collect(element: Element, beginning: str, fields: dict[str, str]) -> None:
    """Put the texts of what is in an element under their paths.

    Of elements of one name the second is ``Item[2]``: a catalogue lists many. Some devices
    write ``cmdType``: names are taken with a capital.
    """
    named = Counter[str]()
    for child in element:
        path = f"{beginning}{child.tag[:1].upper()}{child.tag[1:]}"
        text = (child.text or "").strip()
        if not text and not len(child):
            continue
        named[path] += 1
        if named[path] > 1:
            path = f"{path}[{named[path]}]"
        if text:
            fields[path] = text
        if len(child):
            _collect(child, f"{path}/", fields)
