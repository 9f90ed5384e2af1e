"""Aerodrome reports: METAR and SPECI (ICAO annex 3; WMO-No. 306, FM 15 and FM 16)."""

from adapters.weather.metar.adapter import MetarOptions, MetarReports
from adapters.weather.metar.report import MetarDecoder, MetarReport

__all__ = ["MetarDecoder", "MetarOptions", "MetarReport", "MetarReports"]
