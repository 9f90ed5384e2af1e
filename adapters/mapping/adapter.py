"""The adapter for tables: a mapping says which column is which field."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, ClassVar, Final

import msgspec

from adapters.mapping.columns import Values
from adapters.mapping.gauges import BEYOND
from adapters.mapping.load import load
from adapters.mapping.plan import PARTED
from adapters.mapping.readers import open_reader
from adapters.mapping.row import Row, RowReader
from adapters.mapping.schema import Json, Xml
from adapters.mapping.steps import Step
from adapters.mapping.unfit import Unfit
from adapters.sdk.adapter import Adapter, Translated
from adapters.sdk.clock import moment_of
from adapters.sdk.errors import Untranslatable
from adapters.sdk.feed import FeedConfig
from adapters.sdk.naming import name_for
from liandong.quantity.v1.quantity_pb2 import (
    QUALITY_LEVEL_SUSPECT,
    QUALITY_LEVEL_VALID,
    Attribute,
)
from liandong.record.v1.record_pb2 import Classification, Record

_NOTE: Final = 512
_SOURCE_ID: Final = 512
_ATTRIBUTE: Final = 8192
"""Characters of an attribute's value that the schema takes."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class MappingOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Options of a feed of tables: one of the two.

    Attributes:
        file: The mapping's file; a relative path begins at the city file's folder.
        mapping: The mapping itself.
    """

    file: str = ""
    mapping: dict[str, Any] = {}


class MappedTable(Adapter[Row, MappingOptions]):
    """Rows of a table, each a record, as a mapping says.

    Raises:
        FeedMisconfigured: On making it, if the mapping is not right; everything that is
            wrong is named at once.
    """

    name: ClassVar[str] = "mapping"
    options_type: ClassVar[type[msgspec.Struct]] = MappingOptions

    def __init__(self, feed: FeedConfig, options: MappingOptions) -> None:
        super().__init__(feed, options)
        loaded = load(feed, options.file, options.mapping, self.now)
        self._mapping, self._plan = loaded.mapping, loaded.plan
        self._unit = "entry" if isinstance(self._mapping.format, Json | Xml) else "line"
        self._blank = self._written_once()

    def decoder(self) -> RowReader:
        """Return a reader for one file or answer."""
        return open_reader(self._mapping, self._plan.columns)

    def opening(self, message: Row) -> bytes:
        """Return what stands above the row's table, its header among it."""
        return message.opening

    def translate(self, message: Row) -> Iterator[Translated]:
        """Yield the row's record.

        Raises:
            Untranslatable: A value cannot fill its field; the column is named.
        """
        plan, values = self._plan, message.values
        record = Record.FromString(self._blank)
        doubts: list[str] = []
        self._fill(record, message, doubts)
        entity = plan.entity(values)
        if not entity:
            raise Untranslatable(
                f"{self._unit} {message.line}: {plan.entity_columns}",
                "",
                expected="a value: it names what the row describes",
                cause="required",
            )
        record.name = name_for(self.feed.agency, plan.kind, entity)
        moment_of(self.now()).write(record.received_at)
        for column, number in plan.attributes:
            if values[number]:
                kept = Attribute(key=column, value=values[number])
                getattr(record, plan.body.name).attributes.append(kept)
        row_id = plan.row_id(values)
        origin = record.provenance
        origin.raw_sha256 = hashlib.sha256(message.raw).digest()
        if plan.has_row_id and not origin.source_message_id:
            origin.source_message_id = row_id.replace(PARTED, " ")[:_SOURCE_ID]
        if doubts:
            _doubt(record, doubts)
        yield Translated(record, row_id, self._shape(record, values))

    def _shape(self, record: Record, values: Values) -> tuple[object, ...] | None:
        """Return a record's shape; None: the schema has to be asked."""
        plan = self._plan
        if plan.gauges is None:
            return None
        kept = [len(values[number]) for _, number in plan.attributes]
        told = [gauge(record) for gauge in plan.gauges]
        if BEYOND in told or max(kept, default=0) > _ATTRIBUTE:
            return None
        return (record.quality.level, *told, *map(bool, kept))

    def _fill(self, record: Record, message: Row, doubts: list[str]) -> None:
        """Apply the plan's steps."""
        values = message.values
        step: Step | None = None
        try:
            for step in self._plan.steps:
                step.apply(record, values, doubts)
        except Unfit as unfit:
            assert step is not None
            found = " / ".join(values[number] for number in step.numbers)
            raise Untranslatable(
                f"{self._unit} {message.line}: column {unfit.column or step.columns}",
                found if unfit.value is None else unfit.value,
                expected=f"{unfit.expected}{f' for {step.path}' if step.path else ''}",
                cause=unfit.cause,
                remedy=unfit.remedy,
            ) from unfit

    def _written_once(self) -> bytes:
        """Return what every record has in common."""
        record = self.record(
            self._plan.kind,
            "-",
            observed_at=_EPOCH,
            raw=b"",
            format_version=self._mapping.version,
        )
        for field in ("name", "observed_at", "received_at"):
            record.ClearField(field)
        record.provenance.ClearField("raw_sha256")
        if self._mapping.classification:
            label = f"CLASSIFICATION_{self._mapping.classification.upper()}"
            record.classification = Classification.Value(label)
        self._plan.fill(record)
        return record.SerializeToString()


def _doubt(record: Record, doubts: list[str]) -> None:
    """Say in a record what was not understood."""
    quality = record.quality
    if quality.level == QUALITY_LEVEL_VALID:
        quality.level = QUALITY_LEVEL_SUSPECT
    quality.note = "; ".join(filter(None, dict.fromkeys([quality.note, *doubts])))[:_NOTE]
