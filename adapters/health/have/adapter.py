"""The adapter for EDXL-HAVE."""

import hashlib
from collections.abc import Iterator
from typing import ClassVar, Final
from xml.etree.ElementTree import Element

import msgspec

from adapters.health.have.document import HaveDecoder, HaveFacility
from adapters.health.have.translate import Translation
from adapters.sdk.adapter import VALID, Adapter, Translated
from adapters.sdk.clock import moment_of
from adapters.sdk.coordinates import CoordinateSystem
from adapters.sdk.distribution import status_of
from adapters.sdk.feed import FeedConfig
from adapters.sdk.moments import moment
from adapters.sdk.times import require_plausible
from adapters.sdk.unchanged import Unchanged
from adapters.sdk.whole import MAX_BYTES
from liandong.place.v1.place_pb2 import Point
from liandong.quantity.v1.quantity_pb2 import QUALITY_LEVEL_SUSPECT, Quality

KIND: Final = "health.facility"
_NO_TIME: Final = "the document says no LastUpdateTime: this is when it came"
_NOTE: Final = 512
_POLE: Final = 90.0
_HALF_TURN: Final = 180.0
# Texts are cut to what the schema allows, counts are whole numbers.
_FACILITIES: Final = ("facility",)


class HaveOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Options of a feed of EDXL-HAVE documents.

    Attributes:
        max_document_bytes: Documents beyond this go to quarantine, cut to this length.
        coordinate_system: ``wgs84``, as HAVE demands, or ``gcj02`` or ``bd09`` where a
            source writes those all the same.
    """

    max_document_bytes: int = MAX_BYTES
    coordinate_system: CoordinateSystem = CoordinateSystem.WGS84


class Have(Adapter[HaveFacility, HaveOptions]):
    """Hospitals as EDXL-HAVE 1.0 and 2.0 report them, from files or an address.

    Each facility becomes the record ``<agency>/health.facility/<its number or name>``.
    """

    name: ClassVar[str] = "health/have"
    options_type: ClassVar[type[msgspec.Struct]] = HaveOptions

    def __init__(self, feed: FeedConfig, options: HaveOptions) -> None:
        super().__init__(feed, options)
        self._unchanged = Unchanged()

    def decoder(self) -> HaveDecoder:
        """Return a decoder for one file or response."""
        return HaveDecoder(self.options.max_document_bytes)

    def translate(self, message: HaveFacility) -> Iterator[Translated]:
        """Yield the facility.

        Raises:
            Untranslatable: It cannot be named, its time cannot be true, or the document
                around it has a status that EDXL-DE does not know.
        """
        status = status_of(message.distribution_status)
        translation = Translation(message.element)
        written = translation.time() or message.document_time
        location = translation.location(self.options.coordinate_system)
        body, is_within = translation.facility()
        content = _said(message.element)
        observed = self._unchanged.since(body.facility_id, content, self.now())
        if written:
            observed = moment(written, "LastUpdateTime", self.zone)
            require_plausible("LastUpdateTime", observed, self.now())
            moment_of(observed).write(body.updated_at)
        else:
            translation.doubts.append(_NO_TIME)
        record = self.record(
            KIND,
            body.facility_id,
            observed_at=observed,
            raw=message.raw,
            quality=_quality(translation.doubts),
            status=status,
            location=location,
            format_version=message.version,
        )
        record.health_facility.CopyFrom(body)
        digest = hashlib.sha256(content).hexdigest()
        is_within = is_within and _is_on_earth(location.point)
        shape = _FACILITIES if is_within else None
        yield Translated(record, f"{body.facility_id}|{observed.isoformat()}|{digest}", shape)


def _said(facility: Element) -> bytes:
    """Return all that a facility's element says, the same as long as it says the same."""
    parts = [(one.tag, len(one), one.text, one.tail, one.items()) for one in facility.iter()]
    return repr(parts).encode()


def _is_on_earth(point: Point) -> bool:
    """Tell whether a point is still one after it was moved to another system."""
    return abs(point.latitude_deg) <= _POLE and abs(point.longitude_deg) <= _HALF_TURN


def _quality(doubts: list[str]) -> Quality:
    """Return how far a report may be trusted, with what was not understood."""
    if not doubts:
        return VALID
    return Quality(level=QUALITY_LEVEL_SUSPECT, note="; ".join(doubts)[:_NOTE])
