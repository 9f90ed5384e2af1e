"""The alarm word of a position: which bit means what (JT/T 808, 报警标志位).

Bits 15 to 17 mean something since 2019 only; bits 29 and 30 were one in 2011. JT/T 809
carries the same word.
"""

from functools import lru_cache
from typing import Final

ALARMS: Final = (
    "emergency",
    "overspeed",
    "fatigue driving",
    "danger warning",
    "GNSS module faulty",
    "GNSS antenna disconnected",
    "GNSS antenna short-circuited",
    "main power voltage low",
    "main power lost",
    "display faulty",
    "TTS module faulty",
    "camera faulty",
    "IC card module faulty",
    "overspeed warning",
    "fatigue warning",
    "driving against rules",
    "tyre pressure warning",
    "right-turn blind spot abnormal",
    "driving time of the day exceeded",
    "parked too long",
    "entered or left an area",
    "entered or left a route",
    "travel time of a section too short or too long",
    "off route",
    "VSS faulty",
    "fuel abnormal",
    "vehicle stolen",
    "illegal ignition",
    "illegal movement",
    "collision warning",
    "rollover warning",
    "illegal door opening",
)
"""What a bit says when it is 1, from bit 0."""


@lru_cache(maxsize=1024)
def alarms_of(word: int) -> tuple[str, ...]:
    """Return what an alarm word says."""
    return tuple(name for bit, name in enumerate(ALARMS) if word >> bit & 1)
