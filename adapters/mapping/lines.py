"""Find the line on which a TOML file says something.

``tomllib`` keeps no positions, so the file is read once more by its lines. A key inside a
text of several lines may be taken for one; then an error names a line too early, no more.
"""

import re
from collections.abc import Iterator
from typing import Final

_KEY: Final = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_KEYS: Final = rf"{_KEY}(?:\s*\.\s*{_KEY})*"
_TABLE: Final = re.compile(rf"\s*\[\[?\s*({_KEYS})\s*\]")
_PAIR: Final = re.compile(rf"\s*({_KEYS})\s*=")
_INLINE: Final = re.compile(rf"[{{,]\s*({_KEYS})\s*=")
_PART: Final = re.compile(_KEY)


class Lines:
    """The lines of a TOML file's keys.

    Args:
        text: The file.
    """

    def __init__(self, text: str) -> None:
        self._lines: dict[str, int] = {}
        for path, line in _keys(text):
            self._lines.setdefault(path, line)

    def find(self, where: str) -> int | None:
        """Return the line of a key, or of the nearest of its parents that is there.

        Args:
            where: The key, its parents before it, parted by dots; whether a part was
                quoted in the file makes no difference.
        """
        while where:
            line = self._lines.get(where)
            if line is not None:
                return line
            where = where.rpartition(".")[0]
        return None


def _keys(text: str) -> Iterator[tuple[str, int]]:
    """Yield every key with its parents, and its line from 1."""
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := _TABLE.match(line):
            table = _plain(header[1])
            yield table, number
        elif pair := _PAIR.match(line):
            path = f"{table}.{_plain(pair[1])}" if table else _plain(pair[1])
            yield path, number
            for inner in _INLINE.finditer(line, pair.end()):
                yield f"{path}.{_plain(inner[1])}", number


def _plain(keys: str) -> str:
    """Return dotted keys without their quotation marks."""
    return ".".join(part if part[0] not in "\"'" else part[1:-1] for part in _PART.findall(keys))
