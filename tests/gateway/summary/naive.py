"""Summaries as anyone would compute them: every record, one after another, by its own message."""

import asyncio
import math
from collections.abc import AsyncGenerator, Sequence
from typing import Any, cast

import h3

from gateway.call import Call
from gateway.entry import Entry
from gateway.freshness import FeedAges
from gateway.identity import Caller
from gateway.permit import Permit
from gateway.selection import Selector
from gateway.summary import Summaries
from gateway.view import StateView
from liandong.gateway.v1 import shared_state_pb2 as api
from liandong.record.v1.record_pb2 import Record
from tests.gateway.state import PERMIT

Keys = tuple[str, str, str, str, int]
"""Cell, district, kind, agency, and nanoseconds at which the bucket begins; 0: none."""
Facts = tuple[int, int, float, float | None, float | None, float | None]


async def nothing(*_: object) -> AsyncGenerator[tuple[Sequence[Entry], int]]:
    """Yield nothing: there is no past here."""
    return
    yield (), 0


def call_of(permit: Permit) -> Call:
    """Return a call that is being served."""
    context = cast("Any", None)
    return Call(
        "", api.SummarizeRecordsRequest, b"", Caller("water", "client", ""), permit, context
    )


def asked(
    summaries: Summaries, request: api.SummarizeRecordsRequest, permit: Permit = PERMIT
) -> tuple[api.SummarizeRecordsResponse, Call]:
    """Return what is answered, and the call."""
    call = call_of(permit)
    answered = asyncio.run(summaries.summarize_records(request, call))
    return api.SummarizeRecordsResponse.FromString(answered), call


def summaries_of(view: StateView) -> Summaries:
    """Return the summaries of a view that has no past."""
    return Summaries(view, nothing, nothing, FeedAges())


def facts(response: api.SummarizeRecordsResponse) -> dict[Keys, Facts]:
    """Return what a response says of each group, in its order."""
    return {
        (
            group.h3_cell,
            group.district,
            group.kind,
            group.agency,
            group.start_at.ToNanoseconds(),
        ): (
            group.count,
            group.value_count,
            group.sum,
            group.mean if group.HasField("mean") else None,
            group.min if group.HasField("min") else None,
            group.max if group.HasField("max") else None,
        )
        for group in response.groups
    }


def expected(
    view: StateView, request: api.SummarizeRecordsRequest, permit: Permit = PERMIT
) -> dict[Keys, Facts]:
    """Return what a response must say, from the records that the caller sees."""
    shown = Selector(request.selection, permit).first(view.entries(), len(view) + 1)
    return expected_of([(Record.FromString(one.payload), 0) for one in shown], request)


def expected_of(
    records: Sequence[tuple[Record, int]], request: api.SummarizeRecordsRequest
) -> dict[Keys, Facts]:
    """Return what a response must say of records, each with where its bucket begins."""
    found: dict[Keys, list[float | None]] = {}
    for record, start in records:
        found.setdefault(_keys(record, request, start), []).append(_value(record, request.value))
    return {keys: _facts(found[keys]) for keys in sorted(found)}


def _keys(record: Record, request: api.SummarizeRecordsRequest, start: int) -> Keys:
    """Return the keys of a record."""
    by, point = set(request.group_by), record.location.point
    resolution = request.h3_resolution if request.HasField("h3_resolution") else 7
    has_cell = api.GROUP_BY_H3_CELL in by and record.location.HasField("point")
    agency, kind, _ = record.name.split("/")
    return (
        h3.latlng_to_cell(point.latitude_deg, point.longitude_deg, resolution) if has_cell else "",
        record.location.district[: request.district_digits or 6]
        if api.GROUP_BY_DISTRICT in by
        else "",
        kind if api.GROUP_BY_KIND in by else "",
        agency if api.GROUP_BY_AGENCY in by else "",
        start,
    )


def _value(record: Record, path: str) -> float | None:
    """Return what a record states at a path of two fields."""
    body, _, field = path.partition(".")
    if not path or not record.HasField(body):  # type: ignore[arg-type]  # it is a kind's field
        return None
    if not getattr(record, body).HasField(field):
        return None
    return float(getattr(getattr(record, body), field))


def _facts(values: list[float | None]) -> Facts:
    """Return what is said of a group."""
    stated = [value for value in values if value is not None]
    total = math.fsum(stated)
    if not stated:
        return len(values), 0, 0.0, None, None, None
    return len(values), len(stated), total, total / len(stated), min(stated), max(stated)
