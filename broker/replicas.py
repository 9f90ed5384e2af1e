"""What each server holds of a stream, compared: a replica may have a hole that nobody fills."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Replica:
    """A copy of a stream on one server.

    Attributes:
        server: The server.
        account: The account in which the stream lives.
        stream: The stream.
        messages: How many messages it holds.
        last: The sequence of the last one that it has had.
    """

    server: str
    account: str
    stream: str
    messages: int
    last: int


def missing(replicas: Iterable[Replica]) -> Mapping[Replica, int]:
    """Return how many messages each copy lacks of what another copy holds.

    Copies are compared that are equally far: one that lags has no hole for that. A copy with
    none to compare it with is left out, unless it is the only one.
    """
    copies: dict[tuple[str, str], list[Replica]] = defaultdict(list)
    for one in replicas:
        copies[one.account, one.stream].append(one)
    found = {}
    for same in copies.values():
        for one in same:
            fellows = [other.messages for other in same if other.last == one.last]
            if len(fellows) > 1 or len(same) == 1:
                found[one] = max(fellows) - one.messages
    return found
