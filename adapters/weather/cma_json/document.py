"""Take a document of the weather service apart: an observation, and warnings one by one.

Known shapes, as the service's own web pages read them (there is no standard):

- ``weather.cma.cn/api/now/{station}``: ``{"data": {"location", "now", "alarm", "lastUpdate"}}``;
- ``weather.cma.cn/api/map/alarm``: ``{"data": [warning, ...]}``;
- ``weather.com.cn`` JSONP: ``var alarminfo={...};`` with one warning, or with ``data``, a list
  of rows;
- the data interface (CIMISS, 天擎): ``{"returnCode": "0", "DS": [observation, ...]}``.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar

import msgspec

from adapters.sdk.errors import Untranslatable
from adapters.sdk.message import Undecodable
from adapters.sdk.text import UTF8, decode, encoding_of

MAX_DOCUMENT_BYTES: Final = 16 * 1024 * 1024
Form = Literal["now", "alarm", "alarminfo", "row", "surface"]
T = TypeVar("T")
_FIELDS: Final[dict[Form, Any]] = {
    "alarm": dict[str, Any],
    "row": list[Any],
    "surface": dict[str, Any],
}
_READERS: Final[dict[Any, msgspec.json.Decoder[Any]]] = {
    kind: msgspec.json.Decoder(kind)
    for kind in (dict[str, msgspec.Raw], dict[str, Any], list[msgspec.Raw], list[Any])
}
_WARNING: Final = frozenset({"identifier", "ALERTID", "ISSUETIME"})
# What JSONP puts around the document: an assignment or a call.
_BEFORE: Final = re.compile(r"\s*(?:(?:var|let|const)\s+)?[A-Za-z_$][\w.$]*\s*[=(]\s*(?=[\[{])")
OPENINGS: Final[dict[Form, bytes]] = {
    form: f"liandong {form}\n".encode() for form in ("now", "alarm", "row", "surface")
}
"""What the quarantine keeps before an item's bytes, for its form is told by what is around it."""
_EXPECTED: Final = (
    "an answer of weather.cma.cn with data.now or data.alarm, var alarminfo={...}; of "
    "weather.com.cn, or DS of the data interface"
)


@dataclass(frozen=True, slots=True)
class CmaItem:
    """One warning or one observation.

    Attributes:
        raw: Its exact bytes: the part of the document that says it.
        form: Which shape it has.
        fields: What it says, by the service's own names; a row's by their positions.
    """

    raw: bytes
    form: Form
    fields: dict[str, Any]


class CmaDecoder:
    """Reads a document of at most ``limit`` bytes; sans I/O, one per file or response."""

    def __init__(self, limit: int = MAX_DOCUMENT_BYTES) -> None:
        self._limit = limit
        self._collected = bytearray()
        self._size = 0

    def feed(self, data: bytes) -> list[CmaItem | Undecodable]:
        """Collect a piece; what is beyond the limit is counted and dropped."""
        self._size += len(data)
        self._collected += data[: self._limit - len(self._collected)]
        return []

    def close(self) -> list[CmaItem | Undecodable]:
        """Decode what came; an empty file holds nothing."""
        raw, size = bytes(self._collected), self._size
        self._collected, self._size = bytearray(), 0
        if not raw.strip():
            return []
        if size > self._limit:
            reason = f"the document has {size} bytes; expected at most {self._limit}"
            return [Undecodable(raw, "oversize", reason)]
        try:
            return list(_alone(raw) or _items(raw))
        except Untranslatable as error:
            return [Undecodable(raw, error.cause, str(error))]


def _alone(raw: bytes) -> list[CmaItem]:
    """Return the item that stands alone behind its form; of a document, nothing."""
    for form, opening in OPENINGS.items():
        if raw.startswith(opening):
            item = raw.removeprefix(opening)
            text = decode(item, "item").encode()
            fields = _parsed("item", text, _FIELDS.get(form, dict[str, Any]))
            return [CmaItem(item, form, _by_position(fields))]
    return []


def _items(raw: bytes) -> Iterator[CmaItem | Undecodable]:
    """Yield what a document says."""
    encoding = encoding_of(raw) or UTF8
    text = decode(raw, "document")
    before = _BEFORE.match(text)
    if before:
        text = _without_end(text[before.end() :])
    document = _parsed("document", text.encode(), dict[str, msgspec.Raw])
    data = bytes(document.get("data", b""))
    if data.startswith(b"["):
        yield from _each(data, "row" if before else "alarm", encoding)
    elif data.startswith(b"{"):
        yield from _station(data, encoding)
    elif "DS" in document:
        yield from _each(bytes(document["DS"]), "surface", encoding)
    elif "returnCode" in document:
        raise Untranslatable(
            "returnCode",
            b" ".join(map(bytes, document.values())).decode()[:300],
            expected="0 and DS, a list of observations",
            cause="refused",
            remedy="ask the data interface's keeper what its message means",
        )
    elif before and _WARNING & document.keys():
        yield CmaItem(raw, "alarminfo", _parsed("alarminfo", text.encode(), dict[str, Any]))
    else:
        raise _shapeless("document", document)


def _without_end(text: str) -> str:
    """Return a document without what closes JSONP's assignment or call."""
    return text.rstrip().removesuffix(";").rstrip().removesuffix(")")


def _station(data: bytes, encoding: str) -> Iterator[CmaItem | Undecodable]:
    """Yield the observation and the warnings of a station's page."""
    parts = _parsed("data", data, dict[str, msgspec.Raw])
    if not {"now", "alarm"} & parts.keys():
        raise _shapeless("data", parts)
    if "now" in parts:
        fields = _parsed("data", data, dict[str, Any])
        yield CmaItem(_original(data, encoding), "now", fields)
    alarms = bytes(parts.get("alarm", b"null"))
    if alarms != b"null":
        yield from _each(alarms, "alarm", encoding)


def _each(listed: bytes, form: Form, encoding: str) -> Iterator[CmaItem | Undecodable]:
    """Yield the warnings or observations of a list."""
    for part in map(bytes, _parsed("list", listed, list[msgspec.Raw])):
        raw = _original(part, encoding)
        try:
            fields = _parsed("item", part, _FIELDS[form])
        except Untranslatable as error:
            yield Undecodable(raw, error.cause, str(error), opening=OPENINGS[form])
            continue
        yield CmaItem(raw, form, _by_position(fields))


def _by_position(fields: dict[str, Any] | list[Any]) -> dict[str, Any]:
    """Return a row's cells by their positions."""
    if isinstance(fields, dict):
        return fields
    return {str(position): cell for position, cell in enumerate(fields)}


def _parsed(field: str, raw: bytes, kind: type[T]) -> T:
    """Parse JSON.

    Raises:
        Untranslatable: It is none, or not of the kind; ``cause`` is ``json``.
    """
    try:
        found: T = _READERS[kind].decode(raw)
    except (msgspec.DecodeError, RecursionError) as error:
        shown = raw[:60].decode(errors="replace")
        raise Untranslatable(field, shown, expected=f"JSON ({error})", cause="json") from error
    return found


def _original(part: bytes, encoding: str) -> bytes:
    """Return a part of the document in the bytes in which it came."""
    return part if encoding == UTF8 else part.decode().encode(encoding)


def _shapeless(field: str, found: dict[str, msgspec.Raw]) -> Untranslatable:
    return Untranslatable(field, ", ".join(list(found)[:10]), expected=_EXPECTED, cause="shape")
