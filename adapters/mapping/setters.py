"""Make the steps that fill one field from its source."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from adapters.mapping import steps
from adapters.mapping.columns import Columns, Compose, braced
from adapters.mapping.fields import Shape, Target
from adapters.mapping.measures import unit_of
from adapters.mapping.moments import USUAL, time_reader
from adapters.mapping.problems import Problems, listed, near
from adapters.mapping.schema import KEEP, QUARANTINE, Mapping, Source
from adapters.mapping.steps import Apply, ReadWord, Step
from adapters.mapping.unfit import Unfit
from adapters.mapping.values import Read, reader, refusal, translated, with_commas, words_of
from adapters.sdk.clock import Moment
from adapters.sdk.coordinates import to_wgs84
from adapters.sdk.units import Conversion, UnknownUnit, conversion, ucum, units_like

_WORDS = frozenset({Shape.WORD, Shape.QUALITY})
_NOT_READ = frozenset({Shape.TIME, Shape.POINT})


class Setters:
    """Makes steps, and notes what is wrong with their sources.

    Args:
        mapping: The mapping.
        columns: Its columns.
        zone: The zone of times that have none.
        now: Returns the time now, UTC.
        problems: Gets what is wrong.
    """

    def __init__(
        self,
        mapping: Mapping,
        columns: Columns,
        zone: ZoneInfo,
        now: Callable[[], datetime],
        problems: Problems,
    ) -> None:
        self._mapping = mapping
        self._columns = columns
        self._zone = zone
        self._now = now
        self._problems = problems
        self.nulls = frozenset({"", *mapping.nulls})

    def steps(self, target: Target, source: Source) -> list[Step]:
        """Return what fills a field; none when the source is wrong."""
        self._check_keys(target, source)
        before = len(self._problems.found)
        apply = self._apply(target, source, f"fields.{target.path}")
        if apply is None or len(self._problems.found) > before:
            return []
        names = _columns_of(source)
        where = f"fields.{target.path}"
        numbers = tuple(self._columns.number(name, where) for name in names)
        return [Step(", ".join(names), numbers, target.path, apply)]

    def read(self, target: Target, source: Source, where: str) -> Read:
        """Return what reads a text for a field that is neither a time nor a point."""
        convert = self._conversion(target, source, where)
        read = reader(target.field, target.shape, convert, mask=source.mask)
        return with_commas(read) if source.decimal == "," else read

    def times(self, source: Source, where: str) -> Callable[[str], Moment]:
        """Return what reads times."""
        zone, forms = self._zone, source.format or USUAL
        if source.time_zone:
            try:
                zone = ZoneInfo(source.time_zone)
            except (ZoneInfoNotFoundError, ValueError):
                self._problems.add(
                    f"{where}.time_zone",
                    f"there is no time zone {source.time_zone!r}",
                    "one such as Asia/Shanghai",
                )
        forms = (forms,) if isinstance(forms, str) else forms
        try:
            return time_reader(forms, zone, end_of_day=source.end_of_day)
        except ValueError as error:
            self._problems.add(
                f"{where}.format",
                f"{' or '.join(map(repr, forms))} {error}",
                "a format such as %Y-%m-%d %H:%M:%S, or iso, unix, unix_ms, excel",
            )
            return time_reader(USUAL, zone)

    def _apply(self, target: Target, source: Source, where: str) -> Apply | None:
        """Return what fills a field."""
        if target.shape is Shape.POINT:
            return self._point(target, source, where)
        if source.received:
            return steps.reception(target, self._now)
        compose = self._compose(source, where)
        if target.shape is Shape.TIME:
            read = self.times(source, where)
            if target.path == "observed_at":
                return steps.observation(compose, read, self._now)
            return steps.time(target, compose, read)
        return self._words(target, source, compose, self._word(target, source, where))

    @staticmethod
    def _words(target: Target, source: Source, compose: Compose, word: ReadWord) -> Apply:
        """Return what fills a field with one word, or with several."""
        if target.is_list:
            return steps.entries(target, compose, word, source.separator)
        if target.shape is Shape.QUALITY:
            return steps.quality(compose, word)
        return steps.scalar(target, compose, word)

    def _compose(self, source: Source, where: str) -> Compose:
        """Return what takes the text out of a row."""
        nulls = self.nulls | set(source.nulls)
        if source.template:
            return self._columns.template(source.template, f"{where}.template", nulls)
        return self._columns.cell(source.column, f"{where}.column", nulls)

    def _point(self, target: Target, source: Source, where: str) -> Apply | None:
        """Return what fills a point."""
        system = source.coordinate_system or self._mapping.coordinate_system
        if source.latitude:
            nulls = self.nulls | set(source.nulls)
            north = self._columns.cell(source.latitude, f"{where}.latitude", nulls)
            east = self._columns.cell(source.longitude, f"{where}.longitude", nulls)
            return steps.point(target, source, north, east, system)
        if not (source.column and source.points):
            self._problems.add(
                where,
                "names no coordinates",
                "`latitude` with `longitude`, or `column` with `points`",
            )
            return None
        places = {}
        for word, (north_deg, east_deg) in source.points.items():
            if not (-90 <= north_deg <= 90 and -180 <= east_deg <= 180):  # noqa: PLR2004
                self._problems.add(
                    f"{where}.points.{word}",
                    f"is [{north_deg}, {east_deg}]",
                    "[latitude, longitude]",
                )
            places[word] = to_wgs84(north_deg, east_deg, system)
        strict = source.otherwise == QUARANTINE
        return steps.place_of(target, self._compose(source, where), places, strict=strict)

    def _conversion(self, target: Target, source: Source, where: str) -> Conversion | None:
        """Return what turns a column's unit into the field's."""
        if not source.unit:
            return None
        where = f"{where}.unit"
        unit = unit_of(target.field.name)
        if target.shape not in {Shape.REAL, Shape.WHOLE} or unit is None:
            self._problems.add(where, f"{target.path} has no unit", "no `unit` here")
            return None
        try:
            given = ucum(source.unit, where=where)
        except UnknownUnit:
            like = listed(units_like(unit))
            self._problems.add(where, f"there is no unit {source.unit!r}", like)
            return None
        found = conversion(given, unit)
        if found is None:
            self._problems.add(
                where, f"{source.unit!r} does not convert to {unit}", listed(units_like(unit))
            )
        return None if given == unit else found

    def _word(self, target: Target, source: Source, where: str) -> ReadWord:
        """Return what reads a column's words for a field."""
        read = self.read(target, source, where)
        is_table = source.values or source.otherwise not in {QUARANTINE, KEEP}
        if not is_table:
            return lambda text, _: read(text)
        meanings = source.values
        if not meanings and target.shape in _WORDS:
            meanings = {word: word for word in words_of(target.field)}
        table = {
            word: self._meaning(target, read, meaning, f"{where}.values.{word}")
            for word, meaning in meanings.items()
        }
        fallback, otherwise = None, None
        if source.otherwise == QUARANTINE:
            fallback = refusal(table)
        elif source.otherwise == KEEP:
            fallback = read
        else:
            otherwise = self._meaning(target, read, source.otherwise, f"{where}.otherwise")
        return translated(table, fallback, otherwise, source.column or source.template)

    def _meaning(self, target: Target, read: Read, meaning: str, where: str) -> Any:
        """Return what a table's word means, as the field takes it."""
        try:
            return read(meaning)
        except Unfit as unfit:
            self._problems.add(
                where,
                f"{meaning!r} is nothing for {target.path}",
                unfit.expected,
                near(meaning, words_of(target.field)),
            )
            return None

    def _check_keys(self, target: Target, source: Source) -> None:
        """Note keys that say nothing about a field of this shape."""
        shape = target.shape
        idle = {
            "format": source.format and shape is not Shape.TIME,
            "end_of_day": source.end_of_day and shape is not Shape.TIME,
            "time_zone": source.time_zone and shape is not Shape.TIME,
            "received": source.received and shape is not Shape.TIME,
            "values": source.values and shape in _NOT_READ,
            "points": source.points and shape is not Shape.POINT,
            "latitude": source.latitude and shape is not Shape.POINT,
            "coordinate_system": source.coordinate_system and shape is not Shape.POINT,
            "mask": source.mask and shape is not Shape.TEXT,
            "decimal": source.decimal == "," and shape not in {Shape.REAL, Shape.WHOLE},
            "separator": source.separator and not target.is_list,
        }
        for key in (key for key, is_idle in idle.items() if is_idle):
            self._problems.add(
                f"fields.{target.path}.{key}",
                f"`{key}` says nothing about {shape.value}",
                f"no `{key}` here, as {target.path} takes {shape.value}",
            )


def _columns_of(source: Source) -> list[str]:
    """Return the columns that a source reads."""
    if source.template:
        return braced(source.template)
    return [name for name in (source.column, source.latitude, source.longitude) if name]
