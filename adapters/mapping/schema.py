"""What a mapping file may say, as types.

A path on the left, a column on the right: ``"body.level_m" = "水位"``. What a column needs
besides its name is said in an inline table.
"""

from typing import Annotated, Any, Final, Literal

import msgspec

from adapters.sdk.coordinates import CoordinateSystem
from adapters.sdk.tables import MAX_ROW_BYTES

_MEBIBYTE: Final = 1 << 20
QUARANTINE: Final = "quarantine"
KEEP: Final = "keep"

RowBytes = Annotated[int, msgspec.Meta(ge=64, le=131_072)]
DocumentBytes = Annotated[int, msgspec.Meta(ge=64, le=1 << 30)]
Name = Annotated[str, msgspec.Meta(min_length=1)]


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Refuses what it does not know."""


class Csv(_Strict, tag_field="type", tag="csv", frozen=True):
    """Rows whose cells a delimiter parts (RFC 4180)."""

    delimiter: Annotated[str, msgspec.Meta(pattern=r"^[,;\t|]$")] = ","
    quote: Annotated[str, msgspec.Meta(pattern=r"""^["']?$""")] = '"'
    """What surrounds a cell that has the delimiter or a line end in it; empty: nothing."""
    columns: tuple[Name, ...] = ()
    """The columns of a file without a header."""
    skip_rows: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0
    """Rows before the header that are no part of the table: a title, a date."""
    max_row_bytes: RowBytes = MAX_ROW_BYTES


class FixedWidth(_Strict, tag_field="type", tag="fixed_width", frozen=True):
    """Lines in which every column has its place."""

    columns: dict[str, tuple[int, int]]
    """First and last position of each column, counted from 1."""
    count: Literal["bytes", "characters"] = "bytes"
    """What positions count: a Chinese character has two bytes in GBK."""
    skip_rows: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0
    max_row_bytes: RowBytes = MAX_ROW_BYTES


class JsonLines(_Strict, tag_field="type", tag="json_lines", frozen=True):
    """One JSON object a line."""

    max_row_bytes: RowBytes = MAX_ROW_BYTES


class Rows(JsonLines, tag_field="type", tag="rows", frozen=True):
    """Rows of a database, one JSON object a line, as a transport that asks it gives them."""


class Json(_Strict, tag_field="type", tag="json", frozen=True):
    """One JSON document with an array of objects in it."""

    path: str = ""
    """The names that lead to the array, for example ``data.rows``; empty: the document."""
    max_document_bytes: DocumentBytes = 64 * _MEBIBYTE


class Xml(_Strict, tag_field="type", tag="xml", frozen=True):
    """One XML document with an element for each row."""

    path: Name
    """The row's element; with its parents' names before it where needed: ``events/event``."""
    max_document_bytes: DocumentBytes = 64 * _MEBIBYTE


Format = Csv | FixedWidth | JsonLines | Rows | Json | Xml


class Source(_Strict, frozen=True):
    """Where a field's value comes from, and how it is read."""

    column: str = ""
    """The column."""
    template: str = ""
    """A text with columns in braces: ``{日期} {时间}``."""
    latitude: str = ""
    """Of ``location.point``: the column of degrees north."""
    longitude: str = ""
    """Of ``location.point``: the column of degrees east."""
    coordinate_system: CoordinateSystem | None = None
    """Of ``location.point``; the mapping's when absent."""
    points: dict[str, tuple[float, float]] = {}
    """Of ``location.point`` with a ``column``: latitude and longitude of each of its words."""
    received: bool = False
    """Of a time: the moment at which the row is read, for tables that have none."""
    format: str | tuple[str, ...] = ()
    """Of a time: how it is written; several are tried in order."""
    time_zone: str = ""
    """Of a time: the zone in which it is written; the mapping's when empty."""
    end_of_day: bool = False
    """Of a deadline: whether midnight, as of a date alone, means the day's last second."""
    unit: str = ""
    """Of a number: the unit in which the column gives it; the field's when empty."""
    decimal: Literal[".", ","] = "."
    """Of a number: what parts its fraction; with a comma, points part the thousands."""
    values: dict[str, str] = {}
    """What the column's words mean."""
    otherwise: str = QUARANTINE
    """What a word means that is not in ``values``; ``keep`` keeps a text as it is."""
    nulls: tuple[str, ...] = ()
    """Words that mean no value, besides the mapping's."""
    separator: str = ""
    """Of a list: what parts its entries; the usual Chinese and Latin marks when empty."""
    mask: bool = False
    """Of a text: whether telephone and identity numbers in it are taken out."""


SOURCE_KEYS: Final = frozenset(field.name for field in msgspec.structs.fields(Source))


class Mapping(_Strict, frozen=True):
    """A mapping file."""

    kind: str
    """The kind of record, for example ``safety.hazard``."""
    entity: str
    """The thing described, a text with columns in braces: ``{隐患编号}``."""
    format: Format
    """How the table is written."""
    fields: dict[str, Any]
    """Path of a field to its column or source."""
    constants: dict[str, Any] = {}
    """Path of a field to what it holds when no column fills it."""
    encoding: Literal["auto", "utf-8", "gb18030"] = "auto"
    """``auto`` settles on the first row that is not ASCII."""
    time_zone: str = ""
    """The zone of times that have none; the feed's when empty."""
    coordinate_system: CoordinateSystem = CoordinateSystem.WGS84
    """The system of points."""
    nulls: tuple[str, ...] = ("",)
    """Words that mean no value in any column."""
    required: tuple[Name, ...] = ()
    """Columns that must have a value."""
    row_id: tuple[Name, ...] = ()
    """Columns that together tell one row from another; empty: all that are mapped."""
    attributes: tuple[Name, ...] = ()
    """Columns kept as they are, in the body's ``attributes``."""
    classification: str = ""
    """How far records may travel; the feed's when empty."""
    version: Annotated[str, msgspec.Meta(max_length=32)] = ""
    """The mapping's version, which every record's provenance names."""
