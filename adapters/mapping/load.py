"""Read a mapping from its file or from a feed's options."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from adapters.mapping.compile import compiled
from adapters.mapping.convert import converted
from adapters.mapping.lines import Lines
from adapters.mapping.plan import Plan
from adapters.mapping.problems import MappingWrong
from adapters.mapping.schema import Mapping
from adapters.sdk.errors import FeedMisconfigured
from adapters.sdk.feed import FeedConfig


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
    mapping, wrong = converted(inline)
    plan = None
    if mapping is not None:
        plan, problems = compiled(mapping, feed.time_zone, now)
        wrong += problems.found
    if wrong or mapping is None or plan is None:
        raise _wrong(feed, [origin.tell(problem) for problem in wrong])
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
