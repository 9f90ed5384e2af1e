"""Districts, by their codes (GB/T 2260): what begins with a code, less its zeros, lies in it."""

from collections.abc import Collection

_PROVINCE_DIGITS = 2
_COUNTY_DIGITS = 6


def in_districts(district: str, codes: Collection[str]) -> bool:
    """Tell whether a district lies in one of the districts, or none are named."""
    return not codes or any(district.startswith(district_prefix(code)) for code in codes)


def district_prefix(code: str) -> str:
    """Return what all codes below a code begin with: ``320100`` gives ``3201``.

    Two digits are a level down to the county, three below it: towns and villages, whose codes
    statisticians also write for what lies above them, as in ``320102000000``.
    """
    while len(code) > _PROVINCE_DIGITS:
        level = 3 if len(code) > _COUNTY_DIGITS else 2
        if code[-level:] != "0" * level:
            break
        code = code[:-level]
    return code
