"""Reading the shared state: records as they were published, bytes unchanged."""

from gateway.agreements import Agreements
from gateway.entry import framed
from gateway.errors import NotFound
from gateway.identity import Context, identify
from gateway.selection import Selector, digest, require_valid
from gateway.tokens import decode, encode
from gateway.view import StateView
from liandong.gateway.v1.shared_state_pb2 import (
    BatchGetRecordsRequest,
    GetRecordRequest,
    ListRecordsRequest,
)

_PAGE = 100
_LARGEST_PAGE = 1000
_PAGE_TOKEN = "page_token"  # noqa: S105 - the field's name


class SharedState:
    """Answers Get, BatchGet and List with stored bytes.

    Args:
        view: The shared state.
        agreements: Who may read what.
    """

    def __init__(self, view: StateView, agreements: Agreements) -> None:
        self._view = view
        self._agreements = agreements

    async def get_record(self, request: GetRecordRequest, context: Context) -> bytes:
        """Return one record as its owner published it."""
        permit = self._agreements.permit(identify(context))
        require_valid(request)
        entry = self._view.get(request.name)
        if entry is None or not permit.allows(entry.key):
            raise NotFound(request.name)
        return entry.payload

    async def batch_get_records(self, request: BatchGetRecordsRequest, context: Context) -> bytes:
        """Return several records in the order asked."""
        permit = self._agreements.permit(identify(context))
        require_valid(request)
        found = []
        for name in request.names:
            entry = self._view.get(name)
            if entry is None or not permit.allows(entry.key):
                raise NotFound(name)
            found.append(entry.framed)
        return b"".join(found)

    async def list_records(self, request: ListRecordsRequest, context: Context) -> bytes:
        """Return a page of records, ordered by name."""
        permit = self._agreements.permit(identify(context))
        require_valid(request)
        selector = Selector(request.selection, permit)
        size = min(request.page_size or _PAGE, _LARGEST_PAGE)
        after = ""
        if request.page_token:
            bound = digest(request.selection)
            after = decode(_PAGE_TOKEN, request.page_token, "page", bound)
        page: list[bytes] = []
        last = ""
        for entry in self._view.after(after):
            if selector(entry):
                if len(page) == size:
                    token = encode("page", digest(request.selection), last)
                    page.append(framed(2, token.encode()))
                    break
                page.append(entry.framed)
                last = entry.name
        return b"".join(page)
