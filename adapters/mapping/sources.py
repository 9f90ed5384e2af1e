"""Read the tables ``fields`` and ``constants`` of a mapping: paths and what is said of them."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from adapters.mapping.convert import choices
from adapters.mapping.problems import Problems, listed, near
from adapters.mapping.schema import SOURCE_KEYS, Source


def sources(fields: Mapping[str, Any], problems: Problems) -> dict[str, Source]:
    """Return the source of each path; ``body.a = ...`` and ``"body.a" = ...`` are the same.

    Args:
        fields: The table, as TOML has it.
        problems: Gets what is wrong with it.
    """
    found: dict[str, Source] = {}
    for path, value in _flat(fields, ""):
        where = f"fields.{path}"
        if path in found:
            problems.add(where, "is there twice", "one source of a field")
        try:
            given = {"column": value} if isinstance(value, str) else value
            source = msgspec.convert(given, Source)
        except msgspec.ValidationError as error:
            problems.add(where, _plain(error), *_expected(value, error))
            continue
        found[path] = source
        _check(source, where, problems)
    return found


def constants(table: Mapping[str, Any], problems: Problems) -> dict[str, str]:
    """Return the text of each constant, by path."""
    found: dict[str, str] = {}
    for path, value in _flat(table, ""):
        where = f"constants.{path}"
        if path in found:
            problems.add(where, "is there twice", "one constant of a field")
        if isinstance(value, bool):
            found[path] = str(value).lower()
        elif isinstance(value, str | int | float):
            found[path] = str(value)
        else:
            problems.add(where, f"is {type(value).__name__}", "a text, a number or a boolean")
    return found


def _flat(table: Mapping[str, Any], beginning: str) -> Iterator[tuple[str, Any]]:
    """Yield paths and what stands there, however keys were quoted."""
    for key, value in table.items():
        path = f"{beginning}{key}"
        if isinstance(value, dict) and not SOURCE_KEYS.intersection(value):
            yield from _flat(value, f"{path}.")
        else:
            yield path, value


def _check(source: Source, where: str, problems: Problems) -> None:
    """Note a source that says where from twice, or not at all."""
    point = bool(source.latitude or source.longitude)
    given = [
        *(["column"] if source.column else []),
        *(["template"] if source.template else []),
        *(["latitude and longitude"] if point else []),
        *(["received"] if source.received else []),
    ]
    if len(given) != 1:
        problems.add(
            where,
            f"names {' and '.join(given) or 'no column'}",
            "one of `column`, `template`, `latitude` with `longitude`, and `received`",
        )
    elif point and not (source.latitude and source.longitude):
        problems.add(where, "names one coordinate", "`latitude` and `longitude`")


def _plain(error: msgspec.ValidationError) -> str:
    """Return msgspec's sentence as a clause."""
    sentence = str(error).split(" - at ")[0]
    return sentence[0].lower() + sentence[1:]


def _expected(value: Any, error: msgspec.ValidationError) -> tuple[str, list[str]]:
    """Return what was expected in place of a source that is none."""
    unknown = [key for key in value if key not in SOURCE_KEYS] if isinstance(value, dict) else []
    if unknown:
        return listed(sorted(SOURCE_KEYS)), near(unknown[0], sorted(SOURCE_KEYS))
    key = str(error).rpartition("`$.")[2].removesuffix("`")
    if isinstance(value, dict) and (words := choices(key)):
        return f"{listed(words)} for `{key}`", near(str(value.get(key)), words)
    return 'a column\'s name, or a table such as { column = "水位", unit = "cm" }', []
