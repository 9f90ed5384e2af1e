"""Reading the shared state: records as they were published, bytes unchanged."""

import bisect
import itertools
from collections.abc import Iterable

from gateway.calls import Call
from gateway.encoding import counted, elements, framed
from gateway.entry import KEY, Entry
from gateway.errors import AnswerTooLarge, HistoryGone
from gateway.freshness import FeedAges
from gateway.mask import Mask, mask_of
from gateway.pages import Pages
from gateway.past import Past
from gateway.query import Queries
from gateway.search import Search
from gateway.validity import require_valid
from gateway.view import StateView
from liandong.gateway.v1.shared_state_pb2 import (
    BatchGetRecordsRequest,
    GetRecordRequest,
    ListRecordsRequest,
)

_PAGE = 100
_LARGEST_PAGE = 1000
# Fields of the responses.
_RECORDS, _NEXT_PAGE_TOKEN = 1, 2
_BATCH_FEEDS, _LIST_FEEDS = 2, 3
_BATCH_UNKNOWN, _LIST_UNKNOWN = 3, 4
# A FeedAge in the trailing metadata of a record.
_FEED = "liandong-feed-bin"
# Clients take responses of 4 MiB unless they say otherwise.
_PAGE_BYTES = 2 << 20
_ANSWER_BYTES = 4 << 20


class SharedState:
    """Answers Get, BatchGet and List with stored bytes.

    Args:
        view: The shared state.
        past: The same at earlier times.
        ages: How old what feeds bring is.
    """

    def __init__(self, view: StateView, past: Past, ages: FeedAges) -> None:
        self._view = view
        self._past = past
        self._ages = ages
        self._queries = Queries()
        self._pages = Pages(view)

    async def get_record(self, request: GetRecordRequest, call: Call) -> bytes:
        """Return one record as its owner published it, or the fields of it that are wanted."""
        if request.HasField("as_of"):
            entry = (await self._then((request.name,), request)).get(request.name)
            if entry is None:
                await self._require_kept(request, call)
        else:
            if request.as_of_basis:
                require_valid(request)
            entry = self._view.get(request.name)
        shown = None if entry is None else call.permit.show(entry)
        mask = mask_of(request.read_mask) if request.HasField("read_mask") else None
        if shown is None:
            require_valid(request)
            raise call.permit.missing(request.name)
        key = shown.key
        call.read[key] += 1
        if key.feed and (age := self._ages.told(f"{key.agency}/{key.feed}")):
            call.context.set_trailing_metadata(((_FEED, age),))
        return shown.payload if mask is None else mask.cut(shown.payload)

    async def batch_get_records(self, request: BatchGetRecordsRequest, call: Call) -> bytes:
        """Return several records in the order asked.

        Raises:
            AnswerTooLarge: If they take more than clients take in one response.
        """
        require_valid(request)
        mask = mask_of(request.read_mask)
        then = await self._then(request.names, request) if request.HasField("as_of") else None
        absent = () if then is None else [name for name in request.names if name not in then]
        lost = await self._past.lost(absent, request.as_of_basis, call.permit) if absent else {}
        found = []
        for name in request.names:
            if name in lost:
                continue
            entry = self._view.get(name) if then is None else then.get(name)
            shown = None if entry is None else call.permit.show(entry)
            if shown is None:
                raise call.permit.missing(name)
            found.append(shown)
        sized = _sized(found, mask)
        feeds = sorted({f"{key.agency}/{key.feed}" for key in map(KEY, found) if key.feed})
        told = elements(_BATCH_FEEDS, self._ages.sized(feeds))
        told += counted(_BATCH_UNKNOWN, sum([name in lost for name in request.names]))
        # The tag of each is one byte.
        taken = sum(map(len, sized)) + len(sized) + len(told)
        if taken > _ANSWER_BYTES:
            raise AnswerTooLarge(len(found), taken, _ANSWER_BYTES)
        call.read.update(map(KEY, found))
        return elements(_RECORDS, sized, told)

    async def list_records(self, request: ListRecordsRequest, call: Call) -> bytes:
        """Return a page of records, in the order asked."""
        size, token = min(request.page_size or _PAGE, _LARGEST_PAGE), request.page_token
        at = (request.as_of, request.as_of_basis) if request.HasField("as_of") else None
        query = self._queries.of(request, call.permit)
        call.permit.require_selection(request.selection)
        if token:
            feeds = b""
        else:
            named = query.selector.feeds(self._view.names)
            feeds = elements(_LIST_FEEDS, self._ages.sized(named))
        mark = self._pages.mark(query) if at is None else None
        kept = self._pages.of(query, token, size, mark)
        if kept is not None:
            call.read.update(kept.read)
            return kept.encoded + feeds
        after = query.position(token)
        lost: list[str] = []
        if at is None:
            found, end = await Search(self._view, query.selector, query.order, after, size).page()
        else:
            found, end, lost = await self._past.page(query.selector, query.order, after, size, at)
        sized = _fitting(_sized(found, query.mask))
        if len(sized) < len(found):
            del found[len(sized) :]
            end = query.order.position(found[-1])
        call.read.update(map(KEY, found))
        tail = b"" if end is None else framed(_NEXT_PAGE_TOKEN, query.token(end).encode())
        # Names after the page's end are looked up again for the next.
        tail += counted(_LIST_UNKNOWN, sum([end is None or name <= end[1] for name in lost]))
        page = elements(_RECORDS, sized, tail)
        if mark is not None:
            self._pages.keep((query, token, size), mark, page, found)
        return page + feeds

    async def _require_kept(self, request: GetRecordRequest, call: Call) -> None:
        """Tell a record that did not stand from one whose past has gone.

        Raises:
            HistoryGone: If the caller sees it now, and it is not kept as far back.
        """
        lost = await self._past.lost((request.name,), request.as_of_basis, call.permit)
        for name, kept_ns in lost.items():
            raise HistoryGone(name, kept_ns)

    async def _then(
        self, names: Iterable[str], request: GetRecordRequest | BatchGetRecordsRequest
    ) -> dict[str, Entry]:
        """Return records as they stood at the time that a request names."""
        require_valid(request)
        return await self._past.get(names, request.as_of, request.as_of_basis)


def _sized(entries: list[Entry], mask: Mask | None) -> list[bytes]:
    """Return the bytes of entries, or of their wanted fields, after their length."""
    if mask is None:
        return [entry.sized for entry in entries]
    return [mask.sized(entry) for entry in entries]


def _fitting(sized: list[bytes]) -> list[bytes]:
    """Return as many of a page's records, one at least, as clients take in one response."""
    if sum(map(len, sized)) <= _PAGE_BYTES:
        return sized
    ends = itertools.accumulate(map(len, sized))
    return sized[: max(bisect.bisect_right(list(ends), _PAGE_BYTES), 1)]
