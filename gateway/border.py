"""The border of a part of the state: what reaches beyond it is refused, never answered in part."""

import functools
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from google.protobuf.message import Message

from broker.state_part import StatePart, told
from gateway.calls import Call, Method, Service
from gateway.errors import BeyondPart
from gateway.validity import require_valid

R = TypeVar("R")
Reach = tuple[Sequence[str], Sequence[str]]
"""Agencies and kinds that are asked for; none of either: all."""


class Border:
    """Lets requests pass whose records all lie in the part that is held.

    Args:
        part: The part that is held.
        parts: All parts of the city.
    """

    def __init__(self, part: StatePart, parts: Sequence[StatePart]) -> None:
        self._part = part
        self._parts = parts

    def around(self, service: Service) -> Service:
        """Return a service that answers what lies within."""
        if self._part.is_whole:
            return service
        return Service(
            service.name,
            {
                name: (self._within(method), kind)
                for name, (method, kind) in service.unaries.items()
            },
            {
                name: (self._within(method), kind)
                for name, (method, kind) in service.streams.items()
            },
        )

    def _within(self, method: Method[R]) -> Method[R]:
        """Return a method that answers what lies within."""

        @functools.wraps(method)
        async def within(request: Any, call: Call) -> R:
            self._require_within(request)
            return await method(request, call)

        return within

    def _require_within(self, request: Message) -> None:
        """Check that all that is asked for lies within.

        Raises:
            InvalidRequest: If the request is wrong, wherever it reaches.
            BeyondPart: If it does not.
        """
        reaches = list(_reaches(request))
        beyond = next((reach for reach in reaches if not self._part.holds(*reach)), None)
        if beyond is None:
            return
        require_valid(request)
        holders = {
            part.name: part.address
            for part in self._parts
            if all(part.holds(*reach) for reach in reaches)
        }
        raise BeyondPart(self._part.name, self._part.told, told(*beyond), holders)


def _reaches(request: Any) -> Iterator[Reach]:
    """Yield what a request asks for: by its selection, or by the names of records."""
    selection = getattr(request, "selection", None)
    if selection is not None:
        yield selection.agencies, selection.kinds
    names = getattr(request, "names", None) or (getattr(request, "name", ""),)
    for start in dict.fromkeys(tuple(name.split("/")[:2]) for name in names):
        # What is no record's name lies nowhere.
        if "." in start[-1]:
            yield start[:-1], start[-1:]
