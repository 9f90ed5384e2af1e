"""Times as tables write them, read by formats that are checked beforehand.

``datetime.strptime`` takes ten times as long and depends on the locale.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

_DIRECTIVES: Final = {
    "Y": r"(?P<Y>\d{4})",
    "y": r"(?P<y>\d{2})",
    "m": r"(?P<m>\d{1,2})",
    "d": r"(?P<d>\d{1,2})",
    "H": r"(?P<H>\d{1,2})",
    "M": r"(?P<M>\d{1,2})",
    "S": r"(?P<S>\d{1,2})",
    "f": r"(?P<f>\d{1,9})",
    "z": r"(?P<z>Z|[+-]\d{2}:?\d{2})",
    "p": r"\s*(?P<p>[AaPp][Mm]|上午|下午)\s*",
    "%": "%",
}
_PIECE: Final = re.compile(r"%(.?)|(\s+)|([^%\s]+)", re.DOTALL)
_AFTERNOON: Final = frozenset({"PM", "下午"})
_NOON: Final = 12
_MINUTES: Final = 60
_CENTURY: Final = 2000
_DAY_MS: Final = 86_400_000
_EXCEL_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001 - the caller knows the zone.


class TimeFormat:
    """One way of writing a time.

    Args:
        form: ``iso`` (ISO 8601, a blank may stand for the T), ``unix`` or ``unix_ms``
            (seconds or milliseconds since 1970, UTC), ``excel`` (days of a spreadsheet since
            the end of 1899, local, to the millisecond), or directives as in ``strptime``:
            ``%Y %y %m %d %H %I %M %S %f %p %z``; ``%p`` is AM, PM, 上午 or 下午. Directives
            without anything between them have two digits; otherwise one digit will do.

    Raises:
        ValueError: It is no such format; the sentence says why.
    """

    def __init__(self, form: str) -> None:
        self._form = form
        if form in {"iso", "unix", "unix_ms", "excel"}:
            self._pattern = None
            return
        self._pattern = re.compile(_expression(form), re.ASCII)
        named = set(self._pattern.groupindex)
        if not ({"Y", "y"} & named and {"m", "d"} <= named):
            raise ValueError("has no day of a year: %Y, %m and %d")

    def parse(self, text: str) -> datetime | None:
        """Return the time, with a zone only if it states one; None: it is not so written."""
        try:
            if self._pattern is None:
                return self._special(text)
            match = self._pattern.fullmatch(text)
            return _from_parts(match.groupdict()) if match else None
        except (ValueError, OverflowError):
            return None

    def _special(self, text: str) -> datetime:
        """Read a time that has no directives."""
        if self._form == "iso":
            return datetime.fromisoformat(text)
        if self._form == "excel":
            # Digits of a day stand for 9 microseconds at best: what was meant is rounder.
            return _EXCEL_EPOCH + timedelta(milliseconds=round(float(text) * _DAY_MS))
        seconds = float(text) / (1000.0 if self._form == "unix_ms" else 1.0)
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


def _expression(form: str) -> str:
    """Return the regular expression of a format."""
    expression, seen = "", set[str]()
    pieces = list(_PIECE.finditer(form))
    for number, piece in enumerate(pieces):
        directive, blank, literal = piece.groups()
        if directive is None:
            expression += r"\s+" if blank else re.escape(literal)
            continue
        if directive == "I":
            # With %p an hour is one of twelve, whatever it is called.
            directive = "H"
        if directive not in _DIRECTIVES:
            known = "%Y %y %m %d %H %I %M %S %f %p %z"
            raise ValueError(f"has %{directive}, which is none of {known}")
        if directive in seen:
            raise ValueError(f"has %{directive} twice")
        seen.add(directive)
        beside = pieces[max(number - 1, 0) : number + 2]
        is_tight = any(other is not piece and (other[1] or "p") != "p" for other in beside)
        found = _DIRECTIVES[directive]
        expression += found.replace("{1,2}", "{2}") if is_tight else found
    return expression


def _from_parts(parts: dict[str, str]) -> datetime:
    """Return the time of a format's parts."""
    get = parts.get
    year = int(parts["Y"]) if "Y" in parts else _CENTURY + int(parts["y"])
    return datetime(
        year,
        int(parts["m"]),
        int(parts["d"]),
        _hour(int(get("H", 0)), get("p", "")),
        int(get("M", 0)),
        int(get("S", 0)),
        int(parts["f"][:6].ljust(6, "0")) if "f" in parts else 0,
        tzinfo=_zone(parts["z"]) if "z" in parts else None,
    )


def _hour(written: int, half: str) -> int:
    """Return an hour of 24; one that is beyond twelve is so already."""
    if not half or written > _NOON:
        return written
    return written % _NOON + _NOON * (half.upper() in _AFTERNOON)


def _zone(text: str) -> timezone:
    """Return the zone of ``Z``, ``+0800`` or ``+08:00``."""
    if text == "Z":
        return UTC
    minutes = int(text[1:3]) * _MINUTES + int(text[-2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))
