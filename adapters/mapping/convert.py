"""Turn a mapping's table into its type, and find every key and value that is none.

msgspec tells the first thing that is wrong; so what it told is taken out, and it is asked again.
"""

import copy
import re
from collections.abc import Mapping as Table
from typing import Any, Final

import msgspec

from adapters.mapping import schema
from adapters.mapping.problems import MappingWrong, listed, near
from adapters.mapping.schema import Mapping

_PATH: Final = re.compile(r" - at `(?:key in )?\$\.?([^`]*)`")
_INDEX: Final = re.compile(r"\[([^\]]*)\]")
_QUOTED: Final = re.compile(r"[`']([^`']+)[`']")
_TYPES: Final = re.compile("Expected `([^`]*)`, got `([^`]*)`")
_FORMATS: Final = (
    schema.Csv,
    schema.FixedWidth,
    schema.JsonLines,
    schema.Rows,
    schema.Json,
    schema.Xml,
)
_KNOWN: Final = sorted(
    {field.name for kind in (Mapping, *_FORMATS) for field in msgspec.structs.fields(kind)}
    | {str(kind.__struct_config__.tag) for kind in _FORMATS}
    | {"type"}
)
# What stands in for what must be there and is not, while the rest is looked at.
_STAND_INS: Final[dict[str, Any]] = {
    "kind": "",
    "entity": "",
    "format": {"type": "json_lines"},
    "fields": {},
    "format.type": "json_lines",
    "format.path": "-",
    "format.columns": {},
}
_MOST: Final = 50


def choices(name: str) -> list[str]:
    """Return the words that a key of this name may hold; none: any, or it is no such key."""
    if name == "type":
        return [str(kind.__struct_config__.tag) for kind in _FORMATS]
    for kind in (Mapping, schema.Source, *_FORMATS):
        for field in msgspec.structs.fields(kind):
            if field.name == name:
                words = _words(msgspec.inspect.type_info(field.type))
                if words:
                    return words
    return []


def converted(table: Table[str, Any]) -> tuple[Mapping | None, list[MappingWrong]]:
    """Return a mapping, and what is wrong with its keys and their values.

    Returns:
        The mapping, less what is wrong with it; None when too little of it is left to look
        further. It can be used only if nothing is wrong.
    """
    left: dict[str, Any] = copy.deepcopy(dict(table))
    problems: list[MappingWrong] = []
    standing, told = set[str](), set[str]()
    for _ in range(_MOST):
        try:
            mapping = msgspec.convert(left, Mapping)
        except msgspec.ValidationError as error:
            problem, missing, meant = _problem(error)
            place = missing or problem.where
            if not (missing and missing in told):
                problems.append(problem)
            told |= {place, *meant}
            standing.add(place)
            if not _mended(left, place):
                return None, problems
        else:
            enough = not standing & {"kind", "entity", "fields"}
            return mapping if enough else None, problems
    return None, problems


def _words(kind: msgspec.inspect.Type) -> list[str]:
    """Return the words of a type that has only some."""
    if isinstance(kind, msgspec.inspect.UnionType):
        return [word for one in kind.types for word in _words(one)]
    if isinstance(kind, msgspec.inspect.LiteralType):
        return list(map(str, kind.values))
    if isinstance(kind, msgspec.inspect.EnumType):
        return [str(one.value) for one in kind.cls]
    return []


def _mended(left: dict[str, Any], where: str) -> bool:
    """Take what is wrong out of a table, or put there what is not; False: it cannot be found."""
    holder: dict[str, Any] = left
    names = where.split(".")
    for depth, name in enumerate(names):
        path = ".".join(names[: depth + 1])
        inner = holder.get(name)
        is_last = depth == len(names) - 1
        if isinstance(inner, dict) and not is_last:
            holder = inner
            continue
        if path in _STAND_INS and holder.get(name) != _STAND_INS[path]:
            holder[name] = copy.deepcopy(_STAND_INS[path])
            return True
        # Of a list, or of a table whose keys are columns, the whole goes.
        if name in holder:
            del holder[name]
            return True
        if depth and ".".join(names[:depth]) in _STAND_INS:
            return _mended(left, ".".join(names[:depth]))
        return False
    return False


def _problem(error: msgspec.ValidationError) -> tuple[MappingWrong, str, list[str]]:
    """Return what is wrong with a key or a value, what is missing, and what was meant: paths."""
    sentence = str(error)
    path = _PATH.search(sentence)
    where = _INDEX.sub(r".\1", path[1]) if path else ""
    plain = _PATH.sub("", sentence)
    word = _QUOTED.search(plain)
    if "unknown field" in plain and word is not None:
        where = f"{where}.{word[1]}" if where else word[1]
        meant = near(word[1], _KNOWN)
        parent = where.rpartition(".")[0]
        paths = [f"{parent}.{one}" if parent else one for one in meant]
        return MappingWrong(where, "is no key", "a key of a mapping", meant), "", paths
    known = choices(where.rpartition(".")[2])
    if plain.startswith("Invalid") and known and word is not None:
        found = f"is {word[1]!r}"
        return MappingWrong(where, found, listed(known), near(word[1], known)), "", []
    if "missing required field" in plain and word is not None:
        missing = f"{where}.{word[1]}" if where else word[1]
        return MappingWrong(missing, "is not there", "it"), missing, []
    if (types := _TYPES.fullmatch(plain)) is not None:
        return MappingWrong(where or "mapping", f"is a `{types[2]}`", f"an `{types[1]}`"), "", []
    clause = plain[0].lower() + plain[1:]
    return MappingWrong(where or "mapping", clause, "what docs/mappings.md says"), "", []
