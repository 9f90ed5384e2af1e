"""What is wrong with a message, told to people."""

import protovalidate
import pytest
from google.protobuf.message import Message

from broker.violations import describe
from liandong.gateway.v1.shared_state_pb2 import (
    GROUP_BY_KIND,
    BatchGetRecordsRequest,
    GetRecordRequest,
    Selection,
    SummarizeRecordsRequest,
)
from liandong.record.v1.record_pb2 import Record
from liandong.water.v1.water_pb2 import Level

_VALIDATOR = protovalidate.Validator()
_NAME = "expected <agency>/<kind>/<entity>, such as water/water.level/0012345678"


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (Selection(kinds=[""]), "kinds[0]: is empty, expected a kind such as water.level"),
        (Selection(districts=[""]), "districts[0]: is empty, expected a GB/T 2260 code"),
        (GetRecordRequest(), f"name: is empty, {_NAME}"),
        (Record(), f"name: is empty, {_NAME}"),
        (Record(), "observed_at: is not there, expected when the world was so"),
        (Record(), "provenance: is not there, expected where it comes from"),
        (Record(), "body: is not there, expected one body, such as water_level"),
        (Level(), "station_id: is empty, expected a text"),
        (BatchGetRecordsRequest(), "names: must contain at least 1 item"),
        (
            SummarizeRecordsRequest(group_by=[9]),  # type: ignore[list-item]
            "group_by[0]: is 9, expected H3_CELL, DISTRICT, KIND or AGENCY",
        ),
        (
            SummarizeRecordsRequest(group_by=[GROUP_BY_KIND, GROUP_BY_KIND]),
            "group_by: repeats a value, expected H3_CELL, DISTRICT, KIND or AGENCY, each once",
        ),
        (Level(station_id="a" * 65), "', must be at most 64 characters"),
    ],
)
def test_what_is_not_there_is_told_with_what_was_expected(message: Message, said: str) -> None:
    """Neither a regular expression nor the validator's own words are for people."""
    told = describe(_VALIDATOR.collect_violations(message), shown=20)

    assert said in told
    for raw in ("value is required", "regex", "item(s)", "1 characters", "oneof"):
        assert raw not in told
