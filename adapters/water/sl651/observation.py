"""From what was observed at one time to the bodies of records, one for each kind."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from google.protobuf.duration_pb2 import Duration

from adapters.sdk.clock import Moment
from adapters.water.sl651 import codes
from adapters.water.sl651.content import Group, Section, SeriesValue, Value
from adapters.water.sl651.options import Site
from liandong.quantity.v1 import quantity_pb2 as quantity
from liandong.water.v1 import water_pb2 as water

LEVEL: Final = "water.level"
RAINFALL: Final = "water.rainfall"
QUALITY: Final = "water.quality"

Body = water.Level | water.Rainfall | water.WaterQuality


class _Kind(NamedTuple):
    """What a kind's body takes."""

    body: type[Body]
    known: frozenset[int]
    """Elements that belong to it."""
    fields: dict[int, str]
    """Those of them that have a field."""


_KINDS: Final = {
    LEVEL: _Kind(water.Level, codes.LEVEL_CODES, codes.LEVEL_FIELDS),
    RAINFALL: _Kind(water.Rainfall, codes.RAIN_CODES, codes.RAIN_FIELDS),
    QUALITY: _Kind(water.WaterQuality, codes.QUALITY_CODES, codes.QUALITY_FIELDS),
}
_KNOWN: Final = frozenset().union(*(kind.known for kind in _KINDS.values()))
_MAIN: Final = {0x50: RAINFALL, 0x51: QUALITY}
"""Classes whose main kind is not the level."""
_MISSING: Final = quantity.Quality(
    level=quantity.QUALITY_LEVEL_MISSING, note="the station has no value"
)
_BAD: Final = quantity.Quality(
    level=quantity.QUALITY_LEVEL_INVALID, note="the digits are no decimal number"
)
_MINUTE_S: Final = 60


class Observation(NamedTuple):
    """A body, and when the world was so."""

    kind: str
    body: Body
    observed: Moment


def observations(
    section: Section,
    group: Group,
    function: int,
    observed: Moment,
    site: Site,
    *,
    sent: Moment | None = None,
) -> Iterator[Observation]:
    """Yield what one group of a station observed; nothing where it observed nothing.

    An element that belongs to no kind goes to the first one that is there, and to the
    main one of the station's class where none is.

    Args:
        section: The station's part of the body.
        group: The group.
        function: Function code of the message.
        observed: Its time of observation.
        site: What the city knows of the station.
        sent: When the message was sent, after which nothing in it was observed; None: that is
            not known.
    """
    present = {value.code for value in group.values} | {one.code for one in group.series}
    # How long something took tells no rain by itself: pumps and intakes say it too.
    telling = present - {codes.DURATION}
    kinds = [name for name, kind in _KINDS.items() if telling & kind.known]
    if not kinds and (present - {codes.VOLTAGE} or group.series):
        kinds = [_MAIN.get(section.station_class, LEVEL)]
    for name in kinds:
        accepted = _KINDS[name].known
        if name == kinds[0]:
            accepted |= present - _KNOWN
            if RAINFALL not in kinds:
                accepted |= {codes.DURATION}
        series = [one for one in group.series if one.code in accepted]
        values = [one for one in group.values if one.code in accepted | {codes.VOLTAGE}]
        if name != QUALITY:
            body = _body(name, section, function, site)
            _fill(body, name, values, group.alarms)
            assert not isinstance(body, water.WaterQuality)
            body.series.extend(_series(one, _first(one, observed, sent), site) for one in series)
            yield Observation(name, body, observed)
            continue
        if values or group.alarms or not series:
            body = _body(name, section, function, site)
            _fill(body, name, values, group.alarms)
            yield Observation(name, body, observed)
        for one in series:
            first = _first(one, observed, sent)
            yield from _one_by_one(one, section, function, first, site)


def _first(one: SeriesValue, observed: Moment, sent: Moment | None) -> Moment:
    """Return when the first value of a series was observed.

    That is the time of observation (clauses 6.6.2.8 d and 6.6.4.7). Stations that give the
    last value's time instead are known by values that they could not yet have had.
    """
    step_s = one.step_min * _MINUTE_S
    span_s = step_s * max(len(one.numbers) - 1, 0)
    if sent is None or observed.seconds + span_s <= sent.seconds + step_s:
        return observed
    return Moment(observed.seconds - span_s, observed.nanos)


def _one_by_one(
    one: SeriesValue, section: Section, function: int, observed: Moment, site: Site
) -> Iterator[Observation]:
    """Yield each value of a series by itself: water quality has no field for a series."""
    for place, number in enumerate(one.numbers):
        body = _body(QUALITY, section, function, site)
        _fill(body, QUALITY, [Value(one.code, number, name=one.name)], [])
        seconds = observed.seconds + place * one.step_min * _MINUTE_S
        yield Observation(QUALITY, body, Moment(seconds, 0))


def _body(name: str, section: Section, function: int, site: Site) -> Body:
    """Return a kind's body without values."""
    body = _KINDS[name].body(station_id=section.station, station_title=site.title)
    if isinstance(body, water.WaterQuality):
        body.station_type = f"{section.station_class:02X}" if section.station_class else ""
        return body
    body.station_type = codes.CLASSES.get(section.station_class, water.STATION_TYPE_UNSPECIFIED)
    body.occasion = codes.OCCASIONS.get(function, water.OCCASION_UNSPECIFIED)
    if isinstance(body, water.Level):
        body.datum = site.datum
        if site.warning_level_m is not None:
            body.warning_level_m = site.warning_level_m
        if site.guaranteed_level_m is not None:
            body.guaranteed_level_m = site.guaranteed_level_m
    return body


def _fill(body: Body, name: str, values: list[Value], alarms: list[str]) -> None:
    """Put values into a body: into its fields once, and else among its measurements."""
    fields = _KINDS[name].fields
    body.alarms.extend(alarms)
    for value in values:
        field = "supply_voltage_v" if value.code == codes.VOLTAGE else fields.get(value.code, "")
        if field and value.number is not None and not body.HasField(field):  # type: ignore[arg-type]
            setattr(body, field, value.number)
        else:
            body.measurements.append(_measurement(value))


def _measurement(value: Value) -> quantity.Measurement:
    """Return a value under its own code."""
    measurement = quantity.Measurement(code=value.label, text=value.text)
    element = codes.ELEMENTS.get(value.code)
    if element is not None:
        measurement.title, measurement.unit = element
        measurement.unit_basis = quantity.UNIT_BASIS_STANDARD
    if value.number is not None:
        measurement.value = value.number
    elif value.is_bad:
        measurement.quality.CopyFrom(_BAD)
    elif not value.text:
        measurement.quality.CopyFrom(_MISSING)
    return measurement


def _series(one: SeriesValue, observed: Moment, site: Site) -> water.Series:
    """Return a series; the first value of a period is observed at the end of its step."""
    series = water.Series(code=one.label)
    step_s = one.step_min * _MINUTE_S
    series.starts_at.seconds = observed.seconds - (step_s if one.code in codes.PERIODS else 0)
    series.step.CopyFrom(Duration(seconds=step_s))
    base = site.level_base_m if one.code in codes.LEVEL_SERIES and site.level_base_m else 0.0
    for number in one.numbers:
        step = series.steps.add()
        if number is not None:
            # Relative levels are whole centimetres, and so is what a base makes of them.
            step.value = round(number + base, 3) if base else number
    return series
