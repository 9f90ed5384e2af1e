"""Cut messages out of MLLP blocks, of a TCP stream or of a file; sans I/O.

MLLP (HL7 2.5.1, appendix C): 0x0B, the message, 0x1C 0x0D. Neither byte is part of a
character of UTF-8, GB 18030 or ISO 8859. Without it a message goes from MSH at the
beginning of a line to the next one. Batch and file envelopes (FHS, BHS, BTS, FTS) are
framing too: they hold nothing about the world and are taken off.
"""

import codecs
import re
from collections.abc import Callable, Iterator
from typing import Final

from adapters.health.hl7v2.message import Hl7Message, read
from adapters.sdk.message import Undecodable

MAX_MESSAGE_BYTES: Final = 4 << 20
START: Final = b"\x0b"
END: Final = b"\x1c"
FRAME_END: Final = END + b"\r"
_BETWEEN: Final = b" \t\r\n\x1c"
_GAP: Final = re.compile(b"[%b]*+(?:%b)?" % (_BETWEEN, codecs.BOM_UTF8))
_NEXT: Final = re.compile(rb"\x0b|(?<=[\r\n])(?:MSH|[FB]HS|[FB]TS)(?=[^A-Za-z0-9\s]|[\r\n]|$)")
_ENVELOPE: Final = re.compile(rb"[FB][HT]S(?:[^A-Za-z0-9\s][^\r\n]*)?(?=[\r\n]|$)")
# After an empty line, a line that is no segment: what people write between messages. It begins
# where a run of blanks does, and gives nothing back, so that long runs are gone through once.
_STRAY: Final = re.compile(
    rb"(?<!\s)[^\S\r\n]*+(?>\r\n|\r|\n)[^\S\r\n]*+(?>\r\n|\r|\n)\s*+"
    rb"(?![A-Z][A-Z0-9]{2}[^A-Za-z0-9])(?=\S)"
)
# How far back a start must be looked for again, when its line was cut.
_LOOK_BACK: Final = 8
_OTHERS: Final = {
    b"<": "XML (version 3, CDA, or version 2 in XML)",
    b"{": "JSON (FHIR)",
    b"[": "JSON (FHIR)",
}
Refuse = Callable[[Undecodable, bool], Undecodable]
Item = Hl7Message | Undecodable


class Hl7StreamDecoder:
    """Reads a stream of messages, in MLLP frames or bare; keeps at most ``limit`` bytes.

    Args:
        refuse: Makes the answer to what is no message: what it is, and whether it was in a
            frame.
        limit: Longest message, bytes; a longer one goes to quarantine, its rest dropped.
    """

    def __init__(self, refuse: Refuse, limit: int = MAX_MESSAGE_BYTES) -> None:
        self._refuse = refuse
        self._limit = limit
        self._buffer = bytearray()
        self._searched = 1
        self._dropping = False

    def feed(self, data: bytes) -> list[Item]:
        """Take bytes; return the messages that they complete."""
        self._buffer += data
        return list(self._take(at_end=False))

    def close(self) -> list[Item]:
        """Return what is left when the connection or file has ended."""
        items = list(self._take(at_end=True))
        self._buffer.clear()
        self._dropping = False
        return items

    def _take(self, *, at_end: bool) -> Iterator[Item]:
        """Yield the items at the buffer's front."""
        while True:
            if self._dropping and not self._drop():
                return
            self._skip()
            if not self._buffer or self._is_short_mark(at_end=at_end):
                return
            found = self._framed() if self._buffer.startswith(START) else self._bare(at_end=at_end)
            if found is None:
                if len(self._buffer) > self._limit:
                    yield self._oversize()
                    continue
                if at_end:
                    yield self._unfinished()
                return
            yield from found

    def _skip(self) -> None:
        """Drop what stands between messages."""
        gap = _GAP.match(self._buffer)
        if gap is not None and gap.end():
            self._forget(gap.end())

    def _is_short_mark(self, *, at_end: bool) -> bool:
        """Tell whether the buffer may hold the beginning of a byte order mark."""
        short = len(self._buffer) < len(codecs.BOM_UTF8)
        return short and not at_end and codecs.BOM_UTF8.startswith(bytes(self._buffer))

    def _framed(self) -> list[Item] | None:
        """Take a frame; None: its end is not there yet."""
        end = self._buffer.find(END, self._searched)
        again = self._buffer.find(START, self._searched, end if end >= 0 else len(self._buffer))
        if again >= 0:
            raw = bytes(self._buffer[1:again])
            self._forget(again)
            reason = "a new MLLP frame (0x0B) begins before this one has ended (0x1C 0x0D)"
            return [self._refuse(Undecodable(raw, "framing", reason), True)] if raw.strip() else []
        if end < 0:
            self._searched = len(self._buffer)
            return None
        raw = bytes(self._buffer[1:end])
        self._forget(end + 1)
        return self._block(raw.strip(_BETWEEN))

    def _block(self, raw: bytes) -> list[Item]:
        """Return the message in a frame, or the messages of a batch."""
        if not raw:
            return []
        if not _may_hold_several(raw) or (_NEXT.search(raw) is None and not _ENVELOPE.match(raw)):
            return [self._item(raw, framed=True)]
        inner = Hl7StreamDecoder(lambda refused, _: self._refuse(refused, True), self._limit)
        items = [*inner.feed(raw), *inner.close()]
        for item in items:
            if isinstance(item, Hl7Message):
                item.framed = True
        return items

    def _bare(self, *, at_end: bool) -> list[Item] | None:
        """Take a message, an envelope or noise; None: it may go on."""
        following = _NEXT.search(self._buffer, max(1, self._searched - _LOOK_BACK))
        # A name at the end of what has come may turn out to be a longer word.
        if following is None or (following.end() == len(self._buffer) and not at_end):
            if not at_end:
                self._searched = len(self._buffer)
                return None
            cut = len(self._buffer)
        else:
            cut = following.start()
        piece = bytes(self._buffer[:cut])
        self._forget(cut)
        return self._items(piece)

    def _items(self, piece: bytes) -> list[Item]:
        """Return what a piece without frame holds."""
        envelope = _ENVELOPE.match(piece)
        if envelope is not None:
            piece = piece[envelope.end() :].lstrip()
        elif piece.startswith(b"MSH"):
            stray = _STRAY.search(piece)
            end = stray.start() if stray else len(piece)
            message = self._item(piece[:end].rstrip(_BETWEEN), framed=False)
            return [message, *self._noise(piece[end:])]
        return self._noise(piece)

    def _noise(self, piece: bytes) -> list[Item]:
        """Return what is no message, if it is anything."""
        piece = piece.strip()
        if not piece:
            return []
        reason = "there is text between messages that belongs to none; expected MSH"
        if other := _OTHERS.get(piece[:1]):
            reason = f"the text is {other}; expected HL7 version 2 as it is written with MSH|^~\\&"
        return [self._refuse(Undecodable(piece, "not_hl7", reason), False)]

    def _item(self, raw: bytes, *, framed: bool) -> Item:
        """Read a message."""
        if len(raw) > self._limit:
            reason = f"the message has {len(raw)} bytes; expected at most {self._limit}"
            return self._refuse(Undecodable(raw[: self._limit], "oversize", reason), framed)
        item = read(raw, framed=framed)
        return self._refuse(item, framed) if isinstance(item, Undecodable) else item

    def _oversize(self) -> Undecodable:
        """Give up on a message that is too long, whose end may be yet to come."""
        framed = self._buffer.startswith(START)
        raw = bytes(self._buffer[framed : self._limit])
        self._forget(self._limit)
        self._dropping = True
        reason = (
            f"the message is longer than {self._limit} bytes, of which the first are kept; raise "
            "max_message_bytes if it is real"
        )
        return self._refuse(Undecodable(raw, "oversize", reason), framed)

    def _unfinished(self) -> Undecodable:
        """Return a frame whose end never came."""
        raw = bytes(self._buffer[1:])
        self._forget(len(self._buffer))
        reason = "the connection or file ended within an MLLP frame; expected 0x1C 0x0D"
        return self._refuse(Undecodable(raw, "framing", reason), True)

    def _drop(self) -> bool:
        """Drop the rest of what was too long; tell whether its end was reached."""
        found = re.search(rb"\x1c|\x0b|[\r\n](?=MSH)", self._buffer)
        if found is None:
            del self._buffer[: max(0, len(self._buffer) - _LOOK_BACK)]
            return False
        self._forget(found.start())
        self._dropping = False
        return True

    def _forget(self, count: int) -> None:
        """Take bytes off the buffer's front."""
        del self._buffer[:count]
        self._searched = 1


def _may_hold_several(raw: bytes) -> bool:
    """Tell whether a block may be more than one message: mostly it plainly is not."""
    return raw.find(b"MSH", 1) >= 0 or b"HS" in raw or b"TS" in raw or START in raw


class Hl7BlockDecoder:
    """Reads blocks that a transport has already taken out of their frames."""

    def __init__(self, refuse: Refuse, limit: int = MAX_MESSAGE_BYTES) -> None:
        self._refuse = refuse
        self._limit = limit

    def feed(self, data: bytes) -> list[Item]:
        """Take a block, whole; return the message that it is, or the messages of a batch."""
        decoder = Hl7StreamDecoder(self._refuse, self._limit)
        return [*decoder.feed(data), *decoder.close()]

    def close(self) -> list[Item]:
        """Return nothing: no block waits for another."""
        return []
