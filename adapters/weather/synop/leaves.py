"""Turn what the library decoded, and no field of an observation takes, into measurements."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from liandong.quantity.v1.quantity_pb2 import UNIT_BASIS_STANDARD, Attribute, Measurement

_UCUM: Final = {
    "KT": "[kn_i]",
    "okta": "{okta}",
    "gpm": "m",
    "J/cm2": "J/cm2",
    "kJ/m2": "kJ/m2",
}
_RANGE: Final = frozenset({"min", "max"})
_TEXT: Final = 4096


def leaves(code: str, decoded: Any) -> Iterator[Measurement]:
    """Yield the values below one of the library's names, under the path to each.

    Args:
        code: The path so far, for example ``pressure_tendency``.
        decoded: What stands there: a value with its unit, a table of such, or a list.
    """
    if isinstance(decoded, list):
        for one in decoded:
            yield from leaves(code, one)
    elif not isinstance(decoded, Mapping):
        if decoded is not None:
            yield _leaf(code, {"value": decoded})
    elif "value" in decoded or _RANGE & decoded.keys():
        if any(decoded.get(key) is not None for key in ("value", "min", "max")):
            yield _leaf(code, decoded)
        for key, below in decoded.items():
            if isinstance(below, (Mapping, list)):
                yield from leaves(f"{code}.{key}", below)
    else:
        for key, below in decoded.items():
            yield from leaves(f"{code}.{key}", below)


def _leaf(code: str, decoded: Mapping[str, Any]) -> Measurement:
    """Return one value, or a range of values."""
    leaf = Measurement(code=code[:64])
    unit = decoded.get("unit")
    if unit:
        leaf.unit, leaf.unit_basis = _UCUM.get(unit, unit), UNIT_BASIS_STANDARD
    for key, field in (("value", "value"), ("min", "min"), ("max", "max")):
        number = decoded.get(key)
        if isinstance(number, bool) or not isinstance(number, (int, float)):
            continue
        setattr(leaf, field, float(number))
    if isinstance(decoded.get("value"), (str, bool)):
        leaf.text = str(decoded["value"])[:_TEXT]
    for key in ("_table", "_code", "quantifier"):
        if decoded.get(key) is not None:
            leaf.attributes.append(Attribute(key=key.lstrip("_"), value=str(decoded[key])))
    for key, flag in decoded.items():
        if flag is True and key != "value":
            leaf.attributes.append(Attribute(key=key, value="true"))
    return leaf
