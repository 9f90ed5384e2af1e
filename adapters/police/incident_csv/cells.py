"""What fills each field of a row, worked out once for a layout."""

from collections.abc import Callable
from typing import Final

from adapters.police.incident_csv.fields import FIELDS
from adapters.police.incident_csv.layout import Layout
from adapters.police.incident_csv.options import IncidentCsvOptions

ReadCells = Callable[[tuple[str, ...]], dict[str, str]]
"""Returns the text of every field, in the order of ``FIELDS``, from a row's values."""
# What databases and spreadsheets write where there is nothing.
_NOTHING: Final = frozenset({"", "null", "none", "nan", "n/a", "#n/a", "\\n", "-", "--", "无"})


def cells_of(layout: Layout, options: IncidentCsvOptions) -> ReadCells:
    """Return what reads the cells of rows of a layout, as the configuration understands them."""
    meanings = {field: options.values.get(field, {}) for field in FIELDS}
    written = {field: options.constants.get(field, "") for field in FIELDS}
    # What stands in a field that has no column, or nothing in it.
    empty = {field: meanings[field].get(word, word) for field, word in written.items()}
    columns = [
        (field, layout.fields[field], meanings[field]) for field in FIELDS if field in layout.fields
    ]

    def read(values: tuple[str, ...]) -> dict[str, str]:
        cells = empty.copy()
        for field, position, words in columns:
            value = values[position]
            if value and value.casefold() not in _NOTHING:
                cells[field] = words.get(value, value)
        return cells

    return read
