"""The adapter of the weather service's public JSON."""

from collections.abc import Iterator
from typing import ClassVar, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from adapters.sdk.adapter import Adapter, Translated
from adapters.sdk.errors import FeedMisconfigured
from adapters.sdk.feed import FeedConfig
from adapters.sdk.times import require_plausible
from adapters.weather.cap.earlier import REMEMBERED
from adapters.weather.cap.records import WarningRecords
from adapters.weather.cma_json.document import MAX_DOCUMENT_BYTES, OPENINGS, CmaDecoder, CmaItem
from adapters.weather.cma_json.fields import time_of
from adapters.weather.cma_json.observation import to_observation
from adapters.weather.cma_json.surface import Row
from adapters.weather.cma_json.warning import alert_of
from adapters.weather.sites import UNKNOWN, Site

KIND: Final = "weather.observation"


class CmaJsonOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Options of a feed of the weather service's JSON.

    Attributes:
        sites: What is known of each station, by its number, for example ``58238``.
        interface_time_zone: Zone of the data interface's times; it has them in UTC, copies of
            its tables sometimes in ``Asia/Shanghai``.
        max_document_bytes: Documents beyond this go to quarantine, cut to this length.
        remembered_warnings: How many earlier warnings are kept whole in memory, so that an
            update or a cancellation can repeat them with their new state.
    """

    sites: dict[str, Site] = {}
    interface_time_zone: str = "UTC"
    max_document_bytes: int = MAX_DOCUMENT_BYTES
    remembered_warnings: int = REMEMBERED


class CmaJson(Adapter[CmaItem, CmaJsonOptions]):
    """Warnings under the identifier that CAP gives them, and stations' observations.

    A warning becomes ``<agency>/weather.warning/<identifier>``, an observation
    ``<agency>/weather.observation/<station>``. That a warning is no longer in a list does
    not say that it has ended: it may be another station's list.
    """

    name: ClassVar[str] = "weather/cma_json"
    options_type: ClassVar[type[msgspec.Struct]] = CmaJsonOptions

    def __init__(self, feed: FeedConfig, options: CmaJsonOptions) -> None:
        super().__init__(feed, options)
        self._warnings = WarningRecords(self, options.remembered_warnings)
        try:
            self._interface_zone = ZoneInfo(options.interface_time_zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise FeedMisconfigured(
                feed.id,
                f"`interface_time_zone` is {options.interface_time_zone!r}, which is no time zone",
                "write UTC or Asia/Shanghai",
            ) from error

    def decoder(self) -> CmaDecoder:
        """Return a decoder for one file or response."""
        return CmaDecoder(self.options.max_document_bytes)

    def translate(self, message: CmaItem) -> Iterator[Translated]:
        """Yield the observation; or the warning, then those that it replaces or cancels.

        Raises:
            Untranslatable: It names no station or no identifier, or a value cannot be read.
        """
        if message.form == "surface":
            yield self._surface(message)
            return
        if message.form == "now":
            yield self._observation(message)
            return
        alert = alert_of(message, self.zone)
        require_plausible("effective", alert.sent, self.now())
        message_id = f"{alert.identifier}|{message.form}|{_canonical(message.fields)}"
        for record, shape in self._warnings.of(alert, message.raw):
            yield Translated(record, message_id, shape)

    def opening(self, message: CmaItem) -> bytes:
        """Return what tells an item's form, which a whole document tells by itself."""
        return OPENINGS.get(message.form, b"")

    def _observation(self, message: CmaItem) -> Translated:
        """Return the observation of a station's page."""
        body, is_within = to_observation(message.fields)
        observed = time_of(message.fields, self.zone, "lastUpdate")
        require_plausible("lastUpdate", observed, self.now())
        site = self.options.sites.get(body.station_id, UNKNOWN)
        record = self.record(
            KIND,
            body.station_id,
            observed_at=observed,
            raw=message.raw,
            location=site.location(),
        )
        record.weather_observation.CopyFrom(body)
        said = _canonical(message.fields["now"])
        # The site decides about the place, and there are few.
        shape = (KIND, body.station_id) if is_within else None
        return Translated(record, f"{body.station_id}|{observed.isoformat()}|{said}", shape)

    def _surface(self, message: CmaItem) -> Translated:
        """Return the observation of a row of the data interface."""
        row = Row(message.fields)
        station = row.station()
        observed = row.observed_at(self._interface_zone)
        require_plausible("Datetime", observed, self.now())
        site = row.site(self.options.sites.get(station, UNKNOWN))
        body, quality = row.observation(station, site.title)
        record = self.record(
            KIND,
            station,
            observed_at=observed,
            raw=message.raw,
            quality=quality,
            location=site.location(),
        )
        record.weather_observation.CopyFrom(body)
        said = _canonical(message.fields)
        return Translated(record, f"{station}|{observed.isoformat()}|{said}")


def _canonical(fields: dict[str, object]) -> str:
    """Return what was said, in whatever order it was."""
    return msgspec.json.encode(fields, order="sorted").decode()
