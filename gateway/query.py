"""What a list asks for, checked and compiled once, and remembered while few others are asked."""

import hashlib
from dataclasses import dataclass

from gateway.errors import InvalidRequest
from gateway.mask import Mask, mask_of
from gateway.order import Order, Position, order_of
from gateway.permit import Permit
from gateway.selection import Selector
from gateway.tokens import decode, encode
from gateway.validity import require_valid
from liandong.gateway.v1.shared_state_pb2 import ListRecordsRequest

_KEPT = 1024
_KEPT_BYTES = 4096
_TOKEN = "page_token"  # noqa: S105 - the field's name


@dataclass(slots=True, eq=False)
class Query:
    """A list's request, less where its page begins and how long it is.

    Attributes:
        selector: Which records.
        order: In which order.
        mask: Which of their fields; None: all.
        digest: What binds a token to it.
    """

    selector: Selector
    order: Order
    mask: Mask | None
    digest: str

    def position(self, token: str) -> Position | None:
        """Return where a page begins; None: at the first record.

        Raises:
            InvalidRequest: If the token is none, or of another request.
        """
        if not token:
            return None
        position = decode(_TOKEN, token, "page", self.digest)
        try:
            return self.order.read(position)
        except ValueError as error:
            raise InvalidRequest(
                [(_TOKEN, "is no token of this gateway: begin without one")]
            ) from error

    def token(self, position: Position) -> str:
        """Return the token of the page after a position."""
        return encode("page", self.digest, self.order.token(position))


class Queries:
    """Queries by request and permit."""

    def __init__(self) -> None:
        self._known: dict[tuple[Permit, bytes], Query] = {}

    def of(self, request: ListRecordsRequest, permit: Permit) -> Query:
        """Return the query of a request, whose page is left out of it.

        Raises:
            InvalidRequest: With each field that is wrong.
        """
        if request.page_token or request.page_size < 0:
            require_valid(request)
            request.ClearField("page_token")
        request.ClearField("page_size")
        encoded = request.SerializeToString(deterministic=True)
        query = self._known.get((permit, encoded))
        if query is None:
            require_valid(request)
            query = _compiled(request, permit, encoded)
            if len(encoded) <= _KEPT_BYTES:
                if len(self._known) >= _KEPT:
                    self._known.clear()
                self._known[permit, encoded] = query
        return query


def _compiled(request: ListRecordsRequest, permit: Permit, encoded: bytes) -> Query:
    """Return a query.

    Raises:
        InvalidRequest: With each field that is wrong.
    """
    return Query(
        Selector(request.selection, permit),
        order_of(request),
        mask_of(request.read_mask),
        hashlib.sha256(encoded).hexdigest()[:12],
    )
