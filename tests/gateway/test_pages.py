"""A page that is kept is the page that would be made anew."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.calls import Call
from gateway.freshness import FeedAges
from gateway.shared_state import SharedState
from liandong.gateway.v1 import shared_state_pb2 as api
from tests.gateway.state import CALLER, PERMIT, reading, take, view_of

PLACES = st.sampled_from(["320102", "320104", "330100"])
NO_PAST: Any = None
"""Nobody looks back here."""
CHANGES = st.lists(
    st.tuples(
        st.integers(0, 9),
        st.sampled_from(["water.level", "water.rainfall"]),
        PLACES,
        st.sampled_from([1, 2]),
    ),
    max_size=30,
)


def answered(state: SharedState, **request: Any) -> tuple[list[str], str, int]:
    """Return a page's names, its token, and how many records were read by it."""
    context: Any = None
    call = Call("List", api.ListRecordsRequest, b"", CALLER, PERMIT, context)
    asked = api.ListRecordsRequest(**request)
    encoded = asyncio.run(state.list_records(asked, call))
    page = api.ListRecordsResponse.FromString(encoded)
    names = [record.name for record in page.records]
    return names, page.next_page_token, call.read.total()


@settings(deadline=None)
@given(CHANGES)
def test_a_page_that_is_kept_is_the_page_that_would_be_made_anew(
    changes: list[tuple[int, str, str, int]],
) -> None:
    """After each change, of whatever key, to whatever other; and it counts as read each time."""
    view = view_of([reading("0")])
    view.index()
    state = SharedState(view, NO_PAST, FeedAges())
    for minute, (number, kind, district, status) in enumerate(changes):
        record = reading(str(number), kind=kind, minutes=minute)
        record.location.district = district
        record.status = status  # type: ignore[assignment]  # one of two
        take(view, record, minute + 2)
        request: dict[str, Any] = {"selection": {"kinds": ["water.level"], "districts": ["320100"]}}

        for _ in range(2):
            page = answered(state, **request, page_size=3)
            assert page == answered(SharedState(view, NO_PAST, FeedAges()), **request, page_size=3)
            assert page[2] == len(page[0])


def test_a_page_is_not_kept_beyond_the_end_of_one_of_its_records() -> None:
    """Nothing has changed but the time."""
    ends = datetime.now(UTC) + timedelta(milliseconds=200)
    warning = reading("warning")
    warning.expires_at.FromDatetime(ends)
    view = view_of([warning, reading("for ever")])
    state = SharedState(view, NO_PAST, FeedAges())
    assert answered(state)[0] == ["water/water.level/for ever", "water/water.level/warning"]

    while datetime.now(UTC) < ends:
        assert answered(state)[0]

    assert answered(state)[0] == ["water/water.level/for ever"]
