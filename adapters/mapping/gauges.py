"""What of a row's record decides whether the schema takes it, so that it is asked once for many.

A record's shape is what its gauges say together: of a text that it is no longer than its bound,
of a number that it is finite, of a word the word. Where a field has a rule beyond these its
value itself is told: equal values are judged alike.
"""

import math
from collections.abc import Callable, Iterable
from typing import Any, Final

from buf.validate import validate_pb2
from google.protobuf.descriptor import FieldDescriptor

from adapters.mapping.fields import Shape, Target
from liandong.record.v1.record_pb2 import Record

Gauge = Callable[[Record], object]
"""Tells what a shape has to know of a field; ``BEYOND`` when the schema has to be asked."""
BEYOND: Final = object()
_SOUTHMOST, _WESTMOST = -90.0, -180.0


def gauges(targets: Iterable[Target]) -> tuple[Gauge, ...] | None:
    """Return what gauges the fields that a row fills; None: one is a list, and has no gauge."""
    filled = list(targets)
    if any(target.is_list or target.repeated is not None for target in filled):
        return None
    return tuple(map(_gauge, filled))


def _gauge(target: Target) -> Gauge:
    """Return what gauges a field."""
    hold, name = target.holder(), target.field.name
    if target.shape is Shape.POINT:
        return _point(target)
    if target.shape is Shape.TIME:
        return _time(target)
    simple = {Shape.TEXT: _text, Shape.REAL: _real}.get(target.shape)
    if simple is not None and (gauge := simple(target)) is not None:
        return gauge
    if target.field.has_presence:
        return lambda record: _perhaps(hold(record), name)
    return lambda record: getattr(hold(record), name)


def _perhaps(holder: Any, name: str) -> object:
    """Return a value; None: it is not there."""
    return getattr(holder, name) if holder.HasField(name) else None


def _text(target: Target) -> Gauge | None:
    """Return what gauges a text whose rules are about its length alone; None: it has others."""
    rules = _rules(target.field, "string")
    if rules is None or not rules.keys() <= {"min_len", "max_len"} or target.field.has_presence:
        return None
    hold, name = target.holder(), target.field.name
    least, most = rules.get("min_len", 0), rules.get("max_len", math.inf)

    def gauge(record: Record) -> object:
        size = len(getattr(hold(record), name))
        return size > 0 if least <= size <= most else BEYOND

    return gauge


def _real(target: Target) -> Gauge | None:
    """Return what gauges a number that is finite and perhaps in bounds; None: other rules."""
    rules = _rules(target.field, "double")
    if rules is None or not rules.keys() <= {"finite", "gte", "lte"}:
        return None
    hold, name = target.holder(), target.field.name
    has_presence = target.field.has_presence
    least, most = rules.get("gte", -math.inf), rules.get("lte", math.inf)

    def gauge(record: Record) -> object:
        holder = hold(record)
        value = getattr(holder, name)
        is_there = holder.HasField(name) if has_presence else value != 0
        if not is_there and has_presence:
            return False
        return is_there if math.isfinite(value) and least <= value <= most else BEYOND

    return gauge


def _time(target: Target) -> Gauge:
    """Return what gauges a time: that of observation is plausible, of others it is told."""
    hold, name = target.holder(), target.field.name
    if target.path == "observed_at" or _rules(target.field, "timestamp") == {}:
        return lambda record: hold(record).HasField(name)

    def gauge(record: Record) -> object:
        stamp = getattr(hold(record), name)
        return hold(record).HasField(name), stamp.seconds, stamp.nanos

    return gauge


def _point(target: Target) -> Gauge:
    """Return what gauges a point: a shift may have taken it beyond a pole."""
    hold, name = target.holder(), target.field.name

    def gauge(record: Record) -> object:
        holder = hold(record)
        if not holder.HasField(name):
            return False
        point = getattr(holder, name)
        is_within = (
            _SOUTHMOST <= point.latitude_deg <= -_SOUTHMOST
            and _WESTMOST <= point.longitude_deg <= -_WESTMOST
        )
        return True if is_within else BEYOND

    return gauge


def _rules(field: FieldDescriptor, kind: str) -> dict[str, Any] | None:
    """Return a field's rules of a kind; None: it has others too."""
    options = field.GetOptions()
    stated = options.Extensions[validate_pb2.field]
    others = [one.name for one, _ in stated.ListFields() if one.name != kind]
    if others:
        return None
    return {one.name: value for one, value in getattr(stated, kind).ListFields()}
