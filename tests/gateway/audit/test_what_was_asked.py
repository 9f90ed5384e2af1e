"""What a request asked for is told as bounded text, and never what a record says."""

from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.asked import asked
from liandong.gateway.v1 import shared_state_pb2 as api
from liandong.gateway.v1.audit_pb2 import AccessEntry


def told(request: Message) -> AccessEntry:
    """Return what an entry says of a request."""
    return AccessEntry.FromString(asked(type(request), request.SerializeToString()))


def test_a_name_is_told_as_it_is() -> None:
    """In the way that costs next to nothing, and in the other."""
    short, long = "water/water.level/1", f"water/water.level/{'x' * 200}"
    chinese = "water/water.level/下关"

    for name in (short, long, chinese):
        assert told(api.GetRecordRequest(name=name)) == AccessEntry(names=[name])


def test_many_names_are_counted_and_the_first_told() -> None:
    """An entry stays small."""
    names = [f"water/water.level/{number}" for number in range(25)]

    entry = told(api.BatchGetRecordsRequest(names=names))

    assert (list(entry.names), entry.more_names) == (names[:20], 5)


def test_a_selection_is_told_without_tokens() -> None:
    """A token says where a page is, not what was asked."""
    selection = api.Selection(kinds=["water.*"], districts=["320100"])
    request = api.ListRecordsRequest(selection=selection, page_token="secret")

    assert told(request).asked == 'selection { kinds: "water.*" districts: "320100" }'


def test_long_texts_are_cut() -> None:
    """Whatever is asked."""
    selection = api.Selection(districts=["3201"] * 2000)

    text = told(api.ListRecordsRequest(selection=selection)).asked

    assert len(text) == 1000
    assert text.endswith("…")


def test_records_inside_a_request_are_not_told() -> None:
    """Of what carries records, such as an event, only the gateway's own words are."""
    event = api.RecordEvent(type=api.EVENT_TYPE_CHANGE, name="water/water.level/1")
    event.record.location.address = "中山南路 7 号"
    response = api.WatchRecordsResponse(events=[event])

    text = told(response).asked

    assert "EVENT_TYPE_CHANGE" in text
    assert "record" not in text
    assert "中山南路" not in text


def test_what_the_schema_does_not_know_is_not_told() -> None:
    """A newer client's field may hold anything."""
    data = api.ListRecordsRequest(page_size=7).SerializeToString() + b"\xa2\x06\x06secret"

    assert AccessEntry.FromString(asked(api.ListRecordsRequest, data)).asked == "page_size: 7"


@given(st.binary(max_size=300))
def test_any_bytes_give_an_entry_that_can_be_read(data: bytes) -> None:
    """Also those that are no request."""
    for kind in (api.GetRecordRequest, api.ListRecordsRequest):
        entry = AccessEntry.FromString(asked(kind, data))
        assert len(entry.asked) <= 1000
