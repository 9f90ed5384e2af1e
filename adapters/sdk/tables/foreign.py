"""Files of other kinds that arrive where a table of text was expected."""

import re
from typing import Final

MAX_FOREIGN_BYTES: Final = 1 << 20
"""Of such a file so many bytes are kept."""
LONGEST_MARK: Final = 16
"""So many bytes tell what a file is."""
_SAVE: Final = "save it as CSV (UTF-8)"
_KINDS: Final = (
    (b"PK\x03\x04", "a workbook of Excel or WPS (xlsx), or another archive", _SAVE),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a workbook of Excel or WPS (xls)", _SAVE),
    (b"\x1f\x8b", "compressed (gzip)", "put it in as it was before"),
    (b"%PDF-", "a PDF", "export the table as CSV"),
    (b"SQLite format 3\0", "a database of SQLite", "take it as sql_poll does, or export a table"),
)
_TEXTS: Final = (
    (
        re.compile(rb"<(?:html|!doctype|table|meta|\?xml|!--)", re.IGNORECASE),
        "a web page or XML, as which some systems write what they call Excel",
        f"open it in a spreadsheet and {_SAVE}; of XML, give the mapping [format] type = 'xml'",
    ),
    (
        re.compile(rb'\{\s*"|\[\s*\{'),
        "JSON",
        "give the mapping [format] type = 'json' or 'json_lines'",
    ),
)


def foreign_reason(opening: bytes) -> str:
    """Say what a file is that is no table of text, and what to do; empty: it may be one.

    Args:
        opening: Its first bytes, `LONGEST_MARK` of them if it has so many.
    """
    for mark, kind, remedy in _KINDS:
        if opening.startswith(mark):
            return f"the file is {kind}; expected a table of text: {remedy}"
    text = opening.removeprefix(b"\xef\xbb\xbf").lstrip()
    for shape, kind, remedy in _TEXTS:
        if shape.match(text):
            return f"the file is {kind}; expected a table of text: {remedy}"
    return ""
