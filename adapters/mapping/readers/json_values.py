"""Take columns out of JSON objects, as text."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec

Pick = Callable[[dict[str, Any]], tuple[str, ...]]

# Numbers with a fraction keep the digits that the source wrote.
OBJECT: msgspec.json.Decoder[Any] = msgspec.json.Decoder(float_hook=str)


def picking(columns: Sequence[str]) -> Pick:
    """Return what takes columns out of an object; one that is not there is empty.

    Args:
        columns: Keys; ``site.name`` is the key ``name`` of the object ``site``, unless
            there is a key with the dot in it.
    """
    paths = [(column, tuple(column.split("."))) for column in columns]
    plain = [column for column, path in paths if len(path) == 1]
    if len(plain) == len(paths):
        return lambda row: tuple(text(row.get(column)) for column in plain)
    return lambda row: tuple(text(_inner(row, column, path)) for column, path in paths)


def text(value: Any) -> str:
    """Return a value as text: lists of plain values with commas, objects as JSON."""
    if type(value) is str:
        return value.strip()
    if value is None:
        return ""
    if value is True or value is False:
        return "true" if value else "false"
    if isinstance(value, list) and not any(isinstance(one, list | dict) for one in value):
        return ",".join(map(text, value))
    if isinstance(value, list | dict):
        return msgspec.json.encode(value).decode()
    return str(value)


def _inner(row: dict[str, Any], column: str, path: tuple[str, ...]) -> Any:
    """Return what stands at a path."""
    if column in row:
        return row[column]
    found: Any = row
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found
