"""The data segment of a frame: its head, and the items of its command parameters.

``QN=..;ST=..;CN=..;PW=..;MN=..;Flag=..;PNUM=..;PNO=..;CP=&&items&&`` (HJ 212-2017, 6.3.3).
Read tolerantly, because loggers write it freely: names in any case, stray commas,
no QN and no Flag (2005), nothing between the ``&&``.
"""

import re
from collections.abc import Iterator

import msgspec

from adapters.sdk.errors import AdapterError
from adapters.sdk.text import GB18030, encoding_of_chinese

_FLAG_DIGITS = 3
_FLAG_NAMES = frozenset({"FLAG", "CMDFLAG"})
"""Loggers before 2005 write the latter."""
_STRAY = " \t\r\n,"
_PIECE = re.compile(r"(?:[^;,/]|/(?!/)|//.*?//|//)+", re.DOTALL)
"""What stands between ``;`` and ``,``; between ``//`` and ``//`` these are part of a text."""

_USUAL = re.compile(
    r"QN=([0-9]{17});ST=([0-9]{2});CN=([0-9]{4});PW=([^;=,]*);MN=([^;=,\s]+);Flag=([0-9]{1,3});"
    r"(?:PNUM=([0-9]{1,4});PNO=([0-9]{1,4});)?CP=&&(.*)&&",
    re.DOTALL,
)
_PARAMETERS = re.compile(r"(.*?)CP=&&(.*)&&", re.DOTALL | re.IGNORECASE)
"""The ``;`` before CP is left out by some loggers."""


class MalformedSegment(AdapterError):
    """A segment whose check value is right and whose shape is not the standard's."""

    def __init__(self, wrong: str, *, expected: str) -> None:
        super().__init__(f"The data segment {wrong}; expected {expected}.")


class Segment(msgspec.Struct, frozen=True, gc=False):
    """A segment's fields as they were written; a field that was absent is empty."""

    qn: str = ""
    """Request number ``yyyyMMddHHmmssSSS``, local time; empty in 2005 frames."""
    st: str = ""
    """System type, ``22`` air quality, ``32`` waste water."""
    cn: str = ""
    """Command number, ``2011`` readings of the moment."""
    pw: str = ""
    """Access password; needed to write the answer, and never published."""
    mn: str = ""
    """The logger's own number."""
    flag: int = 0
    """Bits ``V5..V0 D A``: version, split, answer wanted (6.3.3, table 3)."""
    packets: str = ""
    """PNUM, how many packets the message was split into."""
    packet: str = ""
    """PNO, which of them this is, from 1."""
    parameters: str = ""
    """What stands between the ``&&`` of CP."""
    others: tuple[tuple[str, str], ...] = ()
    """Fields of the head that the standard does not name."""

    @property
    def version(self) -> str:
        """The standard's year as the version bits say: 2005, 2017, 2025, or the bits' number."""
        return _VERSIONS.get(self.flag >> 2) or str(self.flag >> 2)

    @property
    def wants_answer(self) -> bool:
        """Whether bit A asks for an answer."""
        return bool(self.flag & 1)


_VERSIONS = {0: "2005", 1: "2017", 2: "2025"}
_FIELDS = {
    "QN": "qn",
    "ST": "st",
    "CN": "cn",
    "PW": "pw",
    "MN": "mn",
    "PNUM": "packets",
    "PNO": "packet",
}


def text_of(segment: bytes) -> str:
    """Decode a segment: UTF-8 as the standard has it, else GB18030 as old loggers do.

    Raises:
        MalformedSegment: It is neither.
    """
    if segment.isascii():
        return segment.decode()
    try:
        return segment.decode(encoding_of_chinese(segment) or GB18030)
    except UnicodeDecodeError as error:
        raise MalformedSegment(
            f"is neither UTF-8 nor GB18030 (byte 0x{segment[error.start]:02X} at {error.start})",
            expected="text; an encrypted segment (HJ 212-2025, SM4) cannot be read here",
        ) from error


def parse(text: str) -> Segment:
    """Read a segment's text.

    Raises:
        MalformedSegment: No ``CP=&&...&&``, or a Flag that is no number.
    """
    usual = _USUAL.fullmatch(text)
    if usual is None:
        return _parse_freely(text)
    qn, st, cn, pw, mn, flag, packets, packet, parameters = usual.groups()
    return Segment(qn, st, cn, pw, mn, int(flag), packets or "", packet or "", parameters)


def _parse_freely(text: str) -> Segment:
    shape = _PARAMETERS.match(text)
    if shape is None:
        raise MalformedSegment("has no CP=&&...&&", expected="the command parameters in CP=&&...&&")
    fields: dict[str, str] = {}
    others: list[tuple[str, str]] = []
    flag = 0
    for name, value in pairs(shape[1]):
        known = name.upper()
        if known in _FLAG_NAMES:
            flag = _flag(value)
        elif known in _FIELDS and _FIELDS[known] not in fields:
            fields[_FIELDS[known]] = value
        else:
            others.append((name, value))
    return Segment(**fields, flag=flag, parameters=shape[2], others=tuple(others))


def _flag(text: str) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdigit() and len(text) <= _FLAG_DIGITS):
        raise MalformedSegment(f"says Flag={text!r}", expected="a whole number from 0 to 255")
    return int(text)


def pairs(text: str) -> Iterator[tuple[str, str]]:
    """Yield ``name, value`` of what ``;`` and ``,`` separate, without the empty pieces.

    A piece without ``=`` comes as a name with an empty value. A text between ``//`` and
    ``//``, as logs have it (CN 3020), stays whole whatever it holds.
    """
    pieces = _PIECE.findall(text) if "//" in text else text.replace(",", ";").split(";")
    for piece in pieces:
        name, _, value = piece.partition("=")
        name = name.strip(_STRAY)
        value = value.strip(_STRAY)
        if name or value:
            yield name, value
