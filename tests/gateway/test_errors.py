"""What a caller is told arrives whole, however much is wrong and whatever is quoted."""

import grpc
import protovalidate
import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.violations import field_of, sentence_of
from gateway.errors import BeyondPart, InvalidRequest, NoAgreement, NotFound, bounded, to_status
from liandong.gateway.v1 import shared_state_pb2 as api
from liandong.record.v1.record_pb2 import Record
from tests.gateway.test_publish_records import fields
from tests.gateway.town import City, reason

# What a client takes without dropping a status by chance.
_SOFT = 8 << 10
_HEADERS = 500


def octets(status: grpc.Status) -> int:
    """Return what a status takes as it travels."""
    message = sum(
        1 if " " <= sign <= "~" and sign != "%" else 3 * len(sign.encode())
        for sign in status.details
    )
    details = sum(len(value) for _, value in status.trailing_metadata)
    return message + details * 4 // 3


@given(
    st.lists(st.tuples(st.text(max_size=300), st.text(max_size=3000)), min_size=1, max_size=40),
    st.integers(1, 2000),
)
def test_no_status_is_larger_than_clients_take(wrong: list[tuple[str, str]], times: int) -> None:
    """Chinese counts threefold: gRPC spells it in ASCII."""
    status = to_status(InvalidRequest(wrong * times))

    assert octets(status) < _SOFT - _HEADERS


@given(st.text(max_size=5000), st.text(max_size=5000))
def test_whatever_is_quoted_is_cut(one: str, other: str) -> None:
    """Names and departments are the caller's own text."""
    assert octets(to_status(NoAgreement(one, other, one))) < _SOFT - _HEADERS
    assert octets(to_status(NotFound(one))) < _SOFT - _HEADERS
    beyond = BeyondPart("a" * 32, other, one, {one: other, other: one})
    assert octets(to_status(beyond)) < _SOFT - _HEADERS


def test_what_is_left_out_is_counted() -> None:
    """The first are told in full."""
    wrong = [(f"names[{number}]", "is wrong") for number in range(50)]

    error = InvalidRequest(wrong)

    assert str(error).startswith("names[0]: is wrong; names[1]: is wrong; ")
    assert str(error).endswith("names[19]: is wrong; and 30 more")
    assert error.violations == tuple(wrong[:20])


def test_a_short_text_is_left_as_it_is() -> None:
    """And a long one ends with a mark."""
    assert bounded("水位 8.5 m", 100) == "水位 8.5 m"
    assert bounded("a" * 101, 100) == "a" * 91 + "…"


@pytest.mark.parametrize("kind", ["no-kind", "水位" * 40, "water.%00"])
async def test_a_request_with_many_wrong_fields_is_told_the_first(city: City, kind: str) -> None:
    """With details that match the message, as for any other."""
    selection = api.Selection(kinds=[f"{kind}{number}" for number in range(64)])

    async with city.stub("water") as stub:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await stub.ListRecords(api.ListRecordsRequest(selection=selection))

    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert reason(caught.value) == "INVALID_FIELD"
    assert (caught.value.details() or "").endswith(" more")
    assert "selection.kinds[0]" in fields(caught.value)


def test_what_was_expected_of_a_long_chinese_name_arrives() -> None:
    """The value is quoted in part, so that there is room for what may stand in it."""
    wrong = protovalidate.collect_violations(Record(name="water/water.level/" + "长" * 100))
    (violation,) = (one for one in wrong if field_of(one) == "name")

    details = to_status(InvalidRequest([("records[0].name", sentence_of(violation))])).details

    assert details.endswith("all else as %XX")
