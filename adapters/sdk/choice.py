"""Which entries of a feed's quarantine are meant."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

from adapters.sdk.clusters import cluster_id
from broker.connection import Bus
from broker.quarantine import QuarantineEntry, entries


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Entries by what they have in common; what is left open chooses all.

    Attributes:
        cause: Their cause.
        cluster: Their cluster's name.
        numbers: Their numbers.
        start: The number at which to begin.
        upto: The last number; None: to the end.
        limit: How many, the first; None: all.
    """

    cause: str = ""
    cluster: str = ""
    numbers: frozenset[int] = frozenset()
    start: int = 1
    upto: int | None = None
    limit: int | None = None

    def has(self, entry: QuarantineEntry) -> bool:
        """Tell whether an entry is one of them."""
        return (
            (not self.cause or entry.cause == self.cause)
            and (not self.numbers or entry.sequence in self.numbers)
            and (
                not self.cluster
                or cluster_id(entry.feed, entry.cause, entry.reason) == self.cluster
            )
        )

    def __str__(self) -> str:
        """Return what they have in common, for people."""
        parts = [
            f"cause {self.cause}" if self.cause else "",
            f"cluster {self.cluster}" if self.cluster else "",
            f"no. {', '.join(map(str, sorted(self.numbers)))}" if self.numbers else "",
            f"from no. {self.start}" if self.start > 1 else "",
            f"to no. {self.upto}" if self.upto is not None else "",
        ]
        return ", ".join(filter(None, parts)) or "all"


async def chosen(
    bus: Bus, agency: str, feed: str, choice: Choice, *, headers_only: bool = False
) -> AsyncGenerator[QuarantineEntry, None]:
    """Read the entries of a feed that are meant, in order of arrival.

    Raises:
        StreamUnavailable: If the quarantine cannot be read to its end.
    """
    left = choice.limit
    start = max(choice.start, min(choice.numbers, default=1))
    upto = max(choice.numbers) if choice.numbers else choice.upto
    found = entries(bus, agency, feed, start=start, upto=upto, headers_only=headers_only)
    async with aclosing(found) as read:
        async for entry in read:
            if not choice.has(entry):
                continue
            if left == 0:
                return
            yield entry
            left = left - 1 if left is not None else None
