"""Read a mapping from its file or from a feed's options."""

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from adapters.mapping import schema
from adapters.mapping.compile import compiled
from adapters.mapping.lines import Lines
from adapters.mapping.plan import Plan
from adapters.mapping.problems import MappingWrong, near
from adapters.mapping.schema import Mapping
from adapters.sdk.errors import FeedMisconfigured
from adapters.sdk.feed import FeedConfig

_PATH: Final = re.compile(r" - at `(?:key in )?\$\.?([^`]*)`")
_INDEX: Final = re.compile(r"\[([^\]]*)\]")
_QUOTED: Final = re.compile(r"[`']([^`']+)[`']")
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


@dataclass(frozen=True, slots=True)
class Loaded:
    """A mapping that is right in every part, and what it compiled to."""

    mapping: Mapping
    plan: Plan


class _Origin:
    """Where a mapping stands, for errors."""

    def __init__(self, place: str, text: str = "") -> None:
        self._place = place
        self._lines = Lines(text)

    def tell(self, problem: MappingWrong) -> str:
        """Return a problem with its file and line."""
        line = self._lines.find(problem.where)
        return f"{self._place}{f', line {line}' if line else ''}: {problem}"


def load(
    feed: FeedConfig, file: str, inline: dict[str, Any], now: Callable[[], datetime]
) -> Loaded:
    """Return a feed's mapping.

    Args:
        feed: The feed.
        file: The mapping's file; a relative path begins at the feed's folder.
        inline: The mapping itself, when there is no file.
        now: Returns the time now, UTC.

    Raises:
        FeedMisconfigured: Something is not right: everything that is not is named, with
            the file's line.
    """
    if bool(file) == bool(inline):
        found = "both a file and a mapping" if file else "neither a file nor a mapping"
        raise FeedMisconfigured(
            feed.id, f"[feed.options] has {found}", 'name one: file = "x.mapping.toml"'
        )
    origin = _Origin("[feed.options.mapping]")
    if file:
        path = Path(feed.folder) / file
        inline, origin = _read(feed, path)
    try:
        mapping = msgspec.convert(inline, Mapping)
    except msgspec.ValidationError as error:
        raise _wrong(feed, [origin.tell(_schema_problem(error))]) from error
    plan, problems = compiled(mapping, feed.time_zone, now)
    if problems.found or plan is None:
        raise _wrong(feed, [origin.tell(problem) for problem in problems.found])
    return Loaded(mapping, plan)


def _read(feed: FeedConfig, path: Path) -> tuple[dict[str, Any], _Origin]:
    """Read a mapping's file."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FeedMisconfigured(
            feed.id,
            f"the mapping {path} cannot be read ({error})",
            "give its path, absolute or from the city file's folder, and write it in UTF-8",
        ) from error
    try:
        return tomllib.loads(text), _Origin(str(path), text)
    except tomllib.TOMLDecodeError as error:
        raise FeedMisconfigured(
            feed.id, f"{path} is no TOML: {error}", "see docs/mappings.md"
        ) from error


def _wrong(feed: FeedConfig, sentences: list[str]) -> FeedMisconfigured:
    """Make the error that tells everything."""
    return FeedMisconfigured(
        feed.id, "; ".join(sentences), "see docs/mappings.md for what each key means"
    )


def _schema_problem(error: msgspec.ValidationError) -> MappingWrong:
    """Return what is wrong with a key or a type as a problem, with what was perhaps meant."""
    sentence = str(error)
    path = _PATH.search(sentence)
    where = _INDEX.sub(r".\1", path[1]) if path else ""
    plain = _PATH.sub("", sentence)
    word = _QUOTED.search(plain)
    if "unknown field" in plain and word is not None:
        where = f"{where}.{word[1]}" if where else word[1]
        return MappingWrong(where, "is no key", "a key of a mapping", near(word[1], _KNOWN))
    if plain.startswith("Invalid value") and word is not None:
        return MappingWrong(
            where, f"is {word[1]!r}", "a value that there is", near(word[1], _KNOWN)
        )
    if "missing required field" in plain and word is not None:
        return MappingWrong(where or word[1], f"{word[1]!r} is not there", "it")
    clause = plain[0].lower() + plain[1:]
    return MappingWrong(where or "mapping", clause, "what docs/mappings.md says")
