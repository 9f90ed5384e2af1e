"""CEL filters over a record: compiled once, checked by the schema, run with a budget.

A record for which a filter fails, such as by a division by zero, is not selected. One for
which it takes more steps than the library allows is told: such a filter is mended, not waited for.
"""

import functools
import re
from collections.abc import Sequence
from typing import Any, Final

import structlog
from cel_expr_python import cel
from google.protobuf import descriptor_pool

from gateway.encoding import elements
from gateway.entry import Entry
from gateway.errors import InvalidRequest
from liandong.gateway.v1.shared_state_pb2 import ListRecordsResponse
from liandong.record.v1.record_pb2 import Record

FIELD: Final = "selection.filter"
_MOST_BYTES: Final = 2048
_KEPT: Final = 256
# The library joins lists in a time that grows with their square: beyond this it costs more.
_LOT: Final = 32
_EXCERPT: Final = 60
_TOO_DEEP: Final = "recursion limit exceeded"
_DEEPEST: Final = 32
_LITERAL: Final = re.compile(
    r"""[rR]?(?:\"{3}.*?\"{3}|'{3}.*?'{3}|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')""",
    re.DOTALL,
)
# What stands before and after a literal that is the pattern of `matches`.
_OPENS: Final = re.compile(r"\bmatches\s*\((?:[^()]*,)?\s*\Z")
# The same of a time or a length of time.
_TIME_OPENS: Final = re.compile(r"(?<![.\w])(timestamp|duration)\s*\(\s*\Z")
_TIMES: Final = {
    "timestamp": "a time such as 2026-06-15T18:05:00+08:00",
    "duration": "a length of time such as 90s, 15m or 24h",
}
_CLOSES: Final = re.compile(r"\s*\)")
_NO_PATTERN: Final = "invalid regular expression: "
_BUDGET: Final = "Iteration budget exceeded"
_ERROR: Final = re.compile(r"ERROR: <input>:(\d+):(\d+): (.*?)(?=\n |\nERROR|\Z)", re.DOTALL)
_ADVICE: Final = (
    (
        re.compile(r"applied to '\((double, int|int, double)\)'"),
        "write 8.0 for a number with a unit",
    ),
    (
        re.compile(r"undeclared reference to '[A-Z]|applied to '\((int, string|string, int)\)'"),
        "write a value of an enum by its number, or as liandong.record.v1.Status.STATUS_ACTUAL",
    ),
    (re.compile(r"undeclared reference to"), "a filter sees `record` only, such as record.name"),
)
_log = structlog.get_logger()


class Filter:
    """A compiled expression.

    Args:
        source: The expression over ``record``.

    Raises:
        InvalidRequest: If it is none; the sentence points at the column.
    """

    def __init__(self, source: str) -> None:
        self._source = source
        self._one = _compiled(source)
        # The source is an expression by itself: in brackets it means the same for each.
        self._many = _mapped(source)
        self._last: tuple[Entry, bool] | None = None

    def chosen(self, entries: Sequence[Entry]) -> list[Entry]:
        """Return those of the entries for which it is true, in their order.

        Raises:
            InvalidRequest: If it takes too many steps.
        """
        found: list[Entry] = []
        for start in range(0, len(entries), _LOT):
            lot = entries[start : start + _LOT]
            found += [entry for entry, true in zip(lot, self._verdicts(lot), strict=True) if true]
        return found

    def holds(self, entry: Entry) -> bool:
        """Tell whether it is true of one entry; too many steps count as false, and are logged.

        All watchers with the same filter ask of the same entry, one after another.
        """
        last = self._last
        if last is None or last[0] is not entry:
            try:
                last = (entry, self._verdict(entry))
            except InvalidRequest as error:
                _log.warning("a filter leaves a record out", record=entry.name, error=str(error))
                last = (entry, False)
            self._last = last
        return last[1]

    def _verdicts(self, lot: Sequence[Entry]) -> list[bool]:
        """Return for each entry whether it is true."""
        if self._many is None or len(lot) == 1:
            return [self._verdict(entry) for entry in lot]
        page = ListRecordsResponse.FromString(elements(1, [entry.sized for entry in lot]))
        try:
            verdicts = self._many.eval(data={"page": page}).plain_value()
        except RuntimeError:
            # One of them fails, or all of them together take too many steps.
            verdicts = None
        if isinstance(verdicts, list):
            return verdicts
        return [self._verdict(entry) for entry in lot]

    def _verdict(self, entry: Entry) -> bool:
        """Tell whether it is true of an entry.

        Raises:
            InvalidRequest: If it takes too many steps.
        """
        record = Record.FromString(entry.payload)
        try:
            value = self._one.eval(data={"record": record}).value()
        except RuntimeError as error:
            if _BUDGET not in str(error):
                return False
            raise InvalidRequest(
                [(FIELD, f"takes too many steps over {entry.name}: nest fewer loops over lists")]
            ) from error
        return value is True


@functools.lru_cache(maxsize=_KEPT)
def filter_of(source: str) -> Filter:
    """Return the filter of a source; compiled once, and kept while few others come.

    Raises:
        InvalidRequest: If it is none; the sentence points at the column.
    """
    return Filter(source)


def _compiled(source: str) -> Any:
    """Return a compiled expression that is true or false.

    Raises:
        InvalidRequest: If it is none.
    """
    size = len(source.encode())
    if size > _MOST_BYTES:
        raise InvalidRequest([(FIELD, f"has {size} bytes, expected at most {_MOST_BYTES}")])
    try:
        program = _RECORDS.compile(source)
    except RuntimeError as error:
        raise InvalidRequest([(FIELD, _sentence(source, str(error)))]) from error
    _require_literals(source)
    kind = program.return_type()
    if kind != cel.Type.BOOL:
        name = kind.name()
        # Messages are called by their full names, all else by a word in capitals.
        told = name if "." in name and "<" not in name else name.lower()
        raise InvalidRequest([(FIELD, f"is {told}, expected true or false, such as `... > 8.5`")])
    return program


def _require_literals(source: str) -> None:
    """Refuse a filter with a pattern or a time that is none: it would be silent, never true.

    What is put together while the filter runs is not known here.

    Raises:
        InvalidRequest: With the literal, and what is wrong with it.
    """
    if not any(word in source for word in ("matches", *_TIMES)):
        return
    before = 0
    for literal in _LITERAL.finditer(source):
        text, before = source[before : literal.start()], literal.end()
        if _CLOSES.match(source, before) is None:
            continue
        shown = literal[0] if len(literal[0]) <= _EXCERPT else f"{literal[0][:_EXCERPT]}…"
        if (time := _TIME_OPENS.search(text)) is not None:
            if _is_no_time(f"{time[1]}({literal[0]})"):
                raise InvalidRequest([(FIELD, f"{time[1]}({shown}): expected {_TIMES[time[1]]}")])
        elif _OPENS.search(text) is not None and (problem := _pattern_problem(literal[0])):
            sentence = f"matches({shown}): {problem}, expected a regular expression (RE2)"
            raise InvalidRequest([(FIELD, sentence)])


def _is_no_time(said: str) -> bool:
    """Tell whether a call that reads a time from a literal fails."""
    try:
        found = _RECORDS.compile(said).eval(data={})
    except RuntimeError:
        # The source was compiled: this stands in a comment.
        return False
    return bool(found.type() == cel.Type.ERROR)


def _pattern_problem(literal: str) -> str:
    """Return what is wrong with the pattern that a literal says; empty: nothing."""
    try:
        said = str(_RECORDS.compile(f"''.matches({literal})").eval(data={}).value())
    except RuntimeError:
        # The source was compiled: this stands in a comment.
        return ""
    return said.partition(_NO_PATTERN)[2].rpartition(": ")[0]


def _mapped(source: str) -> Any:
    """Return an expression compiled for many records at once; None: it is nested too deep."""
    try:
        return _PAGES.compile(f"page.records.map(record, (\n{source}\n))")
    except RuntimeError:
        return None


def _sentence(source: str, said: str) -> str:
    """Return what the compiler said: where, what, an excerpt with a mark, and what to do."""
    if _TOO_DEEP in said:
        return f"has brackets or calls nested more than {_DEEPEST} deep: write it flatter"
    match = _ERROR.search(said)
    if match is None:
        return f"cannot be compiled: {said.removesuffix(' [CANCELLED]')}"
    line, column, reason = int(match[1]), int(match[2]), " ".join(match[3].split())
    reason = reason.removesuffix(" [INVALID_ARGUMENT]").removesuffix(" (in container '')")
    lines = source.split("\n")
    text = lines[min(line, len(lines)) - 1]
    start = max(min(column - 1, len(text)) - _EXCERPT // 2, 0)
    before, after = text[start : column - 1], text[column - 1 : start + _EXCERPT]
    advice = next((f"; {hint}" for form, hint in _ADVICE if form.search(reason)), "")
    where = f"column {column}" if len(lines) == 1 else f"line {line}, column {column}"
    return f"{where}: {reason}, at `{before}⟨here⟩{after}`{advice}"


def _environment(name: str, kind: str) -> Any:
    """Return what compiles expressions over one variable of a type of the schemas."""
    pool = descriptor_pool.Default()
    return cel.NewEnv(descriptor_pool=pool, variables={name: cel.Type(kind)})


_RECORDS: Final = _environment("record", Record.DESCRIPTOR.full_name)
_PAGES: Final = _environment("page", ListRecordsResponse.DESCRIPTOR.full_name)
