"""Which column of a file fills which field."""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from adapters.police.incident_csv.fields import IDENTITY, TIMES
from adapters.police.incident_csv.options import IncidentCsvOptions

_BESIDE: Final = re.compile(r"\s+|\(.*\)$")


class LayoutMismatch(ValueError):
    """A file's columns are not those that the feed's configuration speaks of."""


@dataclass(frozen=True, slots=True)
class Layout:
    """A file's columns, resolved.

    Attributes:
        columns: Their names, in order.
        fields: The position of the column that fills each field.
        attributes: The positions of columns that are kept as they are.
        identity: The positions of columns that identify an incident without a number.
    """

    columns: tuple[str, ...]
    fields: Mapping[str, int]
    attributes: tuple[int, ...]
    identity: tuple[int, ...]


def layout_of(
    columns: Sequence[str], options: IncidentCsvOptions, demanded: Sequence[str] = ()
) -> Layout:
    """Resolve what is configured against a file's columns.

    Args:
        columns: Their names, in order.
        options: What is configured.
        demanded: Columns that must be there, whatever is mapped.

    Raises:
        LayoutMismatch: A column that the configuration names is missing or there twice,
            or none of the columns is a time.
    """
    preset = options.the_preset()
    available = ", ".join(columns) or "none"
    wanted = [*options.fields.values(), *options.attributes, *options.identity, *demanded]
    for column in wanted:
        if column not in columns:
            raise LayoutMismatch(f"there is no column {column!r}; available columns: {available}")
    plain = [_plain(column) for column in columns]
    fields = {
        field: plain.index(name)
        for field, names in preset.fields.items()
        for name in names[::-1]
        if name in plain
    }
    fields |= {field: columns.index(column) for field, column in options.fields.items()}
    if not {*fields, *options.constants}.intersection(TIMES):
        raise LayoutMismatch(
            "no column is known to hold a time (`fields` in the feed's options maps them); "
            f"available columns: {available}"
        )
    kept = [*preset.attributes, *options.attributes]
    attributes = tuple(columns.index(name) for name in dict.fromkeys(kept) if name in columns)
    used = (*fields.values(), *attributes)
    for position in used:
        if columns.count(columns[position]) > 1:
            raise LayoutMismatch(
                f"the column {columns[position]!r} is there twice; available columns: {available}"
            )
    identity = tuple(columns.index(name) for name in options.identity) or (
        *(fields[field] for field in IDENTITY if field in fields),
        *(columns.index(name) for name in preset.attributes if name in columns),
    )
    return Layout(tuple(columns), fields, attributes, identity)


def _plain(column: str) -> str:
    """Return a column's name without blanks and explanations: ``报警 时间（年月日）`` is one."""  # noqa: RUF002 - full-width brackets are meant.
    return _BESIDE.sub("", unicodedata.normalize("NFKC", column))
