"""Times that Protobuf carries but no one can read are found wherever they stand."""

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from hypothesis import given
from hypothesis import strategies as st

from broker.impossible import impossible, impossible_record
from liandong.feed.v1.feed_pb2 import Feed
from liandong.gateway.v1.shared_state_pb2 import ListRecordsResponse, Selection
from liandong.record.v1.record_pb2 import Record

NOW_S = 1_784_000_000


@given(
    st.integers(-(2**63), 2**63 - 1)
    | st.sampled_from((-62135596801, -62135596800, 253402300799, 253402300800)),
    st.integers(-(2**31), 2**31 - 1) | st.sampled_from((-1, 0, 999999999, 1000000000)),
)
def test_a_time_is_wrong_exactly_when_protobuf_cannot_say_it(seconds: int, nanos: int) -> None:
    """Whoever writes it as JSON fails on what is refused here, and on nothing else."""
    stamp = Timestamp(seconds=seconds, nanos=nanos)
    try:
        stamp.ToJsonString()
        is_possible = True
    except ValueError:
        is_possible = False

    assert (impossible(Record(observed_at=stamp)) == []) is is_possible


@given(
    st.integers(-(2**63), 2**63 - 1)
    | st.sampled_from((-315576000001, -315576000000, -1, 0, 1, 315576000000, 315576000001)),
    st.integers(-(2**31), 2**31 - 1) | st.sampled_from((-1000000000, -1, 0, 1, 1000000000)),
)
def test_a_span_is_wrong_exactly_when_protobuf_cannot_say_it(seconds: int, nanos: int) -> None:
    """As for times; seconds and nanos must have the same sign."""
    span = Duration(seconds=seconds, nanos=nanos)
    try:
        span.ToJsonString()
        is_possible = True
    except ValueError:
        is_possible = False
    feed = Feed()
    feed.usual_interval.CopyFrom(span)

    assert (impossible(feed) == []) is is_possible


def test_each_is_named_with_the_way_to_it() -> None:
    """Through messages and lists, as violations of the schema are."""
    response = ListRecordsResponse(records=[Record(), Record()])
    response.records[1].observed_at.nanos = -5
    response.records[1].provenance.sent_at.seconds = 10**15
    selection = Selection()
    selection.received.end_at.nanos = 1_000_000_000

    assert dict(impossible(response)) == {
        "records[1].observed_at": "has -5 nanos, expected 0 to 999999999",
        "records[1].provenance.sent_at": "has 1000000000000000 seconds since 1970, expected a "
        "time in the years 1 to 9999",
    }
    assert [field for field, _ in impossible(selection)] == ["received.end_at"]


@pytest.mark.parametrize(("ahead_s", "wrong"), [(86_400, []), (86_401, ["observed_at"])])
def test_nothing_is_observed_more_than_a_day_ahead(ahead_s: int, wrong: list[str]) -> None:
    """A clock may be off; a day is no clock."""
    record = Record()
    record.observed_at.seconds = NOW_S + ahead_s

    assert [field for field, _ in impossible_record(record, NOW_S)] == wrong
