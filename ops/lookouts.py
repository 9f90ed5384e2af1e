"""Several who look on at one gateway."""

from collections.abc import Sequence

from broker.delivery import Delivery
from gateway.lookout import Lookout
from ops.handlers import Handler


class Lookouts:
    """Looks on as each of several does.

    Args:
        each: They.
    """

    def __init__(self, each: Sequence[Lookout]) -> None:
        self._each = each

    def around(self, handler: Handler) -> Handler:
        """Return a handler that serves the same and is looked at by each."""
        for lookout in self._each:
            handler = lookout.around(handler)
        return handler

    def passed(self, delivery: Delivery) -> None:
        """Have each look at a record that the view has taken."""
        for lookout in self._each:
            lookout.passed(delivery)
