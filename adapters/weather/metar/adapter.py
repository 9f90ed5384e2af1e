"""The adapter of aerodrome reports."""

from collections.abc import Iterator
from typing import ClassVar, Final

import msgspec

from adapters.sdk.adapter import Adapter, Translated
from adapters.weather.day_time import nearest_past
from adapters.weather.doubts import nil, quality_of
from adapters.weather.metar.parse import parse
from adapters.weather.metar.report import MetarDecoder, MetarReport, parts_of
from adapters.weather.metar.translate import to_observation
from adapters.weather.sites import UNKNOWN, Site
from liandong.record.v1.record_pb2 import STATUS_ACTUAL, STATUS_TEST

KIND: Final = "weather.observation"


class MetarOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Options of a feed of aerodrome reports.

    Attributes:
        sites: What is known of each aerodrome, by its ICAO code.
        one_per_line: Whether a line's end ends a report, also without a ``=``: for senders
            on a socket whose reports shall not wait for the next one.
    """

    sites: dict[str, Site] = {}
    one_per_line: bool = False


class MetarReports(Adapter[MetarReport, MetarOptions]):
    """METAR and SPECI to ``<agency>/weather.observation/<ICAO code>``.

    A correction is a report of the same time: stored later, it replaces what it corrects.
    """

    name: ClassVar[str] = "weather/metar"
    options_type: ClassVar[type[msgspec.Struct]] = MetarOptions

    def decoder(self) -> MetarDecoder:
        """Return a decoder for one connection, file or response."""
        return MetarDecoder(one_per_line=self.options.one_per_line)

    def translate(self, message: MetarReport) -> Iterator[Translated]:
        """Yield the observation.

        Raises:
            Untranslatable: It names no station or no time.
        """
        parts = parts_of(message.text)
        observed = nearest_past("time", parts.day, parts.hour, parts.minute, self.now())
        site = self.options.sites.get(parts.station, UNKNOWN)
        parsed = parse(parts, observed)
        record = self.record(
            KIND,
            parts.station,
            observed_at=observed,
            raw=message.raw,
            source_message_id=f"{parts.kind} {parts.station} {observed:%Y%m%d%H%M}",
            quality=nil() if parts.is_nil else quality_of(parsed.not_understood),
            status=STATUS_TEST if "TEST" in parts.modifiers else STATUS_ACTUAL,
            location=site.location(),
        )
        record.weather_observation.CopyFrom(to_observation(message, parts, parsed, site.title))
        yield Translated(record, f"{observed.isoformat()}|{message.text}")
