"""The adapter of telemetry stations: SL 651-2014 frames to records of the water department."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal

import msgspec

from adapters.sdk.adapter import Adapter, Outcome, Translated
from adapters.sdk.errors import Untranslatable
from adapters.sdk.text import decode
from adapters.sdk.times import in_utc
from adapters.water.sl651 import codes
from adapters.water.sl651.answers import ACK, ESC, confirmation
from adapters.water.sl651.elements import Elements, Group, SeriesValue, Value, read_elements
from adapters.water.sl651.frame import Frame, Sl651Decoder
from liandong.place.v1.place_pb2 import COORDINATE_SYSTEM_WGS84, Location, Point
from liandong.quantity.v1 import quantity_pb2 as quantity
from liandong.record.v1 import record_pb2 as records
from liandong.record.v1.record_pb2 import Record
from liandong.water.v1 import water_pb2 as water

_SERIAL, _SENT, _STATION = 2, 6, 5
_STATION_GUIDE = b"\xf1\xf1"
_REPORTS = range(0x30, 0x3B)
_TIME_FORMATS = {10: "%y%m%d%H%M", 12: "%y%m%d%H%M%S"}
_MISSING = quantity.Quality(level=quantity.QUALITY_LEVEL_MISSING, note="the station has no value")
_FIELDS: dict[str, tuple[frozenset[int], dict[int, str]]] = {
    "water.level": (codes.LEVEL_CODES, codes.LEVEL_FIELDS),
    "water.rainfall": (codes.RAIN_CODES, codes.RAIN_FIELDS),
    "water.quality": (codes.QUALITY_CODES, codes.QUALITY_FIELDS),
}


class Site(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the city knows of a station beside its frames.

    Attributes:
        title: Its name.
        latitude: Degrees north, WGS-84.
        longitude: Degrees east, WGS-84.
        district: GB/T 2260 code.
        datum: The height from which its levels count.
        warning_level_m: Warning level, metres above the datum.
        guaranteed_level_m: Guaranteed level, metres above the datum.
    """

    title: str = ""
    latitude: float | None = None
    longitude: float | None = None
    district: str = ""
    datum: str = ""
    warning_level_m: float | None = None
    guaranteed_level_m: float | None = None


class Sl651Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Options of a feed of telemetry stations.

    Attributes:
        mode: How stations send (clause 6.2.3): M1 expects no answer, the others do.
        keep_online: Answer with ESC, which keeps a station on line for ten minutes.
        sites: What is known of each station, by its 10 digits.
    """

    mode: Literal["M1", "M2", "M3", "M4"] = "M2"
    keep_online: bool = False
    sites: dict[str, Site] = {}


class Sl651(Adapter[Frame, Sl651Options]):
    """Translates SL 651-2014: levels, rain, water quality, pictures, stations' reports."""

    name: ClassVar[str] = "water/sl651"
    options_type: ClassVar[type[msgspec.Struct]] = Sl651Options

    def decoder(self) -> Sl651Decoder:
        """Return a decoder for one connection."""
        return Sl651Decoder()

    def answer(self, message: Frame, outcome: Outcome) -> bytes:
        """Return the confirmation; a message in quarantine is safe too, and confirmed."""
        del outcome
        if self.options.mode == "M1":
            return b""
        end = ESC if self.options.keep_online else ACK
        return confirmation(message, self.now().astimezone(self.zone), end)

    def translate(self, message: Frame) -> Iterable[Translated]:
        """Return a record for each time of observation and kind, one at least.

        Raises:
            Untranslatable: If the function is unknown, a time is none, or an element runs
                past the end.
        """
        if message.function not in codes.FUNCTIONS:
            raise Untranslatable(
                "function",
                f"{message.function:02X}",
                expected="a function code of annex B (2F to 51) or of the user (E0 to FF)",
                cause="function",
            )
        return list(_Translation(self, message).records())

    def moment(self, field: str, digits: str, fallback: datetime) -> tuple[datetime, str]:
        """Return a BCD time in UTC and, when the clock cannot be right, a note on it.

        Raises:
            Untranslatable: If the digits are no time.
        """
        try:
            local = datetime.strptime(digits, _TIME_FORMATS[len(digits)])  # noqa: DTZ007 - below
        except ValueError as error:
            raise Untranslatable(
                field, digits, expected="a time as YYMMDDhhmm[ss] in BCD", cause="time"
            ) from error
        if local.year < _CENTURY:
            local = local.replace(year=local.year + 100)
        try:
            return in_utc(field, local, self.zone, fallback), ""
        except Untranslatable:
            note = f"the station's clock says {local:%Y-%m-%d %H:%M:%S}; set to the time of receipt"
            return fallback, note


_CENTURY = 2000


class _Translation:
    """One frame on its way to records."""

    def __init__(self, adapter: Sl651, frame: Frame) -> None:
        self._adapter = adapter
        self._frame = frame
        self._now = adapter.now()
        body = frame.body
        if len(body) < _SERIAL + _SENT:
            raise Untranslatable(
                "body", body.hex(), expected="serial number and time of sending, 8 bytes"
            )
        self._serial = int.from_bytes(body[:_SERIAL], "big")
        sent = body[_SERIAL : _SERIAL + _SENT].hex()
        self._sent, self._note = adapter.moment("time of sending", sent, self._now)
        self._sent_digits = sent
        rest = body[_SERIAL + _SENT :]
        self._station, self._class = frame.station, 0
        if rest.startswith(_STATION_GUIDE) and len(rest) >= len(_STATION_GUIDE) + _STATION:
            self._station = rest[2 : 2 + _STATION].hex().upper()
            rest = rest[2 + _STATION :]
            if frame.function in _REPORTS and rest:
                self._class, rest = rest[0], rest[1:]
        self._rest = rest
        self._site = adapter.options.sites.get(self._station, Site())

    def records(self) -> Iterator[Translated]:
        """Yield the frame's records."""
        if self._frame.function not in _REPORTS:
            yield self._report(Elements(), self._rest)
            return
        elements = read_elements(self._rest, self._frame.function)
        count = 0
        for position, group in enumerate(elements.groups):
            for translated in self._observations(position, group):
                count += 1
                yield translated
        if elements.picture:
            count += 1
            yield self._picture(elements)
        if elements.text or not count:
            yield self._report(elements, b"")

    def _observations(self, position: int, group: Group) -> Iterator[Translated]:
        """Yield a record of each kind that a group observes."""
        present = {value.code for value in group.values} | {one.code for one in group.series}
        kinds = [kind for kind, (known, _) in _FIELDS.items() if present & known]
        if not kinds and present - {codes.VOLTAGE}:
            kinds = ["water.level"]
        observed, note = self._sent, self._note
        if group.observed:
            observed, note = self._adapter.moment("time of observation", group.observed, self._now)
        main = kinds[0] if kinds else ""
        for kind in kinds:
            record = self._record(kind, observed, note)
            body = getattr(record, kind.replace(".", "_"))
            self._fill(body, kind, group, is_main=kind == main, observed=observed)
            yield self._translated(record, f"{position}")

    def _fill(
        self, body: Any, kind: str, group: Group, *, is_main: bool, observed: datetime
    ) -> None:
        """Put a group's values into a body; what no kind knows goes into the main one."""
        known, fields = _FIELDS[kind]
        others = frozenset().union(*(held for name, (held, _) in _FIELDS.items() if name != kind))
        body.station_id = self._station
        body.station_title = self._site.title
        if kind == "water.quality":
            body.station_type = f"{self._class:02X}" if self._class else ""
        else:
            body.station_type = codes.CLASSES.get(self._class, 0)
            body.occasion = codes.OCCASIONS.get(self._frame.function, 0)
        body.alarms.extend(group.alarms or ())
        for value in group.values:
            if value.code == codes.VOLTAGE and value.number is not None:
                body.supply_voltage_v = value.number
            elif value.code in fields and value.number is not None:
                setattr(body, fields[value.code], value.number)
            elif value.code in known or (is_main and value.code not in others):
                body.measurements.append(_measurement(value))
        if kind != "water.quality":
            body.series.extend(_series(one, observed) for one in group.series if one.code in known)
        if kind == "water.level":
            self._fill_site(body)

    def _fill_site(self, body: Any) -> None:
        """Put into a level what the city knows of its station."""
        body.datum = self._site.datum
        if self._site.warning_level_m is not None:
            body.warning_level_m = self._site.warning_level_m
        if self._site.guaranteed_level_m is not None:
            body.guaranteed_level_m = self._site.guaranteed_level_m

    def _picture(self, elements: Elements) -> Translated:
        """Return the record of a picture."""
        observed, note = self._sent, self._note
        if elements.groups and elements.groups[0].observed:
            digits = elements.groups[0].observed
            observed, note = self._adapter.moment("time of observation", digits, self._now)
        record = self._record("water.picture", observed, note)
        record.water_picture.station_id = self._station
        record.water_picture.jpeg = elements.picture
        record.water_picture.packets = self._frame.packets
        return self._translated(record, "picture")

    def _report(self, elements: Elements, rest: bytes) -> Translated:
        """Return the record of a message without observations."""
        record = self._record("station.report", self._sent, self._note)
        report = record.station_report
        report.station_id = self._station
        report.function = f"{self._frame.function:02X}"
        report.type = codes.report_type(self._frame.function)
        report.station_clock.FromDatetime(self._sent)
        if elements.text:
            report.text = decode(elements.text.strip(b" \x00"), "F2")
        for group in elements.groups:
            report.alarms.extend(group.alarms or ())
            for value in group.values:
                if value.code == codes.VOLTAGE and value.number is not None:
                    report.supply_voltage_v = value.number
        if self._frame.function == _STATUS_FUNCTION:
            for group in read_elements(rest, self._frame.function).groups:
                report.alarms.extend(group.alarms or ())
        if rest:
            report.attributes.append(quantity.Attribute(key="content", value=rest.hex().upper()))
        return self._translated(record, "report")

    def _record(self, kind: str, observed: datetime, note: str) -> Record:
        """Return a record that lacks only its body."""
        quality = quantity.Quality(level=quantity.QUALITY_LEVEL_VALID)
        if note:
            quality = quantity.Quality(level=quantity.QUALITY_LEVEL_SUSPECT, note=note)
        is_test = self._frame.function == codes.TEST
        return self._adapter.record(
            kind,
            self._station,
            observed_at=observed,
            raw=self._frame.raw,
            source_message_id=f"{self._station}-{self._frame.function:02X}-{self._serial}",
            sent_at=self._sent,
            quality=quality,
            status=records.STATUS_TEST if is_test else records.STATUS_ACTUAL,
            location=self._location(),
            format_version="2014",
        )

    def _location(self) -> Location:
        """Return where the station is, as far as the city knows."""
        location = Location(district=self._site.district)
        if self._site.latitude is not None and self._site.longitude is not None:
            location.point.CopyFrom(
                Point(
                    latitude_deg=self._site.latitude,
                    longitude_deg=self._site.longitude,
                    source_coordinate_system=COORDINATE_SYSTEM_WGS84,
                )
            )
        return location

    def _translated(self, record: Record, part: str) -> Translated:
        """Return a record with what makes its message unique.

        The serial number starts again at 65535 and after a station's reset, so the
        checksum of the frame belongs to it.
        """
        frame = self._frame
        check = frame.raw[-2:].hex()
        unique = f"{frame.station}|{frame.function}|{self._serial}|{self._sent_digits}|{check}"
        return Translated(record, f"{unique}|{part}")


_STATUS_FUNCTION = 0x46


def _measurement(value: Value) -> quantity.Measurement:
    """Return a value under its own code."""
    element = codes.ELEMENTS.get(value.code)
    measurement = quantity.Measurement(code=f"{value.code:02X}", text=value.text)
    if element is not None:
        measurement.title, measurement.unit = element
        measurement.unit_basis = quantity.UNIT_BASIS_STANDARD
    if value.number is not None:
        measurement.value = value.number
    else:
        measurement.quality.CopyFrom(_MISSING)
    return measurement


def _series(one: SeriesValue, observed: datetime) -> water.Series:
    """Return a series that begins at the time of observation."""
    series = water.Series()
    series.code = f"{one.code:02X}"
    series.starts_at.FromDatetime(observed)
    series.step.FromTimedelta(timedelta(minutes=one.step_min))
    for number in one.numbers:
        step = series.steps.add()
        if number is not None:
            step.value = number
    return series
