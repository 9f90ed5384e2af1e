"""The short way for frames that look like one seen before.

A station sends the same elements in the same order all day; only times and digits change.
So the bodies of its records are templates: the bytes that protobuf wrote for a specimen,
with the numbers' places left open. A frame takes this way only when it is the same
station's, of the same function and class, with exactly the same guides and definitions,
both of its times can be right, and every value is there, decimal and not negative; all
else goes the long way. Both ways give equal records, which a property test holds them to.
"""

import re
import struct
from typing import Final

from adapters.sdk.adapter import VALID
from adapters.sdk.clock import Moment
from adapters.water.sl651 import codes
from adapters.water.sl651.bcd import SENSORLESS_LEVEL
from adapters.water.sl651.content import Group, Section, Value
from adapters.water.sl651.frame import SENT, SERIAL, Frame
from adapters.water.sl651.moments import Moments
from adapters.water.sl651.observation import observations
from adapters.water.sl651.options import UNKNOWN_SITE, Sl651Options
from adapters.water.sl651.reading import Reading, Statement

_LAYOUTS: Final = 8192
_FIRST: Final = 23
"""Where the first element begins: after serial number, time of sending, station, class
and time of observation."""
_GUIDES: Final = re.compile(rb"\xf1\xf1.{6}\xf0\xf0", re.DOTALL)
_USUAL: Final = (
    frozenset(codes.ELEMENTS)
    - frozenset({codes.STEP, codes.STATUS, codes.DURATION, codes.GATE_OPENING, codes.FLOW_DATA})
) | frozenset(range(0x76, 0xF0))
"""Elements of one byte whose values are decimal numbers."""
_SENSORLESS: Final = frozenset(
    (*(b"\x99" * size for size in range(2, 32)), bytes.fromhex(SENSORLESS_LEVEL))
)
_MARK: Final = struct.Struct("<6sH")
# No text can hold these bytes: 0xFF is not UTF-8. Read as a double they are finite.
_MARK_BYTES: Final = b"\xff\xfe\xff\xfe\xff\xfe"
_MARKED: Final = re.compile(re.escape(_MARK_BYTES) + b"(..)", re.DOTALL)


class _Template:
    """A kind's body, with the numbers' places left open."""

    def __init__(self, specimen: bytes) -> None:
        pieces = _MARKED.split(specimen)
        constants = pieces[0::2]
        self._parts: list[bytes | float] = [0.0] * len(pieces)
        self._parts[0::2] = constants
        self._places = [int.from_bytes(piece, "little") for piece in pieces[1::2]]
        self._pack = struct.Struct("<" + "d".join(f"{len(one)}s" for one in constants)).pack

    def fill(self, numbers: list[float]) -> bytes:
        """Return the encoded body."""
        parts = self._parts.copy()
        parts[1::2] = [numbers[place] for place in self._places]
        return self._pack(*parts)


class _Layout:
    """The guides and definitions of one station's frames of one function."""

    def __init__(self, frame: Frame, guides: list[bytes], options: Sl651Options) -> None:
        body = frame.body
        sizes = [guide[1] >> 3 for guide in guides]
        spread = "".join(f"2s{size}s" for size in sizes)
        self._unpack = struct.Struct(f"{_FIRST}x{spread}").unpack
        self._guides = tuple(guides)
        self._scales = [10 ** (guide[1] & 7) for guide in guides]
        self._station = body[10:15].hex().upper()
        values = [Value(guide[0], _mark(place)) for place, guide in enumerate(guides)]
        section = Section(self._station, body[15])
        site = options.sites.get(self._station, UNKNOWN_SITE)
        group = Group(values=values)
        name = b"".join((frame.head, body[8:18], *guides))
        self._records = [
            (one.kind, _Template(one.body.SerializeToString()), (name, one.kind))
            for one in observations(section, group, frame.function, Moment(0, 0), site)
        ]

    def values(self, body: bytes) -> tuple[bytes, ...] | None:
        """Return the values of a body of the same length; None: it is laid out otherwise."""
        parts = self._unpack(body)
        return parts[1::2] if parts[0::2] == self._guides else None

    def numbers(self, values: tuple[bytes, ...]) -> list[float] | None:
        """Return values as numbers; None: one is missing, negative, or no number."""
        if not _SENSORLESS.isdisjoint(values):
            return None
        digits = [value.hex() for value in values]
        if not "".join(digits).isdecimal():
            return None
        return [int(text) / scale for text, scale in zip(digits, self._scales, strict=True)]

    def statements(self, numbers: list[float], observed: Moment) -> list[Statement]:
        """Return what a body with these numbers states."""
        return [
            Statement(kind, self._station, template.fill(numbers), observed, VALID, shape)
            for kind, template, shape in self._records
        ]


class ShortWay:
    """Remembers layouts, and reads the frames that fit one.

    Args:
        options: The feed's options.
        moments: Reads times.
    """

    def __init__(self, options: Sl651Options, moments: Moments) -> None:
        self._options = options
        self._moments = moments
        self._layouts: dict[tuple[bool, bytes, bytes, int], _Layout | None] = {}

    def read(self, frame: Frame) -> Reading | None:
        """Return what a frame says; None: it has to go the long way."""
        body = frame.body
        key = (frame.is_ascii, frame.head, body[8:18], len(body))
        try:
            layout = self._layouts[key]
        except KeyError:
            # Once is no habit: a layout is made when its like comes again.
            if len(self._layouts) >= _LAYOUTS:
                self._layouts.clear()
            self._layouts[key] = None
            return None
        if layout is None:
            guides = _guides_of(frame)
            if guides is None:
                return None
            layout = self._layouts[key] = _Layout(frame, guides, self._options)
        values = layout.values(body)
        if values is None:
            # The station may have got another element of the same size.
            self._layouts[key] = None
            return None
        numbers = layout.numbers(values)
        if numbers is None:
            return None
        sent = self._moments.usual("time of sending", body[SERIAL : SERIAL + SENT].hex())
        observed = self._moments.usual("time of observation", body[18:_FIRST].hex())
        if sent is None or observed is None:
            return None
        serial = int.from_bytes(body[:SERIAL], "big")
        return Reading(serial, sent, layout.statements(numbers, observed))


def _guides_of(frame: Frame) -> list[bytes] | None:
    """Return a frame's guides with their definitions; None: it is not of the usual sort."""
    body = frame.body
    is_usual = frame.function in codes.REPORTS and frame.function not in codes.UNIFORM
    if frame.is_ascii or not is_usual:
        return None
    if _GUIDES.match(body, SERIAL + SENT) is None or len(body) <= _FIRST:
        return None
    guides, at = [], _FIRST
    while at < len(body):
        guide = body[at : at + 2]
        if guide[0] not in _USUAL or len(guide) < 2 or not guide[1] >> 3:  # noqa: PLR2004
            return None
        guides.append(guide)
        at += 2 + (guide[1] >> 3)
    observes = any(guide[0] != codes.VOLTAGE for guide in guides)
    return guides if observes and at == len(body) else None


def _mark(place: int) -> float:
    """Return the number that stands for a value in a specimen."""
    value: float = struct.unpack("<d", _MARK.pack(_MARK_BYTES, place))[0]
    return value
