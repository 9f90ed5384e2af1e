"""Cut a stream, a datagram or a file into MANSCDP documents and SIP messages.

A SIP message is as long as its Content-Length says (RFC 3261, 18.3), but a document in it ends
with its own closing tag: devices count characters where they should count bytes. Documents
without SIP come one after the other, in a file or as the body of an HTTP request. Tags are
ASCII, and no byte of ``<`` is ever part of a longer character in GB 18030, so documents are cut
before they are decoded.
"""

import re
from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import Final

from adapters.police.gb28181.document import ROOTS, Notification, read_document, read_signal
from adapters.police.gb28181.response import (
    ALLOW,
    BAD_REQUEST,
    NOT_ALLOWED,
    TOO_LARGE,
    UNSUPPORTED,
    response,
)
from adapters.police.gb28181.sip import (
    SipHead,
    begins,
    body_length,
    find_beginning,
    is_meant,
    read_head,
)
from adapters.sdk.message import Undecodable

_ANY_ROOT: Final = b"(?:" + "|".join(ROOTS).encode() + b")"
_OPENING: Final = re.compile(rb"<" + _ANY_ROOT + rb"[\s>]")
_DECLARATION: Final = re.compile(rb"<\?xml[^>]{0,200}\?>\s*\Z")
_CLOSING: Final = re.compile(rb"</" + _ANY_ROOT + rb"\s{0,16}>")
# What keeps a hole in a firewall open: blanks, zeros, and the word that eXosip sends.
_FILLER: Final = re.compile(rb"(?:[\s\0]|jaK\0)+")
_END: Final = b"\r\n\r\n"
_TYPED: Final = re.compile(rb"^(?:content-type|c)[ \t]*:", re.IGNORECASE | re.MULTILINE)
# A SIP message's first line, or a closing tag, may be cut by the end of a chunk.
_OVERLAP: Final = 640
_TAIL: Final = 32
_SHOWN: Final = 40
_CARRIERS: Final = frozenset({"MESSAGE", "NOTIFY"})
_TAKEN: Final = _CARRIERS | {"REGISTER", "OPTIONS", "ACK", ""}
MAX_DOCUMENT_BYTES: Final = 65_536

_Found = Notification | Undecodable


class ManscdpDecoder:
    """Decodes one connection, datagram or file; sans I/O.

    Args:
        limit: Documents and SIP messages beyond this many bytes are refused, cut.
        peer: The socket's other end, ``host:port``; empty: there is none.
    """

    def __init__(self, limit: int = MAX_DOCUMENT_BYTES, peer: str = "") -> None:
        self._limit = limit
        self._peer = peer
        self._buffer = bytearray()
        self._searched = 0
        self._opened = 0
        self._skipped = 0
        self._dropping = False

    def feed(self, data: bytes) -> list[_Found]:
        """Return the documents and SIP messages that these bytes complete."""
        self._buffer += data
        found: list[_Found] = []
        while (taken := self._next()) is not None:
            found += taken
        return found

    def close(self) -> list[_Found]:
        """Return what is left, which lacks its end; filler is nothing."""
        if self._dropping or self._skipped:
            self._buffer.clear()
        self._drop_filler()
        left = bytes(self._buffer)
        left = left if begins(left) else left.rstrip()
        self._buffer.clear()
        self._searched = self._opened = self._skipped = 0
        self._dropping = False
        return [self._rest(left)] if left else []

    def _next(self) -> list[_Found] | None:
        """Take what is first off the buffer; None: nothing is whole yet."""
        if self._skipped:
            gone = min(self._skipped, len(self._buffer))
            del self._buffer[:gone]
            self._skipped -= gone
        if self._skipped or (self._dropping and not self._drop()):
            return None
        self._drop_filler()
        start = begins(self._buffer)
        end = self._end_of_message(start) if start else self._end_of_document()
        if end is not None and end <= self._limit:
            piece = bytes(self._buffer[:end])
            del self._buffer[:end]
            self._searched = self._opened = 0
            return [*self._read(piece)]
        if end is not None or len(self._buffer) > self._limit:
            return [self._oversize()]
        self._searched = max(len(self._buffer) - _OVERLAP, 0)
        return None

    def _drop(self) -> bool:
        """Drop the rest of what was too long; tell whether there is an end to it."""
        closing = _CLOSING.search(self._buffer)
        end = closing.end() if closing else len(self._buffer)
        sip = find_beginning(self._buffer, 0, end)
        self._dropping = closing is None and sip < 0
        del self._buffer[: max(end - _OVERLAP, 0) if self._dropping else end if sip < 0 else sip]
        return not self._dropping

    def _drop_filler(self) -> None:
        """Drop what is nothing off the buffer's front."""
        if filler := _FILLER.match(self._buffer):
            del self._buffer[: filler.end()]
            self._searched = max(self._searched - filler.end(), 0)

    def _end_of_document(self) -> int | None:
        """Return where a document at the front ends, or what is none; None: it may go on."""
        closing = _CLOSING.search(self._buffer, self._searched)
        end = closing.end() if closing else len(self._buffer)
        # What begins beyond the limit would come too late if it came byte by byte.
        sip = find_beginning(self._buffer, self._searched, min(end, self._limit))
        if sip > 0 and not _OPENING.search(self._buffer, 0, sip):
            return sip
        return closing.end() if closing else None

    def _end_of_message(self, start: int) -> int | None:
        """Return where the SIP message at the front ends; None: it may go on.

        Args:
            start: How long its first line is.
        """
        ended = self._buffer.find(_END, start - 2)
        if ended < 0:
            return None
        begin, size = ended + len(_END), len(self._buffer)
        head = bytes(self._buffer[:begin])
        length = body_length(head)
        if length is None:
            length = self._limit if _TYPED.search(head) else 0
        reach = min(begin + length, size)
        if not self._opened:
            opening = _OPENING.search(self._buffer, max(begin, self._searched), reach)
            self._opened = opening.end() if opening else 0
        closing = None
        if self._opened:
            reach = size
            closing = _CLOSING.search(self._buffer, max(self._opened, self._searched))
        end = closing.end() if closing else reach
        other = find_beginning(self._buffer, max(begin, self._searched), min(end, self._limit))
        if other >= 0:
            return other
        return end if closing or (not self._opened and size >= begin + length) else None

    def _read(self, piece: bytes) -> Iterator[_Found]:
        """Read a SIP message, or a document and perhaps what is none before it."""
        if begins(piece):
            yield self._message(piece)
            return
        begin = _beginning(piece)
        before = piece[:begin].removeprefix(BOM_UTF8).strip()
        if before:
            yield _no_document(before)
        if begin < len(piece):
            yield read_document(piece[begin:], None, self._peer)

    def _message(self, piece: bytes) -> _Found:
        """Read a SIP message."""
        head, end, body = piece.partition(_END)
        sip = read_head(head + end, self._peer)
        if sip.method not in _TAKEN:
            reason = (
                f"a SIP {sip.method}; expected {ALLOW[1]}: calls and subscriptions belong to the "
                "video platform"
            )
            return Undecodable(piece, "sip", reason, response(sip, NOT_ALLOWED, ALLOW))
        document = body.strip()
        if _OPENING.search(document):
            if _CLOSING.search(document):
                return read_document(body, sip, self._peer)
            return self._incomplete(piece, sip)
        if document and sip.method in _CARRIERS:
            reason = (
                f"the body of a SIP {sip.method} is {document[:_SHOWN]!r}; expected a document "
                "that begins with <Notify> or <Response>"
            )
            return Undecodable(piece, "not_manscdp", reason, response(sip, UNSUPPORTED))
        return read_signal(sip, body)

    def _rest(self, left: bytes) -> _Found:
        """Read what lacks its end, for nothing follows; a datagram may leave its length open."""
        if begins(left):
            head, end, _ = left.partition(_END)
            if end and body_length(head + end) is None:
                return self._message(left)
            return self._incomplete(left, read_head(head + _END, self._peer))
        return _no_document(left)

    def _incomplete(self, piece: bytes, sip: SipHead) -> Undecodable:
        """Refuse a SIP message that lacks its end."""
        what = f"SIP {sip.method}" if sip.method else "response of SIP"
        reason = (
            f"the {what} that begins {piece[:_SHOWN]!r} has no end; expected an empty line after "
            "its head, then as many bytes as its Content-Length says, or a whole document"
        )
        return Undecodable(piece, "incomplete", reason, response(sip, BAD_REQUEST))

    def _oversize(self) -> Undecodable:
        """Refuse what is too long; its rest is dropped."""
        raw, answer = bytes(self._buffer[: self._limit]), b""
        self._dropping, kept = True, _TAIL
        head, end, _ = raw.partition(_END)
        if begins(raw) and end:
            answer = response(read_head(head + end, self._peer), TOO_LARGE)
            length = body_length(head + end)
            if length is not None:
                self._skipped = max(len(head) + len(end) + length - self._limit, 0)
                self._dropping, kept = not self._skipped, 0 if self._skipped else _TAIL
        del self._buffer[: self._limit - kept]
        self._searched = self._opened = 0
        reason = (
            f"a document is longer than {self._limit} bytes, of which the first {self._limit} are "
            "kept; expected an end </Notify> within them"
        )
        return Undecodable(raw, "oversize", reason, answer)


def _no_document(raw: bytes) -> Undecodable:
    """Refuse what is no whole document, nor a SIP message."""
    expected = "one that begins with <Notify> and ends with </Notify>"
    if is_meant(raw):
        expected = "a SIP message's first line in capitals, with a sip: address, ended by CR LF"
    reason = f"{raw[:_SHOWN]!r} is no whole document; expected {expected}"
    return Undecodable(raw, "incomplete", reason)


def _beginning(piece: bytes) -> int:
    """Return where the last document of a piece begins, with its declaration if it has one."""
    begin = len(piece)
    for opening in _OPENING.finditer(piece):
        begin = opening.start()
    declaration = _DECLARATION.search(piece, 0, begin) if begin < len(piece) else None
    return declaration.start() if declaration else begin
