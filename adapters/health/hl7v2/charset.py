"""Turn a message's bytes into text by the character set that its MSH-18 names."""

import codecs
import re
from typing import Final

from adapters.sdk.text import GB18030, UTF8, encoding_of, encoding_of_chinese

# HL7 table 0211, and the names that Chinese systems write besides.
_ENCODINGS: Final = {
    "ASCII": "ascii",
    **{
        f"{before}{part}": f"iso8859-{part}"
        for part in (1, 2, 3, 4, 5, 6, 7, 8, 9, 15)
        for before in ("8859/", "ISO-8859-", "ISO8859-", "ISO8859/", "ISO_8859-")
    },
    "UNICODE": UTF8,
    "UNICODE UTF-8": UTF8,
    "UTF-8": UTF8,
    "UTF8": UTF8,
    "GB 18030-2000": GB18030,
    "GB 18030": GB18030,
    "GB18030": GB18030,
    "GB18030-2000": GB18030,
    "GB 2312-1980": GB18030,
    "GB2312": GB18030,
    "GB2312-80": GB18030,
    "GB2312-1980": GB18030,
    "GBK": GB18030,
    "CP936": GB18030,
    "MS936": GB18030,
    "CP1252": "cp1252",
    "WINDOWS-1252": "cp1252",
    "BIG-5": "big5",
    "ISO IR87": "iso2022_jp",
    "KS X 1001": "euc_kr",
}
_BY_NAME: Final = {name.encode(): encoding for name, encoding in _ENCODINGS.items()}
# In GB 18030 the later bytes of a character may be `|` and `~`, so a field cannot be
# counted before the text is decoded; a whole field that is a known name can be found.
_WORDS: Final = re.compile(rb"[^\w /-]([\w /-]+)")
_LINE: Final = re.compile(rb"[^\r\n]*")
_MSH_18: Final = 17


class CharsetRefused(ValueError):
    """The bytes are not what MSH-18 says, or it says what is not known."""


def decode(raw: bytes) -> tuple[str, str]:
    """Return a message's text and the name of its encoding.

    ASCII and silence mean what the bytes are: UTF-8 or GB 18030. So does GB 18030, for what
    is UTF-8 is almost never Chinese in the other. Where several sets are named, the one
    beside ASCII is meant: ISO 2022 switches to it by itself.

    Raises:
        CharsetRefused: The text cannot be read.
    """
    raw = raw.removeprefix(codecs.BOM_UTF8)
    words = _WORDS.findall(_header(raw).upper())
    named = [*filter(None, map(_BY_NAME.get, words))]
    encoding = next((one for one in named if one != "ascii"), "")
    if encoding == GB18030:
        encoding = encoding_of_chinese(raw) or GB18030
    if not encoding:
        found = encoding_of(raw)
        if found is None or (not raw.isascii() and not named and _declares(raw)):
            raise CharsetRefused(
                "MSH-18 names no character set that is known and the text is not ASCII; "
                "expected one of HL7 table 0211, such as UNICODE UTF-8 or GB 18030-2000"
            )
        return raw.decode(found), found
    try:
        return raw.decode(encoding), encoding
    except UnicodeDecodeError as error:
        raise CharsetRefused(
            f"the bytes at offset {error.start} are not {encoding}, which MSH-18 names; "
            "expected text in that character set"
        ) from error


def _header(raw: bytes) -> bytes:
    """Return the first segment."""
    found = _LINE.match(raw)
    return found[0] if found else b""


def _declares(raw: bytes) -> bool:
    """Tell whether MSH-18 holds something."""
    fields = _header(raw).split(raw[3:4] or b"|")
    return len(fields) > _MSH_18 and bool(fields[_MSH_18].strip())
