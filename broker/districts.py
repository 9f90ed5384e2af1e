"""Districts, by their codes (GB/T 2260): what begins with a code, less its zeros, lies in it."""

from collections.abc import Collection

_PROVINCE_DIGITS = 2
_COUNTY_DIGITS = 6


def in_districts(district: str, codes: Collection[str]) -> bool:
    """Tell whether a district lies in one of the districts, or none are named."""
    return not codes or any(district.startswith(district_prefix(code)) for code in codes)


def district_prefix(code: str) -> str:
    """Return what all codes below a GB/T 2260 code begin with: ``320100`` gives ``3201``."""
    while len(code) > _PROVINCE_DIGITS and len(code) <= _COUNTY_DIGITS and code.endswith("00"):
        code = code[:-2]
    return code
