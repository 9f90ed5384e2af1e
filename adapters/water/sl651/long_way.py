"""From a frame to what it states, for every frame."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from adapters.water.sl651.ascii_body import read_ascii_body
from adapters.water.sl651.content import Content
from adapters.water.sl651.doubts import quality_at, quality_of
from adapters.water.sl651.elements import read_body
from adapters.water.sl651.frame import Frame
from adapters.water.sl651.moments import Moments, Stated
from adapters.water.sl651.observation import observations
from adapters.water.sl651.options import UNKNOWN_SITE, Sl651Options
from adapters.water.sl651.reading import Reading, Statement
from adapters.water.sl651.report import report
from liandong.water.v1.water_pb2 import Picture

_REPORT: Final = "station.report"
_PICTURE: Final = "water.picture"


class LongWay:
    """Reads frames element by element.

    Args:
        options: The feed's options.
        moments: Reads times.
    """

    def __init__(self, options: Sl651Options, moments: Moments) -> None:
        self._options = options
        self._moments = moments

    def read(self, frame: Frame, now: datetime) -> Reading:
        """Return what a frame states.

        Args:
            frame: The frame.
            now: The time of receipt, UTC.

        Raises:
            Untranslatable: If the body is too short, a time is none, or an element runs
                past the end.
        """
        content = read_ascii_body(frame) if frame.is_ascii else read_body(frame)
        sent = self._moments.stated("time of sending", content.sent, now)
        statements = list(self._sections(frame, content, sent, now))
        station = content.sections[0].station
        if content.picture:
            picture = Picture(
                station_id=station, jpeg=content.picture, packets=max(frame.packets, 1)
            )
            groups = content.sections[0].groups
            seen = self._seen(groups[0].observed if groups else "", sent, now)
            body = picture.SerializeToString()
            quality = quality_at(seen.note)
            statements.append(Statement(_PICTURE, station, body, seen.moment, quality))
        if content.text or not statements:
            body = report(frame.function, content, station, sent, [])
            statements.append(Statement(_REPORT, station, body, sent.moment, quality_at(sent.note)))
        return Reading(content.serial, sent.said, statements)

    def _sections(
        self, frame: Frame, content: Content, sent: Stated, now: datetime
    ) -> Iterator[Statement]:
        """Yield what each station observed at each time, and what it says of itself then."""
        for section in content.sections:
            station = section.station
            site = self._options.sites.get(station, UNKNOWN_SITE)
            for group in section.groups:
                seen = self._seen(group.observed, sent, now)
                latest = None if sent.note else sent.moment
                found = list(
                    observations(section, group, frame.function, seen.moment, site, sent=latest)
                )
                for kind, body, observed in found:
                    encoded, quality = body.SerializeToString(), quality_of(body, seen.note)
                    yield Statement(kind, station, encoded, observed, quality)
                if not found and (group.values or group.alarms):
                    told = report(frame.function, content, station, sent, [group])
                    quality = quality_at(seen.note)
                    yield Statement(_REPORT, station, told, seen.moment, quality)

    def _seen(self, observed: str, sent: Stated, now: datetime) -> Stated:
        """Return a time of observation; that of sending where there is none."""
        if not observed:
            return sent
        return self._moments.stated("time of observation", observed, now)
