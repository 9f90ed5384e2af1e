"""Bodies in the HEX/BCD encoding (clause 6.6.3): identifiers, definitions, values."""

from typing import Final

from adapters.sdk.errors import Untranslatable
from adapters.water.sl651 import codes
from adapters.water.sl651.bcd import (
    five_minute_levels,
    five_minute_rain,
    read_value,
    repeated,
    step_minutes,
)
from adapters.water.sl651.content import Content, Group, Section, SeriesValue, Value, alarms
from adapters.water.sl651.frame import SENT, SERIAL, Frame

_TIME: Final = 5
_STATION: Final = 5
_GUIDE: Final = 2
_STEP_MIN: Final = 5
_LONGEST, _MOST_DECIMALS = 6, 3
"""Bytes and decimals of a value, at most, by table C.1."""
_TO_THE_END: Final = frozenset({codes.TEXT, codes.PICTURE, codes.FLOW_DATA})
_OBSERVED_GUIDE: Final = bytes((codes.OBSERVED, codes.OBSERVED))
_STATION_GUIDE: Final = bytes((codes.STATION, codes.STATION))


def read_body(frame: Frame) -> Content:
    """Read a frame's body.

    Raises:
        Untranslatable: If it is too short, or an element runs past its end.
    """
    body = frame.body
    if len(body) < SERIAL + SENT:
        raise Untranslatable(
            "body", body.hex(), expected="serial number and time of sending, 8 bytes"
        )
    serial = int.from_bytes(body[:SERIAL], "big")
    content = Content(serial, body[SERIAL : SERIAL + SENT].hex(), [Section(frame.station)])
    at = SERIAL + SENT
    if frame.function in codes.REPORTS:
        _Reader(body, frame.function, content).read(at)
        return content
    if body.startswith(_STATION_GUIDE, at) and len(body) >= at + _GUIDE + _STATION:
        at += _GUIDE
        content.sections[0].station = body[at : at + _STATION].hex().upper()
        at += _STATION
    content.rest = body[at:]
    if frame.function == codes.EQUIPMENT_STATE:
        _Reader(body, frame.function, content).read(at)
    return content


def _known_guide(body: bytes, at: int) -> tuple[int, int] | None:
    """Return identifier and definition, where those of an element of table C.1 may stand."""
    guide = body[at : at + _GUIDE]
    if len(guide) < _GUIDE or guide[0] not in codes.ELEMENTS:
        return None
    is_usual = 1 <= guide[1] >> 3 <= _LONGEST and guide[1] & 7 <= _MOST_DECIMALS
    return (guide[0], guide[1]) if is_usual else None


class _Reader:
    """Reads elements one after another."""

    def __init__(self, body: bytes, function: int, content: Content) -> None:
        self._body = body
        self._is_uniform = function in codes.UNIFORM
        self._content = content
        self._section = content.sections[0]
        self._group: Group | None = None
        self._step_min = 0

    def read(self, at: int) -> None:
        """Read to the end; zeros that fill a body up are no element."""
        end = len(self._body.rstrip(b"\x00"))
        while at < end:
            at = self._element(at)

    def _element(self, at: int) -> int:
        """Read what stands at a place; return where the next begins."""
        code = self._body[at]
        guide = self._body[at : at + _GUIDE]
        if guide == _OBSERVED_GUIDE:
            digits = self._slice(at + _GUIDE, _TIME, "F0").hex()
            self._group = self._section.group(digits)
            return at + _GUIDE + _TIME
        if guide == _STATION_GUIDE:
            return self._station(at + _GUIDE)
        if code in _TO_THE_END:
            return self._last(code, self._body[at + _GUIDE :])
        if code == codes.VENDOR:
            at += 1
            code = codes.VENDOR << 8 | self._slice(at, 1, "FF")[0]
        definition = self._slice(at + 1, 1, f"{code:02X}")[0]
        group = self._group or self._section.group()
        if self._is_uniform and self._step_min and definition >> 3:
            return self._series(group, code, definition, at + _GUIDE)
        return self._value(group, code, definition, at + _GUIDE)

    def _last(self, code: int, rest: bytes) -> int:
        """Take all that follows: an entry, a picture or flow data have no length of theirs."""
        if code == codes.TEXT:
            self._content.text = rest
        elif code == codes.PICTURE:
            self._content.picture = rest
        else:
            group = self._group or self._section.group()
            group.values.append(Value(code, None, rest.hex().upper()))
        return len(self._body)

    def _station(self, at: int) -> int:
        """Begin a station's part: address and class belong together (clause 6.6.2.6)."""
        address = self._slice(at, _STATION, "F1")
        at += _STATION
        station = address.hex().upper()
        if self._section.groups:
            self._section = Section(station)
            self._content.sections.append(self._section)
        self._section.station = station
        self._group = None
        if self._body.startswith(_OBSERVED_GUIDE, at):
            # Some stations leave the class out.
            return at
        self._section.station_class = self._slice(at, 1, "F1")[0]
        return at + 1

    def _series(self, group: Group, code: int, definition: int, at: int) -> int:
        """Read the elements of a report of even intervals: all that follows are their values.

        Clause 6.6.4.4 b allows one element, and table 30 several, whose values then come in
        turn; some stations list several. They are taken for that where the values of one
        would not come out even.
        """
        first = (code, definition)
        listed, start, size = [first], at, definition >> 3
        while (len(self._body) - at) % size and (guide := _known_guide(self._body, at)):
            listed.append(guide)
            at += _GUIDE
            size += guide[1] >> 3
        if (len(self._body) - at) % size:
            listed, at, size = [first], start, definition >> 3
        turns = [self._body[turn : turn + size] for turn in range(at, len(self._body), size)]
        place = 0
        for element, own in listed:
            values = b"".join(turn[place : place + (own >> 3)] for turn in turns)
            numbers = repeated(element, values, own >> 3, own & 7)
            group.series.append(SeriesValue(element, self._step_min, numbers))
            place += own >> 3
        return len(self._body)

    def _value(self, group: Group, code: int, definition: int, at: int) -> int:
        """Read one element's value."""
        size = definition >> 3
        content = self._slice(at, size, f"{code:02X}")
        if code == codes.RAIN_SERIES:
            group.series.append(SeriesValue(code, _STEP_MIN, five_minute_rain(content)))
        elif code in codes.LEVEL_SERIES:
            group.series.append(SeriesValue(code, _STEP_MIN, five_minute_levels(content)))
        elif code == codes.STATUS:
            group.alarms += alarms(int.from_bytes(content, "big"))
        elif code == codes.STEP:
            self._step_min = step_minutes(content)
        else:
            group.values.append(read_value(code, content, definition & 7))
        return at + size

    def _slice(self, at: int, size: int, code: str) -> bytes:
        """Return bytes of the body.

        Raises:
            Untranslatable: If they are not all there.
        """
        piece = self._body[at : at + size]
        if len(piece) < size:
            raise Untranslatable(
                f"element {code}",
                self._body[at:].hex(),
                expected=f"{size} bytes, the body ends after {len(piece)}",
                cause="element",
            )
        return piece
