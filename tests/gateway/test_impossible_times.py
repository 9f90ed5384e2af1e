"""Times that cannot be are refused with their field: in requests, and in what is published."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from liandong.gateway.v1 import audit_pb2, audit_pb2_grpc, department_pb2, department_pb2_grpc
from liandong.gateway.v1 import shared_state_pb2 as api
from liandong.gateway.v1 import shared_state_pb2_grpc as rpc
from liandong.record.v1.record_pb2 import Record
from tests.gateway.test_publish_records import fields, refusal, stated
from tests.gateway.town import NOW, City

NEGATIVE = Timestamp(seconds=1_700_000_000, nanos=-1)
HUGE = Timestamp(seconds=2**62)
NAME = "water/water.level/1"
Case = tuple[Callable[[grpc.aio.Channel], Any], Any, str]

ENDLESS = Duration(seconds=2**62)
STATE = rpc.SharedStateServiceStub
WRONG: dict[str, Case] = {
    "get": (
        lambda channel: STATE(channel).GetRecord,
        api.GetRecordRequest(name=NAME, as_of=HUGE),
        "as_of",
    ),
    "batch": (
        lambda channel: STATE(channel).BatchGetRecords,
        api.BatchGetRecordsRequest(names=[NAME], as_of=NEGATIVE),
        "as_of",
    ),
    "list": (
        lambda channel: STATE(channel).ListRecords,
        api.ListRecordsRequest(as_of=HUGE),
        "as_of",
    ),
    "observed": (
        lambda channel: STATE(channel).ListRecords,
        api.ListRecordsRequest(
            selection=api.Selection(observed=api.TimeWindow(start_at=NEGATIVE, end_at=HUGE))
        ),
        "selection.observed.start_at",
    ),
    "received": (
        lambda channel: STATE(channel).ListRecords,
        api.ListRecordsRequest(selection=api.Selection(received=api.TimeWindow(end_at=HUGE))),
        "selection.received.end_at",
    ),
    "revisions": (
        lambda channel: STATE(channel).ListRevisions,
        api.ListRevisionsRequest(name=NAME, window=api.TimeWindow(start_at=HUGE)),
        "window.start_at",
    ),
    "summary": (
        lambda channel: STATE(channel).SummarizeRecords,
        api.SummarizeRecordsRequest(bucket=ENDLESS),
        "bucket",
    ),
    "heartbeat": (
        lambda channel: STATE(channel).WatchRecords,
        api.WatchRecordsRequest(heartbeat_interval=Duration(seconds=5, nanos=-1)),
        "heartbeat_interval",
    ),
    "accesses": (
        lambda channel: audit_pb2_grpc.AuditServiceStub(channel).ListAccesses,
        audit_pb2.ListAccessesRequest(accessed=api.TimeWindow(end_at=NEGATIVE)),
        "accessed.end_at",
    ),
    "within": (
        lambda channel: department_pb2_grpc.DepartmentServiceStub(channel).Ask,
        department_pb2.AskRequest(within=ENDLESS),
        "within",
    ),
}


@pytest.mark.parametrize("case", WRONG.values(), ids=WRONG.keys())
async def test_a_time_that_cannot_be_is_an_invalid_argument_with_its_field(
    city: City, case: Case
) -> None:
    """Whatever is asked, the gateway does not fail on it."""
    method, request, field = case

    async with city.channel("water") as channel:
        call = method(channel)(request)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await (call.read() if isinstance(call, grpc.aio.UnaryStreamCall) else call)

    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert field in fields(caught.value)


def negative(record: Record) -> None:
    """Have it observed at no time."""
    record.observed_at.nanos = -5


def huge(record: Record) -> None:
    """Have it sent after the last year."""
    record.provenance.sent_at.CopyFrom(HUGE)


def late(record: Record) -> None:
    """Have it end at no time."""
    record.expires_at.CopyFrom(NEGATIVE)


def ahead(record: Record) -> None:
    """Have it observed the day after tomorrow."""
    record.observed_at.FromDatetime(NOW + timedelta(days=2))


@pytest.mark.parametrize(
    ("break_it", "field"),
    [
        (negative, "records[1].observed_at"),
        (huge, "records[1].provenance.sent_at"),
        (late, "records[1].expires_at"),
        (ahead, "records[1].observed_at"),
    ],
)
async def test_no_record_with_such_a_time_is_published(
    city: City, station: str, break_it: Callable[[Record], None], field: str
) -> None:
    """Every reader would fail on it."""
    wrong = stated(station, 7.5)
    break_it(wrong)

    error = await refusal(city, "water", stated(f"{station}-0", 7.5), wrong)

    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert list(fields(error)) == [field]
    assert city.gateway.view.get(wrong.name) is None
