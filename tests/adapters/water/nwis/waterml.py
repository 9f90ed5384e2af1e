"""WaterML 1.1 in JSON, as tests say it."""

from typing import Any


def series_of(
    parameter: str = "00065",
    unit: str = "ft",
    *values: tuple[str, str, str],
    statistic: str = "00000",
    methods: int = 1,
) -> dict[str, Any]:
    """Return a series; values are text, time and qualifiers."""
    said = [{"value": v, "dateTime": t, "qualifiers": q.split()} for v, t, q in values]
    return {
        "sourceInfo": {
            "siteName": "CHOPTANK RIVER",
            "siteCode": [{"value": "01491000", "network": "NWIS", "agencyCode": "USGS"}],
            "timeZoneInfo": {"defaultTimeZone": {"zoneOffset": "-05:00"}},
            "geoLocation": {"geogLocation": {"latitude": 38.997, "longitude": -75.786}},
            "siteProperty": [{"value": "ST", "name": "siteTypeCd"}],
        },
        "variable": {
            "variableCode": [{"value": parameter}],
            "variableName": "Streamflow, ft&#179;/s",
            "unit": {"unitCode": unit},
            "options": {"option": [{"name": "Statistic", "optionCode": statistic}]},
            "noDataValue": -999999.0,
        },
        "values": [
            {"value": said, "method": [{"methodID": 100 + n, "methodDescription": ""}]}
            for n in range(methods)
        ],
    }
