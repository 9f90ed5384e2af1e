"""The adapter of surface reports."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final

import msgspec

from adapters.sdk.adapter import VALID, Adapter, Translated
from adapters.sdk.clock import moment_of
from adapters.sdk.envelope import Envelopes
from adapters.sdk.feed import FeedConfig
from adapters.weather.day_time import latest, nearest_past, spelled
from adapters.weather.doubts import nil, quality_of
from adapters.weather.sites import UNKNOWN, Site
from adapters.weather.synop.decode import decode
from adapters.weather.synop.pieces import put_together
from adapters.weather.synop.report import Head, SynopDecoder, SynopReport, head_of
from adapters.weather.synop.translate import to_observation
from liandong.place.v1.place_pb2 import COORDINATE_SYSTEM_WGS84, Location, Point
from liandong.record.v1.record_pb2 import Record

KIND: Final = "weather.observation"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_HOURS, _MINUTES = 24, 60
_HALF_DAY: Final = timedelta(hours=12)


class SynopOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Options of a feed of surface reports.

    Attributes:
        sites: What is known of each station, by its WMO number, for example ``58238``.
        one_per_line: Whether a line's end ends a report, also without a ``=``.
    """

    sites: dict[str, Site] = {}
    one_per_line: bool = False


class Synop(Adapter[SynopReport, SynopOptions]):
    """SYNOP to ``<agency>/weather.observation/<WMO number>``.

    Ships (FM 13) and mobile stations (FM 14) go by their call sign and say where they are.
    """

    name: ClassVar[str] = "weather/synop"
    options_type: ClassVar[type[msgspec.Struct]] = SynopOptions

    def __init__(self, feed: FeedConfig, options: SynopOptions) -> None:
        super().__init__(feed, options)
        self._envelopes = Envelopes(self._blank)

    def decoder(self) -> SynopDecoder:
        """Return a decoder for one connection, file or response."""
        return SynopDecoder(one_per_line=self.options.one_per_line)

    def translate(self, message: SynopReport) -> Iterator[Translated]:
        """Yield the observation.

        Raises:
            Untranslatable: It names no station or no time.
        """
        head = head_of(message.text)
        hour = nearest_past("YYGG", head.day, head.hour, 0, latest(message.heading, self.now()))
        site = self.options.sites.get(head.station, UNKNOWN)
        body = put_together(message, head, site.title)
        if body is None:
            yield self._long(message, head, hour, site)
            return
        when = spelled(hour)
        record = self._envelopes.record(
            (head.station,),
            "weather_observation",
            body,
            VALID,
            observed=when.moment,
            received=moment_of(self.now()),
            sent=None,
            message=message.raw,
            number=f"{head.groups[0]} {head.station} {when.digits}",
        )
        yield Translated(record, f"{when.iso}|{message.text}", (KIND, site))

    def _long(self, message: SynopReport, head: Head, hour: datetime, site: Site) -> Translated:
        """Return the observation of a report that has more than the usual groups."""
        decoded = decode(head)
        doubts = list(decoded.not_understood)
        body = to_observation(message, head, decoded, site.title, doubts)
        record = self.record(
            KIND,
            head.station,
            observed_at=_exact(decoded.data, hour, doubts),
            raw=message.raw,
            source_message_id=f"{head.groups[0]} {head.station} {hour:%Y%m%d%H%M}",
            quality=nil() if head.is_nil else quality_of(doubts),
            location=_position(decoded.data) or site.location(),
        )
        record.weather_observation.CopyFrom(body)
        return Translated(record, f"{hour.isoformat()}|{message.text}")

    def _blank(self, address: tuple[str]) -> Record:
        """Return what a station's records have in common."""
        (station,) = address
        site = self.options.sites.get(station, UNKNOWN)
        return self.record(KIND, station, observed_at=_EPOCH, raw=b"", location=site.location())


def _exact(data: dict[str, Any], hour: datetime, doubts: list[str]) -> datetime:
    """Return when it was observed: group 9GGgg says so when it was not at the hour.

    Args:
        data: The groups, decoded.
        hour: The hour of the report.
        doubts: Gets the group when it says no time of day.
    """
    exact = data.get("exact_obs_time") or {}
    clock: list[Any] = [(exact.get(key) or {}).get("value") for key in ("hour", "minute")]
    if None in clock:
        return hour
    if not (clock[0] < _HOURS and clock[1] < _MINUTES):
        doubts.append(f"9{clock[0]:02d}{clock[1]:02d}")
        return hour
    moment = hour.replace(hour=clock[0], minute=clock[1])
    if moment - hour > _HALF_DAY:
        return moment - timedelta(days=1)
    return moment + timedelta(days=1) if hour - moment > _HALF_DAY else moment


def _position(data: dict[str, Any]) -> Location | None:
    """Return where a ship or a mobile station says it is."""
    position = data.get("station_position") or {}
    latitude, longitude = position.get("latitude"), position.get("longitude")
    if latitude is None or longitude is None:
        return None
    point = Point(
        latitude_deg=latitude,
        longitude_deg=longitude,
        source_coordinate_system=COORDINATE_SYSTEM_WGS84,
    )
    elevation = (position.get("elevation") or {}).get("value")
    if elevation is not None:
        point.altitude_m = elevation
    return Location(point=point)
