"""Reading a file of agreements: what is wrong with it is told with its line."""

import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from broker.ownership import KINDS
from broker.subjects import matches
from broker.toml import FileWrong, parse_toml, read_text, table_lines
from gateway.agreement import ANY, ASK, Agreement, AgreementFile
from gateway.hidden import FieldWrong, of_kind, steps_of
from gateway.key import BODIES
from gateway.terms import Terms, TermsWrong

_DISTRICT = re.compile(r"[0-9]{2,12}")
_QUESTION = re.compile(re.escape(ASK) + r"([a-z][a-z0-9_]*|\*)")


def read_agreements(path: Path, agencies: Collection[str] = ()) -> tuple[Terms, ...]:
    """Read a file of agreements.

    Args:
        path: The file.
        agencies: The city's departments, of which agreements may speak; none: of any.

    Raises:
        FileWrong: If it is not right; the sentence names the line.
    """
    text = read_text(path)
    agreements = parse_toml(text, AgreementFile, path).agreement
    lines = table_lines(text, "agreement")
    if len(lines) != len(agreements):
        # Written as one array: their lines are not known.
        lines = [{} for _ in agreements]
    read: list[Terms] = []
    for agreement, places in zip(agreements, lines, strict=True):
        try:
            _check(agreement, agencies, {one.agreement.id for one in read})
            read.append(Terms(agreement, places))
        except TermsWrong as error:
            line = places.get(error.field, places.get("", 0))
            where = f"{path}, line {line}" if line else f"{path}"
            raise FileWrong(f"{where}, agreement {agreement.id}: {error.field} {error}") from error
    return tuple(read)


def _check(agreement: Agreement, agencies: Collection[str], ids: Collection[str]) -> None:
    """Check what an agreement says.

    Raises:
        TermsWrong: If a value means nothing.
    """
    if not agreement.id or agreement.id in ids:
        used = "is empty" if not agreement.id else f"is {agreement.id!r}, as another's"
        raise TermsWrong("id", f"{used}: give each a name of its own")
    for field, problems in _PROBLEMS:
        for problem in problems(agreement, agencies):
            raise TermsWrong(field, problem)


def _departments(field: str) -> "Callable[[Agreement, Collection[str]], Iterator[str]]":
    """Return what finds a department that the city does not have."""

    def problems(agreement: Agreement, agencies: Collection[str]) -> Iterator[str]:
        value = getattr(agreement, field)
        several = not isinstance(value, str)
        for named in value if several else (value,):
            if agencies and named not in agencies and (several or named != ANY):
                everyone = "" if several else f", or {ANY!r} for all"
                yield (
                    f"is {named!r}, which the city does not have; "
                    f"expected one of {', '.join(sorted(agencies))}{everyone}"
                )

    return problems


def _kinds(agreement: Agreement, _: Collection[str]) -> Iterator[str]:
    """Find a pattern that no kind has."""
    for pattern in agreement.kinds:
        if not _QUESTION.fullmatch(pattern) and not any(matches(pattern, one) for one in KINDS):
            yield (
                f"has {pattern!r}, which is no kind; there are {', '.join(KINDS)}, "
                "and ask.<question>"
            )


def _hidden(agreement: Agreement, _: Collection[str]) -> Iterator[str]:
    """Find a field that is none, cannot be hidden, or is in nothing that is opened."""
    opened = [kind for kind in BODIES if any(matches(one, kind) for one in agreement.kinds)]
    for path in agreement.hidden:
        try:
            steps_of(path)
        except FieldWrong as error:
            yield f"has {path!r}: {error}"
        if not any(of_kind((path,), kind) for kind in opened):
            yield f"has {path!r}, which is in none of its kinds ({', '.join(agreement.kinds)})"


def _districts(agreement: Agreement, _: Collection[str]) -> Iterator[str]:
    """Find what is no district."""
    for code in agreement.districts:
        if not _DISTRICT.fullmatch(code):
            yield f"has {code!r}, expected a GB/T 2260 code of 2 to 12 digits, such as 320102"
    if agreement.districts and any(_QUESTION.fullmatch(kind) for kind in agreement.kinds):
        yield "limits records, and would shut questions: write those in an agreement of their own"


def _needs_level(field: str) -> "Callable[[Agreement, Collection[str]], Iterator[str]]":
    """Return what finds a key that means nothing without an incident."""

    def problems(agreement: Agreement, _: Collection[str]) -> Iterator[str]:
        if getattr(agreement, field) and not agreement.opens_at_level:
            yield "means something beside opens_at_level only: write that too"

    return problems


_PROBLEMS = (
    ("provider", _departments("provider")),
    ("consumer", _departments("consumer")),
    ("kinds", _kinds),
    ("hidden", _hidden),
    ("districts", _districts),
    ("declared_by", _departments("declared_by")),
    ("declared_by", _needs_level("declared_by")),
    ("closes_after", _needs_level("closes_after")),
)
