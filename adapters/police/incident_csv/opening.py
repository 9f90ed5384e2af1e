"""What a file's first line says of the whole: its delimiter."""

import re
from typing import Final

from adapters.sdk.text import encoding_of

DELIMITERS: Final = (",", ";", "\t", "|")
_SEP: Final = re.compile(r"\ufeff?\"?sep=(.)\"?\s*", re.IGNORECASE)


def separator_named(line: str) -> str:
    """Return the delimiter of a line that is Excel's ``sep=;``, or nothing."""
    found = _SEP.fullmatch(line)
    return found[1] if found and found[1] in DELIMITERS else ""


def delimiter_of(opening: bytes, columns: int) -> str:
    """Return what parts the cells of a file.

    Args:
        opening: Its first bytes, the first line whole.
        columns: How many columns it has, if that is known; 0: the line is a header.
    """
    raw = opening.partition(b"\n")[0]
    line = raw.decode(encoding_of(raw) or "latin-1")
    if named := separator_named(line):
        return named
    counts = {delimiter: line.count(delimiter) for delimiter in DELIMITERS}
    if columns:
        fitting = (one for one, count in counts.items() if count == columns - 1)
        return next(fitting, ",")
    return max(DELIMITERS, key=counts.__getitem__)
