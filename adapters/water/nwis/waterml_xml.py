"""Read WaterML 1.1 as XML, which NWIS sends when it is not asked for another format.

``timeSeriesResponse`` of ``timeSeries``, each with ``sourceInfo``, ``variable`` and ``values``.
"""

import html
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final
from xml.etree.ElementTree import Element, tostring

from adapters.sdk.elements import Children, name_of
from adapters.sdk.markup import MarkupRefused, parse
from adapters.sdk.message import Undecodable
from adapters.water.nwis.gathered import Gathered
from adapters.water.nwis.readings import Reading, Readings, Site

_ROOT: Final = "timeSeriesResponse"


def read_xml(raw: bytes) -> Iterator[Readings | Undecodable]:
    """Yield all that a document says of each site at each time, in the document's order."""
    try:
        root = parse(raw)
    except MarkupRefused as refusal:
        yield Undecodable(raw, refusal.cause, str(refusal))
        return
    if name_of(root) != _ROOT:
        reason = (
            f"the document is XML, but its root is <{name_of(root)[:120]}>; expected "
            f"<{_ROOT}> of WaterML 1.1, or RDB or JSON"
        )
        yield Undecodable(raw, "waterml", reason)
        return
    gathered = Gathered()
    for series in Children(root).named("timeSeries"):
        yield from _take(series, gathered)
    yield from gathered.readings()


def _take(series: Element, gathered: Gathered) -> Iterator[Undecodable]:
    """Sort a series' values by site and time; yield a series or value that is none."""
    inside = Children(series)
    source, variable = _only(inside.named("sourceInfo")), _only(inside.named("variable"))
    site = _site(source)
    blank = _blank(variable)
    if not (site.number and blank.parameter):
        reason = "a series lacks siteCode or variableCode; expected both"
        yield Undecodable(tostring(series), "missing", reason)
        return
    several = inside.named("values")
    for values in several:
        method = _method(Children(values)) if len(several) > 1 else ""
        for value in Children(values).named("value"):
            time = value.get("dateTime", "")
            reading = replace(
                blank,
                text=(value.text or "").strip(),
                qualifiers=tuple(value.get("qualifiers", "").replace(",", " ").split()),
                method=method,
            )
            if time:
                gathered.add(site, time, reading, tostring(value))
            else:
                reason = f"a value of {site.number} {blank.parameter} has no dateTime; expected one"
                yield Undecodable(tostring(value), "missing", reason)


def _only(elements: Sequence[Element]) -> Children:
    """Return the children of the first of some elements; of none, none."""
    return Children(elements[0] if elements else Element("nothing"))


def _blank(variable: Children) -> Reading:
    """Return what all values of a series have in common."""
    options = _only(variable.named("options")).named("option")
    codes = (one.get("optionCode", "") for one in options if one.get("name") == "Statistic")
    return Reading(
        parameter=variable.text("variableCode"),
        text="",
        statistic=next(codes, ""),
        unit=_only(variable.named("unit")).text("unitCode"),
        title=html.unescape(variable.text("variableName")),
        no_data=_number(variable.text("noDataValue")),
    )


def _method(values: Children) -> str:
    """Return which sensor: its description, or the method's number."""
    for element in values.named("method"):
        return Children(element).text("methodDescription") or element.get("methodID", "")
    return ""


def _site(source: Children) -> Site:
    """Return the site of a series."""
    codes = source.named("siteCode")
    place = _only(_only(source.named("geoLocation")).named("geogLocation"))
    zones = _only(source.named("timeZoneInfo")).named("defaultTimeZone")
    properties = source.named("siteProperty")
    kinds = ((one.text or "").strip() for one in properties if one.get("name") == "siteTypeCd")
    return Site(
        number=source.text("siteCode"),
        agency=codes[0].get("agencyCode", "") if codes else "",
        title=source.text("siteName"),
        kind=next(kinds, ""),
        latitude=_number(place.text("latitude")),
        longitude=_number(place.text("longitude")),
        offset=zones[0].get("zoneOffset", "") if zones else "",
    )


def _number(text: str) -> float | None:
    """Return a number, or None."""
    try:
        return float(text)
    except ValueError:
        return None
