"""The fields of an incident that a column can fill."""

from typing import Final

TIMES: Final = ("occurred_at", "reported_at", "closed_at", "updated_at")
CASUALTIES: Final = ("dead", "injured", "missing", "trapped")
FIELDS: Final = (
    "number",
    *TIMES,
    # "service: type" in one column.
    "title",
    "type",
    "type_code",
    "category",
    "level",
    "lifecycle",
    "service",
    "description",
    "latitude",
    "longitude",
    "address",
    "district",
    *(f"casualties.{name}" for name in CASUALTIES),
    "units",
)
# What tells one incident from another when it has no number of its own.
IDENTITY: Final = (
    "occurred_at",
    "reported_at",
    "title",
    "type",
    "service",
    "latitude",
    "longitude",
    "address",
    "district",
)
