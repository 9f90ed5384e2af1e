"""Revisions: what was said of one record over time, as far as the city keeps it."""

import operator
import re

from google.protobuf.timestamp_pb2 import Timestamp

from gateway.calls import Call
from gateway.encoding import framed
from gateway.errors import InvalidRequest
from gateway.history import History, Revision
from gateway.mask import Mask, mask_of
from gateway.selection import digest
from gateway.tokens import decode, encode
from gateway.validity import require_valid
from gateway.view import StateView
from liandong.gateway.v1.shared_state_pb2 import (
    TIME_BASIS_RECEIVED,
    ListRevisionsRequest,
    TimeBasis,
    TimeWindow,
)

_PAGE = 100
_LARGEST_PAGE = 1000
# Clients take responses of 4 MiB unless they say otherwise.
_PAGE_BYTES = 2 << 20
_PAGE_TOKEN = "page_token"  # noqa: S105 - the field's name
# Fields of the response and of a revision.
_REVISIONS, _NEXT_PAGE_TOKEN = 1, 2
_RECORD, _STORED_AT, _BACK_FILLED = 1, 2, 3
Place = tuple[int, int]
"""Where a revision stands: its time, nanoseconds since 1970 UTC, and its sequence."""


class Revisions:
    """Answers ListRevisions.

    Args:
        view: The shared state.
        history: The past.
    """

    def __init__(self, view: StateView, history: History) -> None:
        self._view = view
        self._history = history

    async def list_revisions(self, request: ListRevisionsRequest, call: Call) -> bytes:
        """Return a page of a record's revisions, earliest first."""
        require_valid(request)
        entry = self._view.get(request.name)
        if entry is None or call.permit.show(entry) is None:
            raise call.permit.missing(request.name)
        bound = _bound(request)
        after = (0, 0)
        if request.page_token:
            position = decode(_PAGE_TOKEN, request.page_token, "revisions", bound)
            after = _position(position)
        placed = [
            (_place(one, request.basis), one) for one in await self._history.revisions(request.name)
        ]
        left = sorted(
            (
                (place, one)
                for place, one in placed
                if place > after and _within(place[0], request.window)
            ),
            key=operator.itemgetter(0),
        )
        size = min(request.page_size or _PAGE, _LARGEST_PAGE)
        return _page(left, call, bound, size, mask_of(request.read_mask))


def _page(
    left: list[tuple[Place, Revision]], call: Call, bound: str, size: int, mask: Mask | None
) -> bytes:
    """Return as many revisions as go into one response."""
    parts: list[bytes] = []
    room = _PAGE_BYTES
    for number, (_, one) in enumerate(left):
        shown = call.permit.show(one.entry)
        if shown is None:
            # What it said then was not for this caller.
            continue
        payload = shown.payload if mask is None else mask.cut(shown.payload)
        encoded = framed(_REVISIONS, _encoded(payload, one))
        if parts and (len(parts) == size or len(encoded) > room):
            last = left[number - 1][0]
            token = encode("revisions", bound, f"{last[0]},{last[1]}")
            return b"".join((*parts, framed(_NEXT_PAGE_TOKEN, token.encode())))
        parts.append(encoded)
        room -= len(encoded)
        call.read[shown.key] += 1
    return b"".join(parts)


def _encoded(payload: bytes, one: Revision) -> bytes:
    """Return a revision as an element of the response."""
    stored = Timestamp()
    stored.FromNanoseconds(one.stored)
    encoded = framed(_RECORD, payload) + framed(_STORED_AT, stored.SerializeToString())
    return encoded + (bytes((_BACK_FILLED << 3, 1)) if one.back_filled else b"")


def _place(one: Revision, basis: "TimeBasis.ValueType") -> Place:
    """Return where a revision stands: by its time, then by its sequence."""
    time = one.stored if basis == TIME_BASIS_RECEIVED else one.entry.observed
    return time, one.entry.sequence


def _within(time_ns: int, window: TimeWindow) -> bool:
    """Tell whether a time lies in a window."""
    if window.HasField("start_at") and time_ns < window.start_at.ToNanoseconds():
        return False
    return not window.HasField("end_at") or time_ns < window.end_at.ToNanoseconds()


def _position(text: str) -> Place:
    """Return the place that a token names.

    Raises:
        InvalidRequest: If it names none.
    """
    match = _POSITION.fullmatch(text)
    if match is None:
        raise InvalidRequest([(_PAGE_TOKEN, "is no token of this gateway: begin without one")])
    return int(match[1]), int(match[2])


_POSITION = re.compile(r"(-?[0-9]{1,19}),([0-9]{1,19})")


def _bound(request: ListRevisionsRequest) -> str:
    """Return what binds a token to its request."""
    same = ListRevisionsRequest()
    same.CopyFrom(request)
    same.page_token, same.page_size = "", 0
    return digest(same)
