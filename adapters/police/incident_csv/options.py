"""What a city configures about a dispatch export, checked before the feed starts."""

from collections.abc import Iterable, Mapping
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from adapters.police.incident_csv.fields import FIELDS, TIMES
from adapters.police.incident_csv.opening import DELIMITERS
from adapters.police.incident_csv.presets import PRESETS, Preset
from adapters.sdk.coordinates import CoordinateSystem
from adapters.sdk.tables import MAX_ROW_BYTES

ENUMERATED: Final[Mapping[str, tuple[str, ...]]] = {
    "category": ("NATURAL_DISASTER", "ACCIDENT", "PUBLIC_HEALTH", "SOCIAL_SECURITY"),
    "level": ("I", "II", "III", "IV"),
    "lifecycle": (
        "REPORTED",
        "CONFIRMED",
        "RESPONDING",
        "CONTROLLED",
        "CLOSED",
        "FALSE_ALARM",
    ),
}
TIME_FORMATS: Final = (
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%Y年%m月%d日 %H:%M:%S",
    "%Y年%m月%d日 %H:%M",
    "%Y年%m月%d日%H时%M分%S秒",
    "%Y年%m月%d日%H时%M分",
    "%Y%m%d%H%M%S",
    "%Y%m%d%H%M",
    "%Y.%m.%d %H:%M:%S",
    "%Y.%m.%d %H:%M",
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%Y年%m月%d日",
    "%m/%d/%Y %I:%M:%S %p",
    "%Y/%m/%d %I:%M:%S %p",
)
_DELIMITERS: Final = ("auto", *DELIMITERS)
# Python's csv module takes no longer field.
_LONGEST_ROW: Final = 131_072
_SHORTEST_ROW: Final = 64


class IncidentCsvOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Options of a feed of dispatch exports.

    Attributes:
        preset: A mapping that comes with the adapter: ``chinese`` (header names in common
            use; the default when ``fields`` is empty) or ``montgomery-911``.
        fields: Which column fills a field, for example ``number = "警单号"``; goes before
            the preset's, of whose columns a file may lack some: these must be in every file.
        constants: What a field holds in every row, for example ``service = "110"``.
        values: What a column's words mean, by field, for example
            ``level = { "三级" = "III" }``; goes before the adapter's own table.
        columns: The columns of a file without a header; a header goes before them.
        attributes: Columns to keep as they are. All others are dropped: they may hold
            personal data.
        identity: The columns that tell one incident from another where there is no number.
        delimiter: Comma, semicolon, tab or ``|``; ``auto`` settles on the first row.
        encoding: ``auto`` settles on the first row that is not ASCII.
        time_formats: As ``datetime.strptime`` takes them, tried in order; ISO 8601, days
            of Excel and seconds or milliseconds since 1970 are always understood.
        time_zone: The zone of times; empty: the preset's, else the feed's.
        coordinate_system: ``wgs84``, ``gcj02`` or ``bd09``.
        max_row_bytes: Rows beyond this go to quarantine, cut to this length.
    """

    preset: Literal["", "chinese", "montgomery-911"] = ""
    fields: dict[str, str] = {}
    constants: dict[str, str] = {}
    values: dict[str, dict[str, str]] = {}
    columns: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    identity: tuple[str, ...] = ()
    delimiter: str = "auto"
    encoding: Literal["auto", "utf-8", "gb18030"] = "auto"
    time_formats: tuple[str, ...] = TIME_FORMATS
    time_zone: str = ""
    coordinate_system: CoordinateSystem | None = None
    max_row_bytes: int = MAX_ROW_BYTES

    def __post_init__(self) -> None:
        """Check what types cannot say; msgspec turns the error into its own.

        Raises:
            ValueError: An option is not right; the sentence names it.
        """
        if self.delimiter not in _DELIMITERS:
            raise ValueError(f"`delimiter` is {self.delimiter!r}, expected one of {_DELIMITERS}")
        if not _SHORTEST_ROW <= self.max_row_bytes <= _LONGEST_ROW:
            raise ValueError(
                f"`max_row_bytes` is {self.max_row_bytes}, "
                f"expected {_SHORTEST_ROW} to {_LONGEST_ROW}"
            )
        for option in ("fields", "constants", "values"):
            _known(f"{option}.", getattr(self, option), FIELDS, "fields")
        for name, words in {**self._constant_words(), **self.values}.items():
            if name in ENUMERATED:
                _known(f"values.{name} → ", words.values(), ENUMERATED[name], "values")
        self._check_columns()
        self._check_time()

    def the_preset(self) -> Preset:
        """Return the preset in use; without one and with fields of its own, an empty one."""
        if self.preset or not self.fields:
            return PRESETS[self.preset or "chinese"]
        return Preset(fields={})

    def _constant_words(self) -> dict[str, dict[str, str]]:
        """Return the constants in the shape of value maps."""
        return {name: {"": word} for name, word in self.constants.items()}

    def _check_columns(self) -> None:
        """Check that what is mapped exists and is enough, as far as can be known now."""
        columns = self.columns or self.the_preset().columns
        if len(set(columns)) != len(columns):
            raise ValueError(f"`columns` names a column twice: {', '.join(columns)}")
        if columns:
            named = {f"fields.{name}": column for name, column in self.fields.items()}
            named |= {f"attributes.{n}": column for n, column in enumerate(self.attributes)}
            named |= {f"identity.{n}": column for n, column in enumerate(self.identity)}
            for option, column in named.items():
                if column not in columns:
                    raise ValueError(
                        f"`{option}` names the column {column!r}, which is not there; "
                        f"available columns: {', '.join(columns)}"
                    )
        filled = {*self.fields, *self.constants, *self.the_preset().fields}
        if not filled.intersection(TIMES):
            raise ValueError(f"`fields` maps no time; map one of {', '.join(TIMES)}")
        if ("latitude" in filled) != ("longitude" in filled):
            raise ValueError("`fields` maps one of latitude and longitude; map both or neither")

    def _check_time(self) -> None:
        """Check that the zone exists and that there is a format."""
        if not self.time_formats:
            raise ValueError("`time_formats` is empty; leave it out, or name one")
        if self.time_zone:
            try:
                ZoneInfo(self.time_zone)
            except (ZoneInfoNotFoundError, ValueError) as error:
                raise ValueError(
                    f"`time_zone` is {self.time_zone!r}, expected a zone such as Asia/Shanghai"
                ) from error


def _known(prefix: str, names: Iterable[str], known: tuple[str, ...], what: str) -> None:
    """Fail when a name is not known."""
    for name in names:
        if name not in known:
            raise ValueError(f"`{prefix}{name}` is not known; the {what} are: {', '.join(known)}")
