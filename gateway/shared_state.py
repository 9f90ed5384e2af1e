"""Reading the shared state: records as they were published, bytes unchanged."""

import bisect
import itertools

from gateway.calls import Call
from gateway.encoding import elements, framed
from gateway.entry import KEY
from gateway.selection import Selectors, require_valid
from gateway.tokens import decode, encode
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
# Clients take responses of 4 MiB unless they say otherwise.
_PAGE_BYTES = 2 << 20
_PAGE_TOKEN = "page_token"  # noqa: S105 - the field's name


class SharedState:
    """Answers Get, BatchGet and List with stored bytes.

    Args:
        view: The shared state.
    """

    def __init__(self, view: StateView) -> None:
        self._view = view
        self._selectors = Selectors()

    async def get_record(self, request: GetRecordRequest, call: Call) -> bytes:
        """Return one record as its owner published it."""
        entry = self._view.get(request.name)
        shown = None if entry is None else call.permit.show(entry)
        if shown is None:
            require_valid(request)
            raise call.permit.missing(request.name)
        call.read[shown.key] += 1
        return shown.payload

    async def batch_get_records(self, request: BatchGetRecordsRequest, call: Call) -> bytes:
        """Return several records in the order asked."""
        require_valid(request)
        found = []
        for name in request.names:
            entry = self._view.get(name)
            shown = None if entry is None else call.permit.show(entry)
            if shown is None:
                raise call.permit.missing(name)
            found.append(shown)
        call.read.update(map(KEY, found))
        return elements(_RECORDS, [entry.sized for entry in found])

    async def list_records(self, request: ListRecordsRequest, call: Call) -> bytes:
        """Return a page of records, ordered by name."""
        require_valid(request)
        call.permit.require_selection(request.selection)
        selector = self._selectors.of(request.selection, call.permit)
        size = min(request.page_size or _PAGE, _LARGEST_PAGE)
        after = ""
        if request.page_token:
            after = decode(_PAGE_TOKEN, request.page_token, "page", selector.digest)
        found = selector.first(self._view.after(after), size + 1)
        sized = _fitting([entry.sized for entry in found[:size]])
        page = elements(_RECORDS, sized)
        call.read.update(map(KEY, found[: len(sized)]))
        if len(found) > len(sized):
            token = encode("page", selector.digest, found[len(sized) - 1].name)
            page += framed(_NEXT_PAGE_TOKEN, token.encode())
        return page


def _fitting(sized: list[bytes]) -> list[bytes]:
    """Return as many of a page's records, one at least, as clients take in one response."""
    if sum(map(len, sized)) <= _PAGE_BYTES:
        return sized
    ends = itertools.accumulate(map(len, sized))
    return sized[: max(bisect.bisect_right(list(ends), _PAGE_BYTES), 1)]
