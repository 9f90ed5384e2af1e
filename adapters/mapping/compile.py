"""Turn a mapping into what is done with each row, and find everything that is wrong with it."""

from collections.abc import Callable
from datetime import datetime
from operator import itemgetter
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from google.protobuf.descriptor import FieldDescriptor

from adapters.mapping import schema
from adapters.mapping.columns import Columns, Values
from adapters.mapping.constant import fill
from adapters.mapping.demands import check_filled, is_demanded
from adapters.mapping.fields import Target, body_of, kinds, targets
from adapters.mapping.gauges import gauges
from adapters.mapping.plan import PARTED, Plan
from adapters.mapping.problems import Problems, listed, near
from adapters.mapping.schema import SOURCE_KEYS, Mapping, Source
from adapters.mapping.setters import Setters
from adapters.mapping.sources import constants, sources
from adapters.mapping.steps import Step, demand

_KEYS: Final = sorted(SOURCE_KEYS)
_CLASSIFICATIONS: Final = ("public", "internal", "restricted", "confidential")


def compiled(
    mapping: Mapping, zone: str, now: Callable[[], datetime]
) -> tuple[Plan | None, Problems]:
    """Return a mapping's plan, and what is wrong with it; the plan holds only if nothing is.

    Args:
        mapping: The mapping.
        zone: The zone of times when the mapping names none.
        now: Returns the time now, UTC.
    """
    problems = Problems()
    _check_words(mapping, problems)
    body = body_of(mapping.kind)
    if body is None:
        alike = near(mapping.kind, kinds())
        problems.add("kind", f"there is no kind {mapping.kind!r}", listed(kinds()), alike)
        # What a column or a constant is does not depend on the kind; where it leads does.
        sources(mapping.fields, problems)
        constants(mapping.constants, problems)
        return None, problems
    columns = Columns(_named_columns(mapping.format), problems)
    setters = Setters(mapping, columns, _zone(mapping.time_zone or zone, problems), now, problems)
    given = sources(mapping.fields, problems)
    fixed = constants(mapping.constants, problems)
    known = targets(mapping.kind)
    columned = _resolved("fields", given, known, problems)
    constant = _resolved("constants", fixed, known, problems)
    check_filled(body, {*given, *fixed}, known, problems)
    steps = _required(mapping, columns, setters.nulls)
    for path, target in columned.items():
        if path not in fixed and is_demanded(body, target):
            steps += _demanded(given[path], target, columns, setters.nulls)
        steps += setters.steps(target, given[path])
    ids = [columns.number(name, f"row_id.{number}") for number, name in enumerate(mapping.row_id)]
    plan = Plan(
        kind=mapping.kind,
        body=body,
        steps=tuple(steps),
        entity=columns.template(mapping.entity, "entity", setters.nulls),
        entity_columns=mapping.entity,
        attributes=_attributes(mapping, body, columns, problems),
        row_id=_joined(ids),
        has_row_id=bool(ids),
        fill=fill({constant[path]: fixed[path] for path in constant}, setters, problems),
        columns=columns.names,
        gauges=gauges(columned.values()),
    )
    return plan, problems


def _check_words(mapping: Mapping, problems: Problems) -> None:
    """Check what a value alone can tell."""
    given = mapping.classification
    if given and given not in _CLASSIFICATIONS:
        alike = near(given, _CLASSIFICATIONS)
        found = f"there is no classification {given!r}"
        problems.add("classification", found, listed(_CLASSIFICATIONS), alike)
    form = mapping.format
    names = _named_columns(form)
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            problems.add("format.columns", f"names the column {name!r} twice", "each name once")
    spans = form.columns if isinstance(form, schema.FixedWidth) else {}
    for name, (first, last) in spans.items():
        if not 1 <= first <= last:
            expected = "the first and the last position, counted from 1"
            problems.add(f"format.columns.{name}", f"is [{first}, {last}]", expected)


def _named_columns(form: schema.Format) -> tuple[str, ...]:
    """Return a table's columns, as far as its format names them."""
    return tuple(form.columns) if isinstance(form, schema.Csv | schema.FixedWidth) else ()


def _zone(name: str, problems: Problems) -> ZoneInfo:
    """Return the zone of times."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        problems.add("time_zone", f"there is no time zone {name!r}", "one such as Asia/Shanghai")
        return ZoneInfo("UTC")


def _resolved(
    table: str,
    paths: dict[str, Source] | dict[str, str],
    known: dict[str, Target],
    problems: Problems,
) -> dict[str, Target]:
    """Return what a table's paths lead to."""
    for path in paths:
        parent, _, key = path.rpartition(".")
        if path in known:
            continue
        if parent in known:
            found = f"`{key}` is no key of a column"
            problems.add(f"{table}.{path}", found, listed(_KEYS), near(key, _KEYS))
        else:
            alike = near(path, known)
            found = f"there is no field {path!r}"
            problems.add(f"{table}.{path}", found, listed(alike or known), alike)
    return {path: known[path] for path in paths if path in known}


def _required(mapping: Mapping, columns: Columns, nulls: frozenset[str]) -> list[Step]:
    """Return the steps that refuse a row without a value in a column that must have one."""
    return [
        Step(
            name,
            (columns.number(name, f"required.{place}"),),
            "",
            demand(columns.cell(name, f"required.{place}", nulls)),
        )
        for place, name in enumerate(mapping.required)
    ]


def _demanded(
    source: Source, target: Target, columns: Columns, nulls: frozenset[str]
) -> list[Step]:
    """Return the step that refuses a row without a value that the schema demands."""
    if not source.column:
        return []
    where = f"fields.{target.path}.column"
    cell = columns.cell(source.column, where, nulls | set(source.nulls))
    return [Step(source.column, (columns.number(source.column, where),), target.path, demand(cell))]


def _attributes(
    mapping: Mapping, body: FieldDescriptor, columns: Columns, problems: Problems
) -> tuple[tuple[str, int], ...]:
    """Return the columns that are kept as they are."""
    fields = body.message_type.fields_by_name if body.message_type is not None else {}
    if mapping.attributes and "attributes" not in fields:
        problems.add("attributes", f"a {mapping.kind} has no attributes", "no such key")
    return tuple(
        (name, columns.number(name, f"attributes.{place}"))
        for place, name in enumerate(mapping.attributes)
    )


def _joined(numbers: list[int]) -> Callable[[Values], str]:
    """Return what joins some of a row's values, or all of them."""
    if not numbers:
        return PARTED.join
    if len(numbers) == 1:
        return itemgetter(numbers[0])
    some = itemgetter(*numbers)
    return lambda values: PARTED.join(some(values))
