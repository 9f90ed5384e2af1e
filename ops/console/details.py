"""A record as the page shows it whole: each field that is filled, with its unit."""

from collections.abc import Iterator
from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from liandong.quantity.v1.quantity_pb2 import Attribute, Measurement
from liandong.record.v1.record_pb2 import Record

_TIME: Final = "google.protobuf.Timestamp"
_DURATION: Final = "google.protobuf.Duration"
_MOST_ITEMS: Final = 40
_MEASURED: Final = ("value", "mean", "total", "max", "min", "converted_value", "converted_mean")
# What a field's name ends with says its unit; longer endings first.
_UNITS: Final = {
    "_m3_s": "m³/s",
    "_l_s": "L/s",
    "_m_s": "m/s",
    "_ug_m3": "µg/m³",
    "_mg_m3": "mg/m³",
    "_mg_l": "mg/L",
    "_ug_l": "µg/L",
    "_us_cm": "µS/cm",
    "_per_m2": "/m²",
    "_per_min": "/min",
    "_hpa": "hPa",
    "_pct": "%",
    "_deg": "°",
    "_ntu": "NTU",
    "_mm": "mm",
    "_km": "km",
    "_oktas": "okta",
    "_min": "min",
    "_db": "dB",
    "_c": "°C",
    "_m": "m",
    "_s": "s",
    "_l": "L",
    "_v": "V",
}


def details(record: Record) -> list[dict[str, Any]]:
    """Return a record's parts, each with its rows ``[label, value, unit, type]``.

    Types are ``time`` (seconds since 1970), ``enum``, ``number``, ``bytes``, ``text``, or empty for
    a measurement, whose value is text that was made of a number.
    """
    parts: list[dict[str, Any]] = [{"part": "record", "rows": list(_own(record))}]
    parts[0]["rows"] = [row for row in parts[0]["rows"] if row[0] != "name"]
    for field, value in record.ListFields():
        if _has_fields(field):
            parts += _parts(field.name, field, value)
    return [part for part in parts if part["rows"]]


def _parts(path: str, field: FieldDescriptor, value: Any) -> Iterator[dict[str, Any]]:
    """Yield the parts of a message, or of each of several."""
    several = list(value)[:_MOST_ITEMS] if field.is_repeated else [value]
    for number, message in enumerate(several):
        label = f"{path}[{number + 1}]" if field.is_repeated else path
        if row := _measured(message):
            yield {"part": path, "rows": [row]}
            continue
        yield {"part": label, "rows": list(_own(message))}
        for inner, held in message.ListFields():
            if inner.name == "polygons":
                corners = sum(len(ring.points) for ring in held)
                yield {"part": f"{label}.polygons", "rows": [["corners", corners, "", "number"]]}
            elif _has_fields(inner):
                yield from _parts(f"{label}.{inner.name}", inner, held)


def _measured(message: Message) -> list[Any] | None:
    """Return a measurement or attribute as one row; None: it is neither."""
    if isinstance(message, Attribute):
        return [message.key, message.value, "", "text"]
    if not isinstance(message, Measurement):
        return None
    label = f"{message.title} {message.code}".strip()
    if message.text:
        return [label, message.text, "", "text"]
    name = next((name for name in _MEASURED if message.HasField(name)), "")
    value = f"{getattr(message, name):.10g}" if name else "-"
    return [label, f"{value} ({name})" if name not in {"", "value"} else value, message.unit, ""]


def _own(message: Message) -> Iterator[list[Any]]:
    """Yield the rows of a message's own values."""
    for field, value in message.ListFields():
        if not _has_fields(field):
            values = value if field.is_repeated else [value]
            for one in list(values)[:_MOST_ITEMS]:
                yield [field.name, *_value(field, one)]


def _value(field: FieldDescriptor, value: Any) -> tuple[Any, str, str]:
    """Return a value, its unit and its type."""
    if field.enum_type is not None:
        known = field.enum_type.values_by_number
        prefix = known[0].name.removesuffix("UNSPECIFIED")
        return (known[value].name.removeprefix(prefix) if value in known else value, "", "enum")
    if field.message_type is not None and field.message_type.full_name == _TIME:
        return value.seconds, "", "time"
    if field.message_type is not None:
        return value.ToTimedelta().total_seconds(), "s", "number"
    if isinstance(value, bytes):
        return value[:64].hex(), "", "bytes"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value, "", "text"
    unit = next((unit for end, unit in _UNITS.items() if field.name.endswith(end)), "")
    return (float(f"{value:.10g}") if isinstance(value, float) else value), unit, "number"


def _has_fields(field: FieldDescriptor) -> bool:
    """Tell whether a field holds messages whose fields are shown one by one."""
    schema = field.message_type
    return schema is not None and schema.full_name not in {_TIME, _DURATION}
