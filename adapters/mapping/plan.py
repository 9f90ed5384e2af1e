"""What is done with each row of a table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from google.protobuf.descriptor import FieldDescriptor

from adapters.mapping.columns import Compose, Values
from adapters.mapping.gauges import Gauge
from adapters.mapping.steps import Step
from liandong.record.v1.record_pb2 import Record

PARTED: Final = "\x1f"
"""What stands between the values that tell one row from another."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A mapping, compiled.

    Attributes:
        kind: The kind of record.
        body: Its body's field in a record.
        columns: The columns that are read, in the order of a row's values.
        entity: Returns the thing that a row describes.
        entity_columns: What it is made of, for errors.
        steps: What fills a record, in order.
        attributes: Columns kept as they are, with their numbers.
        row_id: Returns what tells one row from another.
        has_row_id: Whether the mapping says what that is.
        fill: Puts the constants into a record.
        gauges: What decides whether the schema takes a record; None: it has to be asked.
    """

    kind: str
    body: FieldDescriptor
    columns: tuple[str, ...]
    entity: Compose
    entity_columns: str
    steps: tuple[Step, ...]
    attributes: tuple[tuple[str, int], ...]
    row_id: Callable[[Values], str]
    has_row_id: bool
    fill: Callable[[Record], None]
    gauges: tuple[Gauge, ...] | None
