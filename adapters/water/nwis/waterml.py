"""Read WaterML 1.1 as JSON: ``value.timeSeries[].values[].value[]``."""

import html
from collections.abc import Iterator
from typing import Final, TypeVar

import msgspec

from adapters.sdk.message import Undecodable
from adapters.water.nwis.gathered import Gathered
from adapters.water.nwis.readings import Reading, Readings, Site

T = TypeVar("T")

_SHOWN: Final = 60
_HEAD: Final = 4096
_OGC: Final = b'"FeatureCollection"'


class _Code(msgspec.Struct):
    value: str
    agencyCode: str = ""  # noqa: N815 - WaterML's own names.


class _Geographic(msgspec.Struct):
    latitude: float | None = None
    longitude: float | None = None


class _Geo(msgspec.Struct):
    geogLocation: _Geographic = msgspec.field(default_factory=_Geographic)  # noqa: N815


class _Zone(msgspec.Struct):
    zoneOffset: str = ""  # noqa: N815


class _Zones(msgspec.Struct):
    defaultTimeZone: _Zone = msgspec.field(default_factory=_Zone)  # noqa: N815


class _Property(msgspec.Struct):
    name: str = ""
    value: str = ""


class _Source(msgspec.Struct):
    siteCode: list[_Code]  # noqa: N815
    siteName: str = ""  # noqa: N815
    timeZoneInfo: _Zones = msgspec.field(default_factory=_Zones)  # noqa: N815
    geoLocation: _Geo = msgspec.field(default_factory=_Geo)  # noqa: N815
    siteProperty: list[_Property] = []  # noqa: N815


class _Unit(msgspec.Struct):
    unitCode: str = ""  # noqa: N815


class _Option(msgspec.Struct):
    name: str = ""
    optionCode: str = ""  # noqa: N815


class _Options(msgspec.Struct):
    option: list[_Option] = []


class _Variable(msgspec.Struct):
    variableCode: list[_Code]  # noqa: N815
    variableName: str = ""  # noqa: N815
    unit: _Unit = msgspec.field(default_factory=_Unit)
    options: _Options = msgspec.field(default_factory=_Options)
    noDataValue: float | None = None  # noqa: N815


class _Method(msgspec.Struct):
    methodID: int | str = ""  # noqa: N815
    methodDescription: str | None = ""  # noqa: N815


class _Values(msgspec.Struct):
    value: list[msgspec.Raw] = []
    method: list[_Method] = []


class _Series(msgspec.Struct):
    sourceInfo: _Source  # noqa: N815
    variable: _Variable
    values: list[_Values] = []


class _Value(msgspec.Struct):
    value: str | int | float | None
    dateTime: str  # noqa: N815
    qualifiers: list[str] = []


class _Response(msgspec.Struct):
    timeSeries: list[msgspec.Raw]  # noqa: N815


class _Document(msgspec.Struct):
    value: _Response


_document: Final = msgspec.json.Decoder(_Document)
_series: Final = msgspec.json.Decoder(_Series)
_value: Final = msgspec.json.Decoder(_Value)


def read(raw: bytes) -> Iterator[Readings | Undecodable]:
    """Yield all that a document says of each site at each time, in the document's order.

    A series without values says nothing. What is not as it should be is yielded as it
    stands: the document, a series, or a single value.
    """
    document = _parsed(_document, raw, "the document", "WaterML 1.1 as JSON")
    if isinstance(document, Undecodable) and _OGC in raw[:_HEAD]:
        reason = (
            "the document is GeoJSON of the newer interface (api.waterdata.usgs.gov), which is not "
            "read; expected WaterML 1.1 or RDB: poll waterservices.usgs.gov/nwis/iv/?format=json"
        )
        yield Undecodable(raw, "json", reason)
        return
    if isinstance(document, Undecodable):
        yield document
        return
    gathered = Gathered()
    for part in document.value.timeSeries:
        yield from _take(bytes(part), gathered)
    yield from gathered.readings()


def _take(part: bytes, gathered: Gathered) -> Iterator[Undecodable]:
    """Sort a series' values by site and time; yield those that are none."""
    series = _parsed(_series, part, "a series", "sourceInfo, variable and values")
    if isinstance(series, Undecodable):
        yield series
        return
    if not (series.sourceInfo.siteCode and series.variable.variableCode):
        yield Undecodable(part, "missing", "a series lacks siteCode or variableCode; expected both")
        return
    site = _site(series.sourceInfo)
    several = len(series.values) > 1
    for values in series.values:
        blank = _blank(series.variable, _method(values) if several else "")
        for item in map(bytes, values.value):
            value = _parsed(_value, item, f"a value of {site.number} {blank.parameter}", "a value")
            if isinstance(value, Undecodable):
                yield value
                continue
            gathered.add(site, value.dateTime, _reading(blank, value), item)


def _reading(blank: Reading, value: _Value) -> Reading:
    return Reading(
        parameter=blank.parameter,
        text="" if value.value is None else str(value.value).strip(),
        qualifiers=tuple(value.qualifiers),
        statistic=blank.statistic,
        unit=blank.unit,
        title=blank.title,
        method=blank.method,
        no_data=blank.no_data,
    )


def _blank(variable: _Variable, method: str) -> Reading:
    """Return what all values of a series have in common."""
    statistics = (one.optionCode for one in variable.options.option if one.name == "Statistic")
    return Reading(
        parameter=variable.variableCode[0].value,
        text="",
        statistic=next(statistics, ""),
        unit=variable.unit.unitCode,
        title=html.unescape(variable.variableName),
        method=method,
        no_data=variable.noDataValue,
    )


def _method(values: _Values) -> str:
    """Return which sensor: its description, or the method's number."""
    methods = (one.methodDescription or str(one.methodID) for one in values.method)
    return next(filter(None, methods), "")


def _site(source: _Source) -> Site:
    """Return the site of a series."""
    code, place = source.siteCode[0], source.geoLocation.geogLocation
    kinds = (one.value for one in source.siteProperty if one.name == "siteTypeCd")
    return Site(
        number=code.value,
        agency=code.agencyCode,
        title=source.siteName,
        kind=next(kinds, ""),
        latitude=place.latitude,
        longitude=place.longitude,
        offset=source.timeZoneInfo.defaultTimeZone.zoneOffset,
    )


def _parsed(
    decoder: "msgspec.json.Decoder[T]", raw: bytes, what: str, expected: str
) -> T | Undecodable:
    """Parse a part of the document."""
    try:
        return decoder.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        shown = raw[:_SHOWN].decode("utf-8", errors="replace")
        reason = f"{what} cannot be read ({error}): {shown!r}; expected {expected}"
        return Undecodable(raw, "json", reason)
