"""What is done for each field of each row: closures, made once."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from adapters.mapping.columns import Compose, Values
from adapters.mapping.fields import Target
from adapters.mapping.moments import require_plausible
from adapters.mapping.problems import listed
from adapters.mapping.schema import Source
from adapters.mapping.unfit import Unfit
from adapters.sdk.clock import Moment, moment_of
from adapters.sdk.coordinates import CoordinateSystem, to_wgs84
from adapters.sdk.numbers import finite
from liandong.place.v1 import place_pb2 as place
from liandong.record.v1.record_pb2 import Record

Apply = Callable[[Record, Values, list[str]], None]
"""Fills a field of a record from a row's values; a doubt goes to the list.

Raises:
    Unfit: A value cannot fill it.
"""
ReadWord = Callable[[str, list[str]], Any]

_SEPARATORS: Final = re.compile(r"[,;、，；|\n]+")  # noqa: RUF001 - Chinese commas are meant.
_FLAG: Final = 64
_HALF_TURN: Final = 180.0
_SYSTEMS: Final = {
    CoordinateSystem.WGS84: place.COORDINATE_SYSTEM_WGS84,
    CoordinateSystem.GCJ02: place.COORDINATE_SYSTEM_GCJ02,
    CoordinateSystem.BD09: place.COORDINATE_SYSTEM_BD09,
}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is done with each row.

    Attributes:
        columns: The columns that it reads, for errors.
        numbers: Their numbers.
        path: The field that it fills, for errors.
        apply: Does it.
    """

    columns: str
    numbers: tuple[int, ...]
    path: str
    apply: Apply


def demand(compose: Compose) -> Apply:
    """Return what refuses a row in which a column is null."""

    def apply(_: Record, values: Values, __: list[str]) -> None:
        if not compose(values):
            raise Unfit("a value", "required")

    return apply


def scalar(target: Target, compose: Compose, read: ReadWord) -> Apply:
    """Return what fills a text, a number, a flag or a word."""
    hold, name = target.holder(), target.field.name

    def apply(record: Record, values: Values, doubts: list[str]) -> None:
        text = compose(values)
        if text:
            setattr(hold(record), name, read(text, doubts))

    return apply


def quality(compose: Compose, read: ReadWord) -> Apply:
    """Return what fills the level of quality, and keeps the source's flag beside it."""

    def apply(record: Record, values: Values, doubts: list[str]) -> None:
        text = compose(values)
        if text:
            record.quality.level = read(text, doubts)
            record.quality.source_flag = text[:_FLAG]

    return apply


def entries(target: Target, compose: Compose, read: ReadWord, separator: str) -> Apply:
    """Return what fills a list, or a field of several entries, from one column's words."""
    name = target.field.name
    parts = re.compile(re.escape(separator)) if separator else _SEPARATORS
    hold = target.holder() if target.field.is_repeated else None
    entry = None if hold is not None else target.entry()

    def apply(record: Record, values: Values, doubts: list[str]) -> None:
        words = [word for part in parts.split(compose(values)) if (word := part.strip())]
        for number, word in enumerate(words):
            value = read(word, doubts)
            if hold is not None:
                getattr(hold(record), name).append(value)
            elif entry is not None:
                setattr(entry(record, number), name, value)

    return apply


def time(target: Target, compose: Compose, read: Callable[[str], Moment]) -> Apply:
    """Return what fills a time."""
    hold, name = target.holder(), target.field.name

    def apply(record: Record, values: Values, _: list[str]) -> None:
        text = compose(values)
        if text:
            read(text).write(getattr(hold(record), name))

    return apply


def observation(
    compose: Compose, read: Callable[[str], Moment], now: Callable[[], datetime]
) -> Apply:
    """Return what fills the time of observation, which must be there and be plausible."""

    def apply(record: Record, values: Values, _: list[str]) -> None:
        text = compose(values)
        if not text:
            raise Unfit("a time", "time")
        moment = read(text)
        require_plausible(moment, now())
        moment.write(record.observed_at)

    return apply


def reception(target: Target, now: Callable[[], datetime]) -> Apply:
    """Return what fills a time with that at which the row is read."""
    hold, name = target.holder(), target.field.name

    def apply(record: Record, _: Values, __: list[str]) -> None:
        moment_of(now()).write(getattr(hold(record), name))

    return apply


def point(
    target: Target, source: Source, north: Compose, east: Compose, system: CoordinateSystem
) -> Apply:
    """Return what fills a point in WGS-84; 0, 0 stands for none."""
    hold, name = target.holder(), target.field.name
    stated = _SYSTEMS[system]

    def apply(record: Record, values: Values, doubts: list[str]) -> None:
        texts = north(values), east(values)
        if not any(texts):
            return
        latitude = _degrees(texts[0], "latitude", _HALF_TURN / 2, source.latitude)
        longitude = _degrees(texts[1], "longitude", _HALF_TURN, source.longitude)
        if latitude == longitude == 0.0:
            doubts.append("the point 0, 0 stands for none")
            return
        found = getattr(hold(record), name)
        found.latitude_deg, found.longitude_deg = to_wgs84(latitude, longitude, system)
        found.source_coordinate_system = stated

    return apply


def place_of(
    target: Target, compose: Compose, places: Mapping[str, tuple[float, float]], *, strict: bool
) -> Apply:
    """Return what fills a point by a word that stands for it.

    Args:
        target: The point.
        compose: Returns the word.
        places: Latitude and longitude in WGS-84 of each word.
        strict: Whether a word that is none of them refuses the row; else it is a doubt.
    """
    hold, name = target.holder(), target.field.name
    expected = listed(places)

    def apply(record: Record, values: Values, doubts: list[str]) -> None:
        word = compose(values)
        if not word:
            return
        if word not in places:
            if strict:
                raise Unfit(expected, remedy="add the word to `points`, or set `otherwise`")
            doubts.append(f"the place of {word[:40]!r} is not known")
            return
        found = getattr(hold(record), name)
        found.latitude_deg, found.longitude_deg = places[word]

    return apply


def _degrees(text: str, what: str, most: float, column: str) -> float:
    """Read a coordinate."""
    degrees = finite(text)
    expected = f"degrees of {what} from {-most:g} to {most:g}"
    if degrees is None:
        remedy = "write it as a decimal number, such as 32.05"
        raise Unfit(expected, "coordinate", remedy, value=text, column=column)
    if not -most <= degrees <= most:
        # Beyond any longitude no exchange explains it.
        exchanged = "see that latitude and longitude are not exchanged"
        remedy = exchanged if abs(degrees) <= _HALF_TURN else ""
        raise Unfit(expected, "coordinate", remedy, value=text, column=column)
    return degrees
