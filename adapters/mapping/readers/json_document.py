"""Read a JSON document with an array of objects in it."""

import codecs
from typing import Any

import msgspec

from adapters.mapping.problems import listed, near
from adapters.mapping.readers.json_values import OBJECT, picking
from adapters.mapping.readers.whole import WholeReader
from adapters.mapping.row import Row
from adapters.mapping.schema import Json
from adapters.sdk.errors import Untranslatable
from adapters.sdk.message import Undecodable
from adapters.sdk.text import UTF8, Encoding, encoding_of, undecodable_text

_LEVEL: msgspec.json.Decoder[dict[str, msgspec.Raw]] = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ARRAY: msgspec.json.Decoder[list[msgspec.Raw]] = msgspec.json.Decoder(list[msgspec.Raw])


class _Refused(ValueError):
    """The document is not as the mapping says."""


class JsonDocumentReader(WholeReader):
    """Reads one JSON document; each object of the array is a row of its own.

    Args:
        form: Where the array is.
        encoding: The encoding; None: UTF-8 or GB 18030, whichever it is.
        columns: The keys to read.
    """

    def __init__(self, form: Json, encoding: Encoding | None, columns: tuple[str, ...]) -> None:
        super().__init__(form.max_document_bytes)
        self._path = form.path.split(".") if form.path else []
        self._encoding = encoding
        self._pick = picking(columns)

    def _document(self, raw: bytes) -> list[Row | Undecodable]:
        """Read a whole document."""
        encoding = self._encoding or encoding_of(raw)
        try:
            if encoding is None:
                raise undecodable_text(raw, "the document")
            plain = raw.removeprefix(codecs.BOM_UTF8)
            if encoding != UTF8:
                plain = plain.decode(encoding).encode()
            rows = self._array(plain)
        except Untranslatable as error:
            return [Undecodable(raw, error.cause, str(error))]
        except UnicodeDecodeError as error:
            return [Undecodable(raw, "encoding", f"the document is not {encoding}: {error}")]
        except _Refused as error:
            return [Undecodable(raw, "json", str(error))]
        return [
            self._row(bytes(row), number, encoding or UTF8) for number, row in enumerate(rows, 1)
        ]

    def _array(self, plain: bytes) -> list[msgspec.Raw]:
        """Return the array's entries, each as it is written."""
        part: Any = plain
        try:
            for depth, key in enumerate(self._path):
                level = _LEVEL.decode(part)
                if key not in level:
                    where = ".".join(self._path[: depth + 1])
                    meant = " or ".join(near(key, level))
                    raise _Refused(
                        f"the document has no {where!r}, expected {listed(level)}"
                        + (f"; did you mean {meant}?" if meant else "")
                    )
                part = level[key]
            written = bytes(part).strip() if self._path else b""
            # How many services say that there are none, and what others make of a single one.
            if written == b"null":
                return []
            return [part] if written.startswith(b"{") else _ARRAY.decode(part)
        except (msgspec.DecodeError, RecursionError) as error:
            where = f"at {'.'.join(self._path)!r} " if self._path else ""
            raise _Refused(f"the document {where}is no JSON array of objects: {error}") from error

    def _row(self, plain: bytes, number: int, encoding: Encoding) -> Row | Undecodable:
        """Read an entry."""
        raw = plain if encoding == UTF8 else plain.decode().encode(encoding)
        try:
            row = OBJECT.decode(plain)
        except (msgspec.DecodeError, RecursionError) as error:
            return Undecodable(raw, "json", f"entry {number} is no JSON: {error}")
        if not isinstance(row, dict):
            reason = f"entry {number} is a {type(row).__name__}, expected a JSON object"
            return Undecodable(raw, "json", reason)
        return Row(raw, number, self._pick(row))
