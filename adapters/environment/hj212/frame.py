"""Frames on the wire: ``##``, four digits, the segment, four hexadecimal digits, CR LF.

The decoder takes bytes as they come and gives frames, and beside them every other
byte that came, with the reason why it is no frame; only line ends between frames
are passed over. What it gives depends on the bytes alone, never on how they were
cut into chunks.
"""

import re
from dataclasses import replace
from typing import Final, NamedTuple

import msgspec

from adapters.environment.hj212.crc import checksum
from adapters.environment.hj212.segment import MalformedSegment, Segment, parse, text_of
from adapters.sdk.message import Undecodable

LONGEST_SEGMENT: Final = 4096
"""The standard says 1,024; real loggers go beyond."""

_HEAD: Final = re.compile(rb"##([0-9]{4}|[0-9]{3}(?![0-9]))")
"""Four digits; three from some loggers of 2005."""
_HEAD_BEGUN: Final = re.compile(rb"#|##[0-9]{0,3}")
_HEAD_BYTES: Final = 6
_START: Final = re.compile(rb"##[0-9]{3}")
_START_BYTES: Final = 5
_PARAMETERS: Final = re.compile(rb"CP=&&", re.IGNORECASE)
_END: Final = re.compile(rb"&&([0-9A-Fa-f]{4}|[0-9A-Fa-f]{1,3}(?=\r\n))")
"""Some loggers leave out the check value's leading zeros."""
_COUNTED: Final = (4, 6, 10, 12)
"""What lengths are too long by that count the check value, the line end, or the frame's head."""
_CHECK: Final = re.compile(rb"[0-9A-Fa-f]{4}")
_CHECK_BYTES: Final = 4
_RUN: Final = 4096
"""Garbage is given in pieces of at most this size."""


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One frame whose length and check value are right."""

    raw: bytes
    """From ``##`` to the check value, without the line end."""
    segment: Segment
    """Its data segment, read."""


Piece = Frame | Undecodable


class _Fault(NamedTuple):
    cause: str
    reason: str


class Hj212Decoder:
    """Cuts a connection's bytes, or a file's, into frames.

    A frame whose check value is wrong is given as undecodable and is not answered:
    its QN and MN may be what was damaged, and a logger that hears nothing sends
    the frame again (6.4; QnRtn 9 answers requests, not uploads).

    A length that counts characters instead of bytes (6.3.2), or the check value and the rest of
    the frame too, is taken when the check value is right: all that such a logger sends
    would never arrive otherwise.

    Holds at most ``longest_segment`` and a little more.
    """

    def __init__(self, longest_segment: int = LONGEST_SEGMENT) -> None:
        self._longest = longest_segment
        self._window = _HEAD_BYTES + longest_segment + _CHECK_BYTES
        self._rest = b""
        self._run: Undecodable | None = None
        self._need = 0

    def feed(self, data: bytes) -> list[Piece]:
        """Return what these bytes complete, in order."""
        held = self._rest + data if self._rest else data
        if len(held) < self._need:
            self._rest = held
            return []
        return self._cut(held, ended=False)

    def close(self) -> list[Piece]:
        """Return what is left, now that nothing follows."""
        held, self._rest = self._rest, b""
        return self._cut(held, ended=True)

    def _cut(self, held: bytes, *, ended: bool) -> list[Piece]:
        pieces: list[Piece] = []
        self._need = 0
        at = 0
        while True:
            if self._run is not None:
                at = self._gather(held, at, pieces, ended=ended)
                if self._run is not None:
                    break
            at = self._whole_frames(held, at, pieces)
            if at == len(held):
                break
            settled = self._damaged(held, at, pieces, ended=ended)
            if settled is None:
                break
            at = settled
        self._rest = held[at:]
        return pieces

    def _whole_frames(self, held: bytes, at: int, pieces: list[Piece]) -> int:
        """Take frame after frame while they are as they should be; return where that ends."""
        size = len(held)
        while at < size:
            if held[at] in b"\r\n":
                at += 1
                continue
            start = at + _HEAD_BYTES
            digits = held[at + 2 : start]
            if not (digits.isdigit() and held.startswith(b"##", at)):
                break
            end = start + int(digits)
            check = held[end : end + _CHECK_BYTES]
            if len(check) < _CHECK_BYTES or end - start > self._longest:
                break
            segment = held[start:end]
            if b"%04X" % checksum(segment) != check.upper():
                break
            pieces.append(_read(held[at : end + _CHECK_BYTES], segment))
            at = end + _CHECK_BYTES
        return at

    def _damaged(self, held: bytes, at: int, pieces: list[Piece], *, ended: bool) -> int | None:
        """Settle what stands at ``at`` and is no whole frame; None: more bytes are needed."""
        head = _HEAD.match(held, at)
        if head is None:
            if not ended and _HEAD_BEGUN.fullmatch(held, at):
                return None
            return self._begin_run(held, at, _Fault("garbage", "These bytes belong to no frame."))
        start, length = head.end(), int(head[1])
        if length > self._longest:
            fault = _Fault(
                "oversized",
                f"The length field says {length} bytes and at most {self._longest} are taken.",
            )
            return self._find_end(held, at, pieces, fault, ended=ended)
        end = start + length
        stop = _true_end(held, start, end)
        if not stop and len(held) < end + _CHECK_BYTES and not ended:
            self._need = max(end + _CHECK_BYTES - _COUNTED[-1], len(held) + 1) - at
            return None
        stop = stop or end
        if len(held) >= stop + _CHECK_BYTES:
            piece = _checked(held[at : stop + _CHECK_BYTES], held[start:stop])
            if piece is not None:
                pieces.append(piece)
                return stop + _CHECK_BYTES
        fault = _Fault(
            "length", f"The length field says {length} bytes, and no segment ends there."
        )
        return self._find_end(held, at, pieces, fault, ended=ended)

    def _find_end(
        self, held: bytes, at: int, pieces: list[Piece], fault: _Fault, *, ended: bool
    ) -> int | None:
        """Settle a frame with a useless length field: it ends at its ``&&``, or at the next."""
        limit = at + self._window
        following = _START.search(held, at + 1, limit)
        own = following.start() if following else min(limit, len(held))
        parameters = _PARAMETERS.search(held, at, own)
        end = _END.search(held, parameters.end(), own) if parameters else None
        if end is not None:
            start = _head_end(held, at)
            segment = held[start : end.start() + 2]
            is_right = checksum(segment) == int(end[1], 16)
            said = int(held[at + 2 : start])
            is_short = len(end[1]) < _CHECK_BYTES and said == len(segment)
            if is_right and (is_short or said == _characters(segment)):
                pieces.append(_read(held[at : end.end()], segment))
                return end.end()
            right = "right" if is_right else "wrong too"
            reason = f"{fault.reason} The one that ends with && has {len(segment)}; "
            reason += f"its check value is {right}."
            pieces.append(Undecodable(raw=held[at : end.end()], cause=fault.cause, reason=reason))
            return end.end()
        if following is None and len(held) < limit and not ended:
            return None
        cause = "truncated" if fault.cause == "length" else fault.cause
        return self._begin_run(held, at, _Fault(cause, f"{fault.reason} The frame is not whole."))

    def _begin_run(self, held: bytes, at: int, fault: _Fault) -> int:
        self._run = Undecodable(raw=held[at : at + 1], cause=fault.cause, reason=fault.reason)
        return at + 1

    def _gather(self, held: bytes, at: int, pieces: list[Piece], *, ended: bool) -> int:
        """Gather what is no frame, up to where the next one starts."""
        run = self._run
        assert run is not None
        following = _START.search(held, at)
        if following is not None:
            stop = following.start()
        else:
            stop = len(held) if ended else max(at, len(held) - _START_BYTES + 1)
        gathered = run.raw + held[at:stop]
        while len(gathered) > _RUN:
            pieces.append(replace(run, raw=gathered[:_RUN]))
            gathered = gathered[_RUN:]
        rest = replace(run, raw=gathered)
        if following is not None or ended:
            pieces.append(rest)
            self._run = None
        else:
            self._run = rest
        return stop


def _read(raw: bytes, segment: bytes) -> Piece:
    try:
        return Frame(raw, parse(text_of(segment)))
    except MalformedSegment as error:
        return Undecodable(raw=raw, cause="segment", reason=str(error))


def _checked(raw: bytes, segment: bytes) -> Piece | None:
    """Return what a frame of this length is; None: it has another length."""
    check = raw[-_CHECK_BYTES:]
    if not _CHECK.fullmatch(check):
        return None
    computed = checksum(segment)
    if computed == int(check, 16):
        return _read(raw, segment)
    if not segment.endswith(b"&&"):
        return None
    return Undecodable(
        raw=raw,
        cause="crc",
        reason=f"The frame says its check value is {check.decode()}; over the data segment it is "
        f"{computed:04X}. The frame was damaged on its way, or edited.",
    )


def _true_end(held: bytes, start: int, end: int) -> int:
    """Return where a segment ends whose length counts more than itself; 0: it does not."""
    for stop in (end - more for more in _COUNTED):
        check = held[stop : stop + _CHECK_BYTES]
        if (
            stop > start
            and held[stop - 2 : stop] == b"&&"
            and _CHECK.fullmatch(check)
            and int(check, 16) == checksum(held[start:stop])
        ):
            return stop
    return 0


def _characters(segment: bytes) -> int:
    """Return a segment's length as loggers count it that take characters for bytes."""
    try:
        return len(text_of(segment))
    except MalformedSegment:
        return len(segment)


def _head_end(held: bytes, at: int) -> int:
    head = _HEAD.match(held, at)
    return head.end() if head else at
