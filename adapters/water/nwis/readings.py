"""What NWIS documents hold, whatever their form: sites, and readings of one time."""

from dataclasses import dataclass, field
from typing import Final

INSTANTANEOUS: Final = frozenset({"", "00000", "00011"})
"""Statistic codes of values that are of a moment."""


@dataclass(frozen=True, slots=True)
class Site:
    """A site as a document describes it; what it does not say is empty.

    Attributes:
        number: Its number, 8 to 15 digits.
        agency: The agency that named it, for example ``USGS``.
        title: Its name.
        kind: The site's type, for example ``ST``.
        latitude: Degrees north, NAD83 or WGS-84, which differ by a metre or two.
        longitude: Degrees east.
        accuracy_m: Radius within which it lies, where that is worth saying.
        altitude_m: Of the gauge or the ground, metres above ``datum``.
        datum: The vertical datum of ``altitude_m``.
        offset: Offset of its standard time, for example ``-05:00``.
    """

    number: str
    agency: str = ""
    title: str = ""
    kind: str = ""
    latitude: float | None = None
    longitude: float | None = None
    accuracy_m: float | None = None
    altitude_m: float | None = None
    datum: str = ""
    offset: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """A value of one parameter, in the document's own words.

    Attributes:
        parameter: Its code, 5 digits, for example ``00060``.
        text: The value; may be no number (``Ice``, ``Eqp``).
        qualifiers: Codes that qualify it, for example ``P`` or ``A:e``.
        statistic: Statistic code of a daily value; empty or ``00000``: of a moment.
        unit: Unit, as the document says; empty: it does not.
        title: What the document calls the parameter.
        method: Which of a site's sensors or methods; empty: it has one.
        no_data: The number that stands for no value.
    """

    parameter: str
    text: str
    qualifiers: tuple[str, ...] = ()
    statistic: str = ""
    unit: str = ""
    title: str = ""
    method: str = ""
    no_data: float | None = None


@dataclass(frozen=True, slots=True)
class Readings:
    """All that a document says of one site at one time.

    Attributes:
        raw: The exact bytes that say it.
        site: The site.
        time: The time, as it stands there.
        zone: Abbreviation of its zone (RDB); empty: ``time`` has an offset, or is a day.
        is_daily: Whether these are values of a day.
        readings: One of each parameter, statistic and method.
    """

    raw: bytes
    site: Site
    time: str
    zone: str
    is_daily: bool
    readings: tuple[Reading, ...]


@dataclass(frozen=True, slots=True)
class SiteRow:
    """A row of a site file.

    Attributes:
        raw: Its exact bytes.
        site: The site.
        cells: Its cells that are not empty, by their columns.
        retrieved: When the file was made, as it says; empty: it does not.
    """

    raw: bytes
    site: Site
    cells: dict[str, str] = field(default_factory=dict)
    retrieved: str = ""


NwisMessage = Readings | SiteRow
