"""Incidents: exports of 110, 119 and 120 dispatch systems as CSV."""

from adapters.police.incident_csv.adapter import IncidentCsv
from adapters.police.incident_csv.decode import IncidentDecoder, IncidentRow
from adapters.police.incident_csv.options import IncidentCsvOptions

__all__ = ["IncidentCsv", "IncidentCsvOptions", "IncidentDecoder", "IncidentRow"]
