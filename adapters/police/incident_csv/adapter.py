"""The adapter for exports of dispatch systems."""

from collections.abc import Iterator
from datetime import datetime
from typing import ClassVar, Final
from zoneinfo import ZoneInfo

import msgspec

from adapters.police.incident_csv.cells import ReadCells, cells_of
from adapters.police.incident_csv.decode import IncidentDecoder, IncidentRow
from adapters.police.incident_csv.fields import TIMES
from adapters.police.incident_csv.layout import Layout
from adapters.police.incident_csv.options import IncidentCsvOptions
from adapters.police.incident_csv.times import Moments
from adapters.police.incident_csv.translate import (
    attributes_of,
    digest,
    is_within,
    number_of,
    to_incident,
    to_location,
)
from adapters.sdk.adapter import VALID, Adapter, Translated
from adapters.sdk.clock import moment_of
from adapters.sdk.errors import Untranslatable
from adapters.sdk.feed import FeedConfig
from liandong.quantity.v1.quantity_pb2 import QUALITY_LEVEL_SUSPECT, Quality

KIND: Final = "incident.report"
_NOTE: Final = 512
_REMEMBERED: Final = 256


class IncidentCsv(Adapter[IncidentRow, IncidentCsvOptions]):
    """Incidents as 110, 119 and 120 dispatch systems export them: CSV, one row each.

    A row becomes the record ``<agency>/incident.report/<number>``. The same row in the next
    export is a duplicate; a row of which something mapped has changed is a new revision.
    Columns that nothing maps are dropped, for they may hold personal data.
    """

    name: ClassVar[str] = "police/incident_csv"
    options_type: ClassVar[type[msgspec.Struct]] = IncidentCsvOptions

    def __init__(self, feed: FeedConfig, options: IncidentCsvOptions) -> None:
        super().__init__(feed, options)
        preset = options.the_preset()
        zone = options.time_zone or preset.time_zone
        self._moments = Moments(options.time_formats, ZoneInfo(zone) if zone else self.zone)
        self._readers: dict[tuple[str, ...], ReadCells] = {}
        self._system = options.coordinate_system or preset.coordinate_system

    def decoder(self) -> IncidentDecoder:
        """Return a decoder for one file."""
        return IncidentDecoder(self.options)

    def opening(self, message: IncidentRow) -> bytes:
        """Return the header of the row's file."""
        return message.opening

    def translate(self, message: IncidentRow) -> Iterator[Translated]:
        """Yield the incident.

        Raises:
            Untranslatable: A time, a coordinate, a count or the number cannot be read.
        """
        cells = self._reader(message.layout)(message.values)
        times = self._times(cells)
        doubts: list[str] = []
        number = number_of(message, cells["number"])
        body = to_incident(cells.__getitem__, number, doubts)
        body.attributes.extend(attributes_of(message))
        location = to_location(cells.__getitem__, self._system, doubts)
        for field, stamp in (
            ("occurred_at", body.occurred_at),
            ("reported_at", body.reported_at),
            ("closed_at", body.closed_at),
        ):
            if field in times:
                moment_of(times[field]).write(stamp)
        quality = _quality(doubts)
        record = self.record(
            KIND,
            number,
            observed_at=max(times.values()),
            raw=message.raw,
            source_message_id=number,
            quality=quality,
            location=location,
        )
        record.incident.CopyFrom(body)
        kept = [f"{one.key}={one.value}" for one in body.attributes]
        shape = (KIND, quality.level) if not kept and is_within(body, location) else None
        yield Translated(record, f"{number}|{digest((*cells.values(), *kept))}", shape)

    def _reader(self, layout: Layout) -> ReadCells:
        """Return what reads the cells of rows of a layout."""
        reader = self._readers.get(layout.columns)
        if reader is None:
            if len(self._readers) >= _REMEMBERED:
                self._readers.clear()
            reader = self._readers[layout.columns] = cells_of(layout, self.options)
        return reader

    def _times(self, cells: dict[str, str]) -> dict[str, datetime]:
        """Return the row's times, in UTC; there must be one."""
        now = self.now()
        times = {
            field: self._moments.utc(field, cells[field], now) for field in TIMES if cells[field]
        }
        if not times:
            mapped = ", ".join(TIMES)
            raise Untranslatable("time", "", expected=f"one of {mapped} to be filled", cause="time")
        return times


def _quality(doubts: list[str]) -> Quality:
    """Return how far a row may be trusted, with what was not understood."""
    if not doubts:
        return VALID
    return Quality(level=QUALITY_LEVEL_SUSPECT, note="; ".join(doubts)[:_NOTE])
