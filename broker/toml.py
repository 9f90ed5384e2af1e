"""Configuration files: TOML into typed structs, with errors that name the line."""

import re
import tomllib
from pathlib import Path
from typing import TypeVar

import msgspec

from broker.errors import BrokerError

S = TypeVar("S", bound=msgspec.Struct)
_UNKNOWN = re.compile(r"Object contains unknown field `([^`]+)`")
_STEP = re.compile(r"\.([A-Za-z_][\w-]*)|\[(\d+|\.\.\.)\]")
_KEY = re.compile(r"\s*([A-Za-z_][\w-]*)\s*=")
_FORM = re.compile(r"Expected `str` matching regex .*")
_FORMS = {
    "id": "letters, digits, `_` and `-`, in parts joined by dots, 64 at most",
    "district": "a GB/T 2260 code of 6, 9 or 12 digits, such as 320102",
}
"""What a key takes, in words, where its rule is a regular expression."""
_PATH = re.compile(r" - at `(?:key in )?\$([^`]*)`")


class FileWrong(BrokerError):
    """A configuration file cannot be used as it is."""


def read_toml(path: Path, kind: type[S]) -> S:
    """Read a configuration file.

    Raises:
        FileWrong: If it cannot be read, is no TOML, has an unknown key, or a value is of
            the wrong type; the sentence names the line.
    """
    return parse_toml(read_text(path), kind, path)


def read_text(path: Path) -> str:
    """Read a file's text.

    Raises:
        FileWrong: If it cannot be read.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise FileWrong(f"{path} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise FileWrong(
            f"{path} cannot be read: it is no text in UTF-8 ({error.reason} at byte {error.start})"
        ) from error


def parse_toml(text: str, kind: type[S], path: Path) -> S:
    """Read a configuration file's text.

    Raises:
        FileWrong: As `read_toml` does.
    """
    try:
        return msgspec.convert(tomllib.loads(text), kind)
    except tomllib.TOMLDecodeError as error:
        raise FileWrong(f"{path} is no TOML: {error}") from error
    except msgspec.ValidationError as error:
        raise FileWrong(
            f"{path}, line {_line(text, str(error))}: {_problem(str(error))}"
        ) from error


def _problem(error: str) -> str:
    """Return what is wrong, with the key that it is about."""
    path = _PATH.search(error)
    problem = _UNKNOWN.sub(r"there is no key `\1` here", _PATH.sub("", error))
    names = [name for name, _ in _STEP.findall(path[1]) if name] if path else []
    if not names or not problem.startswith("Expected"):
        return problem
    if names[-1] in _FORMS:
        problem = _FORM.sub(f"Expected {_FORMS[names[-1]]}", problem)
    return f"{problem} for `{names[-1]}`"


def table_lines(text: str, name: str) -> list[dict[str, int]]:
    """Return where each ``[[name]]`` of a file stands, and each of its keys.

    Args:
        text: The file.
        name: Of the array of tables.

    Returns:
        Of each table the lines by key, from 1; its header's by the empty key.
    """
    header = re.compile(rf"^\s*\[\[\s*{re.escape(name)}\s*\]\]")
    tables: list[dict[str, int]] = []
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        if header.match(line):
            inside = True
            tables.append({"": number})
        elif line.startswith("["):
            inside = False
        elif inside and (key := _KEY.match(line)) is not None:
            tables[-1].setdefault(key[1], number)
    return tables


def _line(text: str, error: str) -> int:
    """Return the line that an error speaks of, as near as its path tells."""
    unknown = _UNKNOWN.search(error)
    path = _PATH.search(error)
    steps = _STEP.findall(path[1]) if path else []
    names = [name for name, _ in steps if name]
    positions = [int(index) for _, index in steps if index.isdecimal()]
    lines = text.splitlines()
    at = 0
    if names:
        header = re.compile(rf"^\s*\[+\s*{re.escape(names[0])}[\].\s]")
        found = [number for number, line in enumerate(lines) if header.match(line)]
        wanted = positions[0] if positions else 0
        at = found[wanted] if wanted < len(found) else 0
    key = unknown[1] if unknown else (names[-1] if len(names) > 1 else "")
    if key:
        pattern = re.compile(rf"^\s*(\[+[^\]]*)?\b{re.escape(key)}\b")
        at = next((n for n in range(at, len(lines)) if pattern.match(lines[n])), at)
    return at + 1
