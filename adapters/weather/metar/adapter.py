"""The adapter of aerodrome reports."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import ClassVar, Final

import msgspec

from adapters.sdk.adapter import VALID, Adapter, Translated
from adapters.sdk.clock import moment_of
from adapters.sdk.envelope import Envelopes
from adapters.sdk.feed import FeedConfig
from adapters.weather.day_time import latest, nearest_past, spelled
from adapters.weather.doubts import nil, quality_of
from adapters.weather.metar.parse import parse
from adapters.weather.metar.pieces import put_together
from adapters.weather.metar.report import MetarDecoder, MetarReport, parts_of
from adapters.weather.metar.translate import to_observation
from adapters.weather.sites import UNKNOWN, Site
from liandong.record.v1.record_pb2 import STATUS_ACTUAL, STATUS_TEST, Record, Status

KIND: Final = "weather.observation"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MOST: Final = 4096
"""Characters of a report that the schema takes."""
_Address = tuple[str, "Status.ValueType"]


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

    def __init__(self, feed: FeedConfig, options: MetarOptions) -> None:
        super().__init__(feed, options)
        self._envelopes = Envelopes(self._blank)

    def decoder(self) -> MetarDecoder:
        """Return a decoder for one connection, file or response."""
        return MetarDecoder(one_per_line=self.options.one_per_line)

    def translate(self, message: MetarReport) -> Iterator[Translated]:
        """Yield the observation.

        Raises:
            Untranslatable: It names no station or no time.
        """
        parts = parts_of(message.text)
        now = latest(message.heading, self.now())
        observed = nearest_past("time", parts.day, parts.hour, parts.minute, now)
        site = self.options.sites.get(parts.station, UNKNOWN)
        status = STATUS_TEST if "TEST" in parts.modifiers else STATUS_ACTUAL
        quality, shape = VALID, None
        body = put_together(message, parts, site.title)
        if body is None:
            parsed = parse(parts, observed)
            body = to_observation(message, parts, parsed, site.title).SerializeToString()
            quality = nil() if parts.is_nil else quality_of(parsed.not_understood)
        elif len(message.text) <= _MOST:
            shape = (site, status)
        when = spelled(observed)
        record = self._envelopes.record(
            (parts.station, status),
            "weather_observation",
            body,
            quality,
            observed=when.moment,
            received=moment_of(self.now()),
            sent=None,
            message=message.raw,
            number=f"{parts.kind} {parts.station} {when.digits}",
        )
        yield Translated(record, f"{when.iso}|{message.text}", shape)

    def _blank(self, address: _Address) -> Record:
        """Return what a station's records have in common."""
        station, status = address
        site = self.options.sites.get(station, UNKNOWN)
        return self.record(
            KIND, station, observed_at=_EPOCH, raw=b"", status=status, location=site.location()
        )
