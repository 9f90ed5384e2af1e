"""The unit of a field, which its name ends in."""

import re
from typing import Final

# The longer ending goes first: a rate per minute is no number of minutes.
_ENDINGS: Final = {
    "ug_m3": "ug/m3",
    "mg_m3": "mg/m3",
    "ug_l": "ug/L",
    "mg_l": "mg/L",
    "m3_s": "m3/s",
    "l_s": "L/s",
    "m_s": "m/s",
    "us_cm": "uS/cm",
    "per_m2": "/m2",
    "per_min": "/min",
    "hpa": "hPa",
    "mm": "mm",
    "km": "km",
    "ntu": "{NTU}",
    "pct": "%",
    "deg": "deg",
    "db": "dB[SPL]",
    "min": "min",
    "ph": "[pH]",
    "s": "s",
    "m": "m",
    "c": "Cel",
    "l": "L",
    "v": "V",
}
_ENDING: Final = re.compile(rf"(?:^(?=ph$)|_)({'|'.join(_ENDINGS)})$")


def unit_of(field: str) -> str | None:
    """Return a field's unit in UCUM; None: it has none, or counts things."""
    ending = _ENDING.search(field)
    return _ENDINGS[ending[1]] if ending else None
