"""Bodies in the ASCII encoding: identifiers and data between spaces (clause 6.6.2).

Built from clauses 6.4.1 and 6.6.2, table C.1 with its note g, and table C.2. No capture of
a station that sends it was found, so what follows is the text's reading alone:

- serial number (4 hexadecimal digits) and time of sending stand without a space after
  them (6.6.2.1); one that is there all the same does no harm;
- an address is followed by the class, one character (6.6.2.6, annex A);
- ``DRxnn`` carries its step in itself (table C.2);
- an entry and a picture are sent as they are, to the end (6.4.1), less the one space that
  ends a body;
- what functions without observations carry is kept as text.
"""

import re
from typing import Final

from adapters.sdk.errors import Untranslatable
from adapters.water.sl651 import codes
from adapters.water.sl651.bcd import five_minute_levels, five_minute_rain
from adapters.water.sl651.content import (
    UNKNOWN,
    Content,
    Group,
    Section,
    SeriesValue,
    Value,
    alarms,
    value_of,
)
from adapters.water.sl651.frame import Frame

_SERIAL: Final = 4
_HEAD: Final = _SERIAL + 12
_STATION: Final = "ST"
_OBSERVED: Final = "TT"
_ENTRY: Final = "RGZS"
_PICTURE: Final = "PIC"
_NOTHING: Final = "M"
_JPEG_END: Final = b"\xff\xd9"
_STEP_MIN: Final = 5
_TOKEN: Final = re.compile(rb" *([^ ]+)")
_NUMBER: Final = re.compile(r"[+-]?\d{1,40}(\.\d{1,20})?")
_HEX: Final = re.compile(r"([0-9A-F]{2})+", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"[0-9A-F]{10}", re.IGNORECASE)
_STEP: Final = re.compile(r"DR([DHN])(\d\d)")
_STEP_UNITS: Final = {"D": 24 * 60, "H": 60, "N": 1}
_OWN_STATION: Final = re.compile(rb" *ST ([0-9A-F]{10})(?: |\Z)", re.IGNORECASE)
_SETTING: Final = re.compile(rb"( |^)(03) [^ ]+")


def read_ascii_body(frame: Frame) -> Content:
    """Read a frame's body.

    Raises:
        Untranslatable: If it has no serial number and time, or an element is none.
    """
    body = frame.body
    head = body[:_HEAD].decode("ascii", "replace")
    if len(head) < _HEAD or not _HEX.fullmatch(head[:_SERIAL]):
        raise Untranslatable(
            "body", head, expected="4 hexadecimal digits of serial number, 12 of time of sending"
        )
    content = Content(int(head[:_SERIAL], 16), head[_SERIAL:], [Section(frame.station)])
    if frame.function in codes.REPORTS:
        _Reader(body, _HEAD, frame.function, content).read()
        return content
    at = _HEAD
    station = _OWN_STATION.match(body, at)
    if station is not None:
        content.sections[0].station = station[1].decode("ascii").upper()
        at = station.end()
    content.told = body[at:].strip(b" ")
    if frame.function in codes.WITH_PASSWORD:
        content.told = _SETTING.sub(rb"\1\2 *", content.told)
    if frame.function == codes.EQUIPMENT_STATE:
        _Reader(body, at, frame.function, content).read()
    return content


class _Reader:
    """Reads identifiers and data one after another."""

    def __init__(self, body: bytes, at: int, function: int, content: Content) -> None:
        self._body = body
        self._at = at
        self._is_uniform = function in codes.UNIFORM
        self._content = content
        self._section = content.sections[0]
        self._group: Group | None = None

    def read(self) -> None:
        """Read to the end."""
        while (identifier := self._token()) is not None:
            self._element(identifier.upper())

    def _element(self, identifier: str) -> None:
        """Read what an identifier announces."""
        step = _STEP.fullmatch(identifier)
        if identifier == _STATION:
            self._station()
        elif identifier == _OBSERVED:
            self._group = self._section.group(self._data(identifier))
        elif identifier == _ENTRY:
            self._content.text = self._to_the_end()
        elif identifier == _PICTURE:
            picture = self._to_the_end()
            is_ended = picture.endswith(_JPEG_END + b" ")
            self._content.picture = picture[:-1] if is_ended else picture
        elif step is None:
            self._value(identifier, self._data(identifier))
        elif self._is_uniform and int(step[2]):
            self._uniform(_STEP_UNITS[step[1]] * int(step[2]))

    def _station(self) -> None:
        """Begin a station's part: address and class belong together (clause 6.6.2.6)."""
        address, station_class = self._data(_STATION), self._data(_STATION)
        if not _ADDRESS.fullmatch(address) or len(station_class) != 1:
            raise Untranslatable(
                "element ST",
                f"{address} {station_class}",
                expected="10 digits of address, and one character of class (annex A)",
                cause="element",
            )
        if self._section.groups:
            self._section = Section(address.upper())
            self._content.sections.append(self._section)
        self._section.station = address.upper()
        # The class's character is its code of annex A.
        self._section.station_class = ord(station_class)
        self._group = None

    def _value(self, identifier: str, data: str) -> None:
        """Put an element's data into the group under way."""
        group = self._group or self._section.group()
        code = codes.ASCII_IDENTIFIERS.get(identifier, UNKNOWN)
        name = identifier[:64] if code == UNKNOWN else ""
        if code == codes.RAIN_SERIES:
            rain = five_minute_rain(_bytes(identifier, data))
            group.series.append(SeriesValue(code, _STEP_MIN, rain))
        elif code in codes.LEVEL_SERIES:
            levels = five_minute_levels(_bytes(identifier, data))
            group.series.append(SeriesValue(code, _STEP_MIN, levels))
        elif code == codes.STATUS:
            group.alarms += alarms(int.from_bytes(_bytes(identifier, data), "big"))
        elif data == _NOTHING:
            group.values.append(Value(code, None, name=name))
        elif not _NUMBER.fullmatch(data):
            is_bad = code not in {UNKNOWN, codes.FLOW_DATA}
            group.values.append(Value(code, None, data, is_bad=is_bad, name=name))
        elif name:
            group.values.append(Value(code, float(data), name=name))
        else:
            group.values.append(value_of(code, float(data)))

    def _uniform(self, step_min: int) -> None:
        """Read a report of even intervals: identifiers, then their data in turn (table 30)."""
        group = self._group or self._section.group()
        tokens = []
        while (token := self._token()) is not None:
            tokens.append(token.upper())
        first = next((at for at, token in enumerate(tokens) if _is_data(token)), len(tokens))
        names, data = tokens[:first], tokens[first:]
        bad = next((token for token in data if not _is_data(token)), None)
        if bad is not None or not names or len(data) % len(names):
            raise Untranslatable(
                "even intervals",
                bad or f"{len(names)} identifiers and {len(data)} values",
                expected="identifiers, then a number or M for each, at each time (table 30)",
                cause="element",
            )
        for place, name in enumerate(names):
            code = codes.ASCII_IDENTIFIERS.get(name, UNKNOWN)
            numbers = tuple(
                None if token == _NOTHING else float(token) for token in data[place :: len(names)]
            )
            own = name[:32] if code == UNKNOWN else ""
            group.series.append(SeriesValue(code, step_min, numbers, own))

    def _token(self) -> str | None:
        """Return what stands before the next space; None: nothing does."""
        found = _TOKEN.match(self._body, self._at)
        if found is None:
            return None
        self._at = found.end()
        try:
            return found[1].decode("ascii")
        except UnicodeDecodeError as error:
            raise Untranslatable(
                "body", found[1].hex(), expected="ASCII characters", cause="encoding"
            ) from error

    def _data(self, identifier: str) -> str:
        """Return the data that follows an identifier."""
        data = self._token()
        if data is None:
            raise Untranslatable(
                f"element {identifier}", "", expected="data after it", cause="element"
            )
        return data

    def _to_the_end(self) -> bytes:
        """Return all that follows the identifier and its space."""
        rest = self._body[self._at + 1 :]
        self._at = len(self._body)
        return rest


def _is_data(token: str) -> bool:
    """Tell whether a token is a value rather than an identifier."""
    return token == _NOTHING or _NUMBER.fullmatch(token) is not None


def _bytes(identifier: str, data: str) -> bytes:
    """Return data that is hexadecimal digits."""
    if not _HEX.fullmatch(data):
        raise Untranslatable(
            f"element {identifier}", data, expected="hexadecimal digits", cause="element"
        )
    return bytes.fromhex(data)
