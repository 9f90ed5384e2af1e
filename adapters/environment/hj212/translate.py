"""From a frame to the body of a record: which kind it is, and what goes into it."""

from collections.abc import Sequence
from typing import Final

import msgspec

from adapters.environment.hj212.body import Body, body_of, quality_of, state_each
from adapters.environment.hj212.codes import (
    AIR,
    AVERAGING,
    DISCHARGE,
    SUBJECTS,
    WATER,
    Subject,
    subject_by_factors,
)
from adapters.environment.hj212.factors import UNBOUNDED, Factors
from adapters.environment.hj212.items import Factor, items_of
from adapters.environment.hj212.layout import Reading, Template, mark, read
from adapters.environment.hj212.measure import VALUES, Measured, measure, preferred
from adapters.environment.hj212.merge import Merger, Union, packet_of
from adapters.environment.hj212.options import Hj212Options
from adapters.environment.hj212.segment import Segment
from adapters.sdk.clock import Clock, Moment
from adapters.sdk.errors import Untranslatable
from liandong.quantity.v1 import quantity_pb2 as quantity
from liandong.water.v1 import water_pb2 as water

_TEMPLATES: Final = 1024
_ONE_BYTE: Final = 127
"""Longest text whose length protobuf writes in one byte."""
_SHORT: Final = (8, 10, 12)
"""Digits of a DataTime that ends with the day, the hour or the minute."""
_WRITTEN_OUT: Final = 19
"""Characters of ``2026-06-01 12:00:00``, as some loggers write it."""
_NO_SEPARATORS: Final = str.maketrans("", "", "-/: T")
_VALID: Final = quantity.QUALITY_LEVEL_VALID
_SUSPECT: Final = quantity.QUALITY_LEVEL_SUSPECT
_NORMAL: Final = {
    True: quantity.Quality(level=_VALID, source_flag="N"),
    False: quantity.Quality(level=_VALID),
}
_STATION: Final = {AIR: "station_id", DISCHARGE: "outlet_id", WATER: "station_id"}


class Observation(msgspec.Struct, frozen=True, gc=False):
    """What a data message states, ready to be put into a record."""

    kind: str
    observed: Moment
    quality: quantity.Quality
    body: bytes
    """The kind's message, encoded."""
    template: Template | None = None
    """The layout by which it was read, when it took the short way."""


class Translator:
    """Turns data messages (CN 2011, 2031, 2051, 2061) into observations.

    Remembers two things, both bounded: split messages, and templates of layouts.
    """

    def __init__(self, options: Hj212Options, clock: Clock) -> None:
        self._factors = Factors(options)
        self._strict = options.unknown_factors == "quarantine"
        self._clock = clock
        self._merger = Merger(options.open_messages)
        self._templates: dict[tuple[object, ...], Template | None] = {}

    def observe(self, segment: Segment) -> Observation:
        """Translate one data message.

        Raises:
            Untranslatable: No time, a packet number beyond the announced, no factor
                that tells water from air under an unknown system type, or, where the
                feed says so, a factor without a unit.
        """
        if not (segment.packets or segment.packet or segment.others):
            reading = read(segment.parameters)
            if reading is not None and (short := self._short_way(segment, reading)):
                return short
        return self._long_way(segment)

    def _short_way(self, segment: Segment, reading: Reading) -> Observation | None:
        subject = SUBJECTS.get(segment.st)
        if subject is None or reading.names[0] != "DataTime":
            return None
        profile = self._factors.profile(segment.mn)
        key = (profile, segment.st, segment.cn, reading.separators, reading.names)
        try:
            template = self._templates[key]
        except KeyError:
            # Once is no habit: a template is made when a layout comes again.
            if len(self._templates) >= _TEMPLATES:
                self._templates.clear()
            self._templates[key] = None
            return None
        if template is None:
            template = self._template(profile, segment, subject, reading)
            if template is None:
                return None
            self._templates[key] = template
        body = template.fill(reading.values)
        station = segment.mn.encode()
        if body is None or len(station) > _ONE_BYTE:
            return None
        observed = self._observed(segment, reading.values[0])
        # Field 1 of every body is the station's number.
        head = b"\x0a%c%b" % (len(station), station)
        return Observation(subject.kind, observed, _NORMAL[template.flagged], head + body, template)

    def _template(
        self, profile: str, segment: Segment, subject: Subject, reading: Reading
    ) -> Template | None:
        """Make a template by sending a specimen the long way; None: the layout is not usual."""
        places = ";".join(f"{name}={place}" for place, name in enumerate(reading.names))
        items = items_of(places)
        if len(items.plain) != 1 or len(items.factors) == 0:
            return None
        averaging = AVERAGING[segment.cn]
        measured: list[Measured] = []
        flags: list[int] = []
        scales: dict[int, float] = {}
        bounds: dict[int, tuple[float, float]] = {}
        for factor in items.factors:
            numbers = {n: int(place) for n, place in factor.values.items() if n in VALUES}
            rest = {n: int(place) for n, place in factor.values.items() if n not in VALUES}
            if not numbers or rest.keys() - {"Flag"}:
                return None
            flags += rest.values()
            definition = self._factors.definition(profile, subject, factor.code)
            if self._strict and not definition.unit:
                return None
            specimen = {name: repr(mark(place)) for name, place in numbers.items()}
            specimen |= dict.fromkeys(rest, "N")
            one = measure(
                Factor(factor.code, specimen), definition._replace(bounds=UNBOUNDED), averaging
            )
            if one.field:
                place = next(numbers[n] for n in preferred(averaging) if n in numbers)
                scales[place] = definition.scale
                if definition.bounds != UNBOUNDED:
                    bounds[place] = definition.bounds
                one = one._replace(amount=mark(place, typed=True))
            measured.append(one)
        if len(flags) not in {0, len(measured)}:
            return None
        body = body_of(subject, segment.st, averaging, measured)
        return Template(body.SerializeToString(), flags, scales, bounds)

    def _long_way(self, segment: Segment) -> Observation:
        items = items_of(segment.parameters)
        data_time = items.plain_value("DataTime")
        number, total = packet_of(segment)
        factors = items.factors + items.bare()
        if number > 1 and not data_time:
            data_time = self._merger.begun(segment.mn, segment.cn, number, total, factors)
        observed = self._observed(segment, data_time)
        union = Union(0, (), factors)
        if total:
            key = (segment.mn, segment.cn, data_time or segment.qn)
            union = self._merger.add(key, number, total, factors)
        factors = union.factors
        subject = SUBJECTS.get(segment.st)
        doubt = ""
        if subject is None:
            subject, doubt = _guess(segment, factors)
        if cut := [one.code for one in factors if _is_rest_of_number(one)]:
            doubt = f"{doubt} {cut[0]!r} stands alone: the comma before it may be a number's."
            doubt = doubt.strip()
        averaging = AVERAGING[segment.cn]
        profile = self._factors.profile(segment.mn)
        measured = []
        for factor in factors:
            definition = self._factors.definition(profile, subject, factor.code)
            if self._strict and not definition.unit:
                raise _no_unit(factor.code)
            measured.append(measure(factor, definition, averaging, self._clock))
        quality = quality_of(measured, doubt)
        if quality.level != _VALID:
            state_each(measured)
        if number <= 1:
            # A vendor's own fields of the head have no place but among the measurements.
            for name, value in segment.others:
                definition = self._factors.definition(profile, subject, name or "-")
                measured.append(measure(Factor(name, {"value": value}), definition, averaging))
        body = body_of(subject, segment.st, averaging, measured)
        setattr(body, _STATION[subject.kind], segment.mn)
        _packets(body, union)
        return Observation(subject.kind, observed, quality, body.SerializeToString())

    def _observed(self, segment: Segment, data_time: str) -> Moment:
        if data_time:
            # Of an hour or a day, some loggers write no more than its digits.
            whole = data_time.ljust(14, "0") if len(data_time) in _SHORT else data_time
            if len(whole) == _WRITTEN_OUT:
                whole = whole.translate(_NO_SEPARATORS)
            return self._clock.moment("DataTime", whole)
        return self._clock.moment("QN", segment.qn)


def _is_rest_of_number(factor: Factor) -> bool:
    """Tell whether what stands for a factor are the decimals of the number before it."""
    return factor.code.isdecimal() and not any(factor.values.values())


def _guess(segment: Segment, factors: Sequence[Factor]) -> tuple[Subject, str]:
    """Take a message of an unknown system type for what its factors are."""
    subject = subject_by_factors(factor.code for factor in factors)
    if subject is None:
        raise Untranslatable(
            "ST",
            segment.st,
            expected="a system type of the standard, or factors whose codes tell water from air",
            cause="station_type",
        )
    return subject, f"System type {segment.st or '(none)'} has no kind of record; taken by factors."


def _no_unit(code: str) -> Untranslatable:
    return Untranslatable(
        "factor",
        code,
        expected="a code with a unit in the tables or in the feed's options",
        cause="factor",
        remedy=f'Add units.{code} to the feed\'s options, or unknown_factors = "keep".',
    )


def _packets(body: Body, union: Union) -> None:
    if not union.total:
        return
    if isinstance(body, water.WaterQuality):
        body.packets_merged, body.packets_total = len(union.merged), union.total
    else:
        body.packets.total = union.total
        body.packets.merged.extend(union.merged)
