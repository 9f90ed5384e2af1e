"""One record with a time that cannot be does not hide the others."""

from zoneinfo import ZoneInfo

import pytest
from google.protobuf.timestamp_pb2 import Timestamp

from liandong.gateway.v1 import shared_state_pb2 as api
from liandong.record.v1.record_pb2 import Record
from ops.city import read_city
from ops.record_lines import record_lines
from ops.records import records_table
from ops.screen import print_or_tell
from ops.watching import _line
from tests.gateway.town import level

CITY = read_city()


def broken(seconds: int = 1_700_000_000, nanos: int = 0) -> Record:
    """Return a record whose time cannot be, as there may be from before it was refused."""
    record = level("broken", 1.0)
    record.observed_at.CopyFrom(Timestamp(seconds=seconds, nanos=nanos))
    return record


@pytest.mark.parametrize("record", [broken(nanos=-1), broken(seconds=2**62)])
def test_a_time_that_cannot_be_is_said_to_be_invalid(record: Record) -> None:
    """In the table, in a watch's lines, and in what `adapter try` shows."""
    (cells,) = (list(one.cells) for one in records_table([record], CITY).columns[-2:-1])
    event = api.RecordEvent(type=api.EVENT_TYPE_CHANGE, record=record)

    assert cells == ["invalid time"]
    assert "invalid time" in _line(event, CITY)
    assert "observed invalid time" in "\n".join(record_lines(record, ZoneInfo(CITY.time_zone)))


def test_what_json_cannot_say_is_told_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    """On stderr, so that the lines of the others can be read on."""
    printed = [print_or_tell(one, one.name) for one in (broken(nanos=-1), level("good", 1.0))]

    out, err = capsys.readouterr()
    assert printed == [False, True]
    assert [line.partition(",")[0] for line in out.splitlines()] == [
        '{"name": "water/water.level/good"'
    ]
    assert err == (
        "water/water.level/broken: no JSON can say it: "
        "observed_at: has -1 nanos, expected 0 to 999999999\n"
    )
