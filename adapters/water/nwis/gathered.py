"""Gather what the series of a document say of each site at each time."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from adapters.water.nwis.readings import INSTANTANEOUS, Reading, Readings, Site


@dataclass(slots=True)
class _Moment:
    """What has been found of one site at one time."""

    site: Site
    time: str
    is_daily: bool
    readings: list[Reading] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)


class Gathered:
    """A document's readings by site and time, in the document's order.

    WaterML has a series for each parameter; a record is all that is said of one moment.
    """

    def __init__(self) -> None:
        self._moments: dict[tuple[str, str, bool], _Moment] = {}

    def add(self, site: Site, time: str, reading: Reading, raw: bytes) -> None:
        """Add a reading.

        Args:
            site: Where it was made.
            time: When, as the document says it.
            reading: What it says.
            raw: The bytes that say it.
        """
        is_daily = reading.statistic not in INSTANTANEOUS
        key = (site.number, time, is_daily)
        moment = self._moments.get(key)
        if moment is None:
            moment = self._moments[key] = _Moment(site, time, is_daily)
        moment.raw.append(raw)
        moment.readings.append(reading)

    def readings(self) -> Iterator[Readings]:
        """Yield all that was said of each site at each time."""
        for moment in self._moments.values():
            yield Readings(
                raw=b"\n".join(moment.raw),
                site=moment.site,
                time=moment.time,
                zone="",
                is_daily=moment.is_daily,
                readings=tuple(moment.readings),
            )
