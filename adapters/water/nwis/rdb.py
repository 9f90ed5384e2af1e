"""Read RDB: comments, a line of column names, a line of formats, then rows, tab-separated.

Tables of values have ``agency_cd``, ``site_no``, ``datetime``, perhaps ``tz_cd``, and for
each series a column ``<series>_<parameter>[_<statistic>]`` with one of qualifiers beside it,
``..._cd``. Tables of sites have ``station_nm`` and the like instead.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from adapters.sdk.message import Undecodable
from adapters.water.nwis.readings import (
    INSTANTANEOUS,
    NwisMessage,
    Reading,
    Readings,
    Site,
    SiteRow,
)

MAX_LINE_BYTES: Final = 64 * 1024
_KEPT_COMMENTS: Final = 4096
_DESCRIPTIONS: Final = 10_000
_FORMAT: Final = re.compile(r"\d*[sdn]")
_SERIES: Final = re.compile(r"(?P<series>[^_]+)_(?P<parameter>\d{5})(?:_(?P<statistic>\d{5}))?")
_RETRIEVED: Final = re.compile(r"#\s*retrieved:\s*([^\s(][^(]*)(?:\(.*)?")
_STATION: Final = re.compile(r"#\s+([A-Z-]+) +(\d{8,15}) +(\S.*)")
_DESCRIPTION: Final = re.compile(r"#\s+(\d+)\s+(\d{5})\s+(?:\d{5}\s+)?(\S.*)")
_FOOT_M: Final = 0.3048
# What NWIS writes for no value; WaterML says so in `noDataValue`, RDB nowhere.
_NO_DATA: Final = -999_999.0
# The older horizontal datum differs by up to 100 m and some from WGS-84 in the USA.
_OLD_DATUM_M: Final = 200.0


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of values; ``method`` is empty where a parameter has one column only."""

    name: str
    parameter: str
    statistic: str
    series: str
    method: str


@dataclass(slots=True)
class _Table:
    """What the lines so far have said."""

    columns: tuple[str, ...] = ()
    series: tuple[_Column, ...] = ()
    retrieved: str = ""
    stations: dict[str, str] = field(default_factory=dict)
    descriptions: dict[tuple[str, str], str] = field(default_factory=dict)


class RdbReader:
    """Reads lines of one file; memory is bounded by the longest line and the comments."""

    def __init__(self) -> None:
        self._table = _Table()
        self._comments = b""
        self._has_table = False

    def line(self, raw: bytes) -> NwisMessage | Undecodable | None:
        """Return what a line holds; None: a comment, a header or nothing."""
        if len(raw) > MAX_LINE_BYTES:
            reason = f"a line has more than {MAX_LINE_BYTES} bytes; expected a row of RDB"
            return Undecodable(raw, "oversize", reason)
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            text = raw.decode("latin-1")
        if not text.strip():
            return None
        if text.startswith("#"):
            self._comment(raw, text.strip())
            return None
        cells = tuple(cell.strip() for cell in text.split("\t"))
        if cells[0] == "agency_cd" and "site_no" in cells:
            self._header(cells)
            return None
        if all(map(_FORMAT.fullmatch, cells)):
            return None
        return self._row(raw, cells)

    def close(self) -> Undecodable | None:
        """Return a file that holds nothing but comments: they say why."""
        comments, self._comments = self._comments, b""
        if self._has_table or not comments:
            return None
        said = " ".join(comments.decode("utf-8", "replace").replace("#", " ").split())
        reason = f"the file holds comments alone: {said[:300]!r}; expected a table of RDB"
        return Undecodable(comments, "no_data", reason)

    def _comment(self, raw: bytes, text: str) -> None:
        """Learn from a comment when the file was made, and what its sites and series are."""
        if not self._has_table and len(self._comments) < _KEPT_COMMENTS:
            self._comments += raw[:_KEPT_COMMENTS] + b"\n"
        table = self._table
        if len(table.stations) + len(table.descriptions) > _DESCRIPTIONS:
            return
        if found := _RETRIEVED.fullmatch(text):
            table.retrieved = found[1].strip()
        elif found := _STATION.fullmatch(text):
            table.stations[found[2]] = found[3]
        elif found := _DESCRIPTION.fullmatch(text):
            table.descriptions[found[1], found[2]] = found[3]

    def _header(self, cells: tuple[str, ...]) -> None:
        """Learn the columns."""
        self._has_table = True
        self._table.columns = cells
        shapes = [(name, shape) for name in cells if (shape := _SERIES.fullmatch(name))]
        counts = Counter((shape["parameter"], shape["statistic"]) for _, shape in shapes)
        self._table.series = tuple(
            _Column(
                name=name,
                parameter=shape["parameter"],
                statistic=shape["statistic"] or "",
                series=shape["series"],
                method=shape["series"]
                if counts[shape["parameter"], shape["statistic"]] > 1
                else "",
            )
            for name, shape in shapes
        )

    def _row(self, raw: bytes, cells: tuple[str, ...]) -> NwisMessage | Undecodable:
        """Return a row."""
        columns = self._table.columns
        if not columns:
            reason = (
                f"a line stands before any header: {raw[:60]!r}; expected RDB, whose header "
                "begins with agency_cd and names site_no"
            )
            return Undecodable(raw, "header", reason)
        if len(cells) != len(columns):
            reason = f"a row has {len(cells)} cells, expected {len(columns)}: {', '.join(columns)}"
            return Undecodable(raw, "columns", reason)
        row = dict(zip(columns, cells, strict=True))
        if not self._table.series:
            filled = {name: cell for name, cell in row.items() if cell}
            return SiteRow(raw, _site(row), filled, self._table.retrieved)
        return self._readings(raw, row)

    def _readings(self, raw: bytes, row: dict[str, str]) -> Readings:
        """Return a row of values; sensors that said nothing are left out, unless all did."""
        table = self._table
        readings = tuple(
            Reading(
                parameter=column.parameter,
                text=row[column.name],
                qualifiers=tuple(row.get(f"{column.name}_cd", "").split()),
                statistic=column.statistic,
                title=table.descriptions.get((column.series, column.parameter), ""),
                method=column.method,
                no_data=_NO_DATA,
            )
            for column in table.series
        )
        said = tuple(one for one in readings if one.text or one.qualifiers)
        return Readings(
            raw=raw,
            site=Site(
                row["site_no"], row["agency_cd"], title=table.stations.get(row["site_no"], "")
            ),
            time=row.get("datetime", ""),
            zone=row.get("tz_cd", ""),
            is_daily=any(one.statistic not in INSTANTANEOUS for one in table.series),
            readings=said or readings,
        )


def _site(row: dict[str, str]) -> Site:
    """Return the site of a row of a site file."""
    altitude = _number(row.get("alt_va", ""))
    is_old = row.get("dec_coord_datum_cd", "") in {"NAD27", "OLDHI", "OLDAK", "OLDPR"}
    return Site(
        number=row["site_no"],
        agency=row["agency_cd"],
        title=row.get("station_nm", ""),
        kind=row.get("site_tp_cd", ""),
        latitude=_number(row.get("dec_lat_va", "")),
        longitude=_number(row.get("dec_long_va", "")),
        accuracy_m=_OLD_DATUM_M if is_old else None,
        altitude_m=None if altitude is None else round(altitude * _FOOT_M, 4),
        datum=row.get("alt_datum_cd", ""),
    )


def _number(text: str) -> float | None:
    """Return a number of a site file, or None."""
    try:
        return float(text)
    except ValueError:
        return None
