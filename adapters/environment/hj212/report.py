"""What a station says of itself: equipment, settings, restarts, its clock, its replies."""

from datetime import datetime
from typing import Final, NamedTuple

from adapters.environment.hj212.codes import REPORTS
from adapters.environment.hj212.segment import Segment, pairs
from adapters.sdk.clock import Clock
from liandong.quantity.v1 import quantity_pb2 as quantity
from liandong.station.v1 import station_pb2 as station

_TIMES: Final = ("DataTime", "SystemTime", "AlarmTime", "QN")
_SECRETS: Final = frozenset({"pw", "newpw"})


class Reported(NamedTuple):
    """A report, ready to be put into a record."""

    observed_at: datetime
    quality: quantity.Quality
    report: station.Report


def report(segment: Segment, clock: Clock, now: datetime) -> Reported:
    """Translate a message without readings; its CN is one of ``REPORTS``.

    A station that asks for the time may well have a wrong one: a report is dated by
    its arrival when its own times are impossible, and says so. Passwords (CN 1072) stay
    where they are.
    """
    told = station.Report(station_id=segment.mn, type=REPORTS[segment.cn], function=segment.cn)
    times = {"QN": segment.qn}
    for name, value in (*pairs(segment.parameters), *segment.others):
        hidden = name.lower() in _SECRETS
        told.attributes.add(key=name or "-", value="***" if hidden else value)
        times[name] = value
    said = [name for name in _TIMES if times.get(name)]
    quality = quantity.Quality(level=quantity.QUALITY_LEVEL_VALID)
    for name in said:
        if moment := clock.perhaps(name, times[name]):
            moment.write(told.station_clock)
            return Reported(moment.utc(), quality, told)
    if said:
        quality.level = quantity.QUALITY_LEVEL_SUSPECT
        quality.note = "The station's clock is wrong; the time is that of arrival."
    return Reported(now, quality, told)
