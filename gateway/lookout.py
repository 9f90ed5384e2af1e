"""What is known of a gateway from outside: counts, and somebody who looks on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import grpc

from broker.delivery import Delivery


@dataclass(slots=True)
class Tally:
    """Counts that a gateway keeps anyway, read when somebody asks.

    Attributes:
        conflated: How many revisions watchers were not sent, for a later one came first.
        audit_failures: Returns how often accesses could not be recorded.
        audit_waiting: Returns how many records of accesses are not in the log yet.
    """

    conflated: int = 0
    audit_failures: Callable[[], int] = lambda: 0
    audit_waiting: Callable[[], int] = lambda: 0


class Lookout(Protocol):
    """Looks on at a gateway; it neither changes nor delays anything."""

    def around(
        self, handler: "grpc.GenericRpcHandler[Any, Any]"
    ) -> "grpc.GenericRpcHandler[Any, Any]":
        """Return a handler that serves the same and is looked at."""

    def passed(self, delivery: Delivery) -> None:
        """Look at a record that the view has taken."""
