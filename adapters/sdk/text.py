"""Turn bytes of unknown encoding into text, or say that it cannot be done.

Chinese systems write UTF-8 or one of GB 2312, GBK and GB 18030, and often do not say
which. Text of the latter is almost never valid UTF-8, so strict UTF-8 is tried first and
GB 18030, which contains the other two, after it. Nothing is ever replaced silently.
"""

import codecs
import re
from typing import Final, Literal

from adapters.sdk.errors import Untranslatable

Encoding = Literal["utf-8", "gb18030"]

UTF8: Final = "utf-8"
GB18030: Final = "gb18030"
_SHOWN: Final = 16
_ASCII: Final = re.compile(r"[\x00-\x7f]+")
_CHINESE: Final = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]+")
_BEYOND_LATIN, _THREE_BYTES = "\u0100", "\u0800"
"""Between these a character takes two bytes in UTF-8, as Chinese ones do in GB 18030; those of
Latin-1 stay what they are: a degree sign is more likely than a lone 掳."""


def decode(raw: bytes, field: str = "text") -> str:
    """Return the text of bytes in UTF-8 (a leading byte order mark is dropped) or GB 18030.

    Args:
        raw: The bytes, whole: a character must not be cut.
        field: What to call them in the error.

    Raises:
        Untranslatable: They are neither; ``cause`` is ``encoding``.
    """
    encoding = encoding_of(raw)
    if encoding is None:
        raise undecodable_text(raw, field)
    return raw.removeprefix(codecs.BOM_UTF8).decode(encoding)


def decode_chinese(raw: bytes, field: str = "text") -> str:
    """Return the text of bytes that a Chinese station wrote: as ``decode``, but for short words.

    Raises:
        Untranslatable: They are neither; ``cause`` is ``encoding``.
    """
    return raw.decode(GB18030) if encoding_of_chinese(raw) == GB18030 else decode(raw, field)


def encoding_of_chinese(raw: bytes) -> Encoding | None:
    """Name the encoding of bytes whose source writes Chinese; ``None`` if they are no text.

    The GB 2312 bytes of some words, 水位 among them, are UTF-8 too: of Greek or Cyrillic
    letters. Where UTF-8 would give such letters and no others beyond ASCII, and GB 2312
    gives Chinese characters alone, the latter is what was meant.
    """
    encoding = encoding_of(raw)
    if encoding != UTF8 or raw.isascii():
        return encoding
    foreign = _ASCII.sub("", raw.decode(UTF8))
    if not _BEYOND_LATIN <= max(foreign) < _THREE_BYTES:
        return encoding
    try:
        chinese = raw.decode("gb2312")
    except UnicodeDecodeError:
        return encoding
    return GB18030 if _CHINESE.fullmatch(_ASCII.sub("", chinese)) else encoding


def encoding_of(raw: bytes) -> Encoding | None:
    """Name the encoding that ``decode`` would use; ``None`` if the bytes are neither."""
    if is_valid(raw, UTF8):
        return UTF8
    if not raw.startswith(codecs.BOM_UTF8) and is_valid(raw, GB18030):
        return GB18030
    return None


def is_valid(raw: bytes, encoding: Encoding) -> bool:
    """Tell whether bytes are whole characters of an encoding."""
    try:
        raw.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def undecodable_text(raw: bytes, field: str, expected: str = "UTF-8 or GB 18030") -> Untranslatable:
    """Make the error for bytes that are no text: it shows those about the first wrong one."""
    try:
        raw.decode(UTF8)
        position = 0
    except UnicodeDecodeError as error:
        position = error.start
    shown = raw[position : position + _SHOWN].hex(" ")
    return Untranslatable(
        field,
        f"bytes {shown} at offset {position}",
        expected=expected,
        cause="encoding",
        remedy="send the file again in the encoding that the feed's configuration names",
    )
