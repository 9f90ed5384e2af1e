"""The adapter of NWIS: levels, flow, rain and water quality of the US Geological Survey."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import lru_cache
from typing import ClassVar, Final

import msgspec

from adapters.sdk.adapter import VALID, Adapter, Translated
from adapters.sdk.clock import moment_of
from adapters.sdk.envelope import Envelopes
from adapters.sdk.errors import Untranslatable
from adapters.sdk.feed import FeedConfig
from adapters.sdk.times import require_plausible
from adapters.water.nwis.alone import opening_of
from adapters.water.nwis.document import MAX_DOCUMENT_BYTES, NwisDecoder
from adapters.water.nwis.moments import moment
from adapters.water.nwis.parameters import Kind
from adapters.water.nwis.qualifiers import gravest
from adapters.water.nwis.readings import NwisMessage, Reading, Readings, Site, SiteRow
from adapters.water.nwis.translate import BODIES, by_kind, head_of, location_of, put_readings
from liandong.quantity.v1.quantity_pb2 import Attribute
from liandong.record.v1.record_pb2 import Record
from liandong.station.v1 import station_pb2 as station

_REMEMBERED: Final = 65_536
_HEADS: Final = 8192
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_Address = tuple[Kind, str, Site]
_DAILY: Final = ":daily"


class NwisOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Options of a feed of NWIS.

    Attributes:
        max_document_bytes: JSON documents beyond this go to quarantine, cut to this length.
    """

    max_document_bytes: int = MAX_DOCUMENT_BYTES


class Nwis(Adapter[NwisMessage, NwisOptions]):
    """NWIS to ``<agency>/water.level/<site>``, ``water.rainfall`` and ``water.quality``.

    All that a document says of one site at one time is one record of each kind. Daily
    values are ``<site>:daily``: they are no later state of what is measured by the minute.
    Rows of a site file become ``station.report`` and tell where tables' sites are.
    """

    name: ClassVar[str] = "water/nwis"
    options_type: ClassVar[type[msgspec.Struct]] = NwisOptions

    def __init__(self, feed: FeedConfig, options: NwisOptions) -> None:
        super().__init__(feed, options)
        self._sites: dict[str, Site] = {}
        self._envelopes = Envelopes(self._blank)
        self._heads = lru_cache(maxsize=_HEADS)(head_of)

    def decoder(self) -> NwisDecoder:
        """Return a decoder for one file or response."""
        return NwisDecoder(self.options.max_document_bytes)

    def translate(self, message: NwisMessage) -> Iterator[Translated]:
        """Yield a record of each kind that the readings are of, or the site's description.

        Raises:
            Untranslatable: There is no site, or the time cannot be read.
        """
        if not message.site.number:
            raise Untranslatable("site_no", "", expected="a site's number", cause="missing")
        if isinstance(message, SiteRow):
            yield self._described(message)
            return
        observed = moment(message, self.zone)
        require_plausible("datetime", observed, self.now())
        site = message.site
        if site.latitude is None:
            site = self._sites.get(site.number, site)
        for kind, readings in by_kind(message.readings).items():
            yield self._observed(message, kind, site, observed, readings)

    def opening(self, message: NwisMessage) -> bytes:
        """Return what the document says of a message beside its bytes."""
        return opening_of(message)

    def _observed(
        self,
        message: Readings,
        kind: Kind,
        site: Site,
        observed: datetime,
        readings: list[Reading],
    ) -> Translated:
        """Return the record of one kind."""
        entity = site.number + (_DAILY if message.is_daily else "")
        record = self._envelopes.record(
            (kind, entity, site),
            BODIES[kind],
            self._heads(kind, site),
            VALID,
            observed=moment_of(observed),
            received=moment_of(self.now()),
            sent=None,
            message=message.raw,
            number=f"{site.agency}:{site.number}:{message.time}"[:512],
        )
        qualities, readings_shape = put_readings(record, kind, readings)
        record.quality.CopyFrom(gravest(qualities))
        said = sorted(
            f"{one.parameter}:{one.statistic}:{one.method}={one.text}[{' '.join(one.qualifiers)}]"
            for one in readings
        )
        return Translated(
            record,
            f"{site.agency}|{entity}|{observed.isoformat()}|{';'.join(said)}",
            readings_shape and (kind, entity, site, readings_shape),
        )

    def _blank(self, address: _Address) -> Record:
        """Return what a site's records of a kind have in common."""
        kind, entity, site = address
        return self.record(kind, entity, observed_at=_EPOCH, raw=b"", location=location_of(site))

    def _described(self, row: SiteRow) -> Translated:
        """Return the record of a site's description, and remember where it is."""
        if len(self._sites) >= _REMEMBERED:
            self._sites.clear()
        self._sites[row.site.number] = row.site
        record = self.record(
            "station.report",
            row.site.number,
            observed_at=self._retrieved(row.retrieved),
            raw=row.raw,
            location=location_of(row.site),
        )
        body = record.station_report
        body.station_id, body.function = row.site.number[:64], "site"
        body.type = station.REPORT_TYPE_SETTINGS
        body.attributes.extend(
            Attribute(key=name[:128], value=cell[:8192]) for name, cell in row.cells.items() if name
        )
        said = ";".join(f"{name}={cell}" for name, cell in sorted(row.cells.items()))
        return Translated(record, f"site|{said}")

    def _retrieved(self, written: str) -> datetime:
        """Return when a site file was made: as it says, otherwise when it came."""
        now = self.now()
        try:
            made = datetime.strptime(written, "%Y-%m-%d %H:%M:%S %z").astimezone(UTC)
            require_plausible("retrieved", made, now)
        except (ValueError, OverflowError, Untranslatable):
            return now
        return made
