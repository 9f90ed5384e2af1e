"""The revisions that a stream still keeps after a sequence: all of them, or it says so."""

import hashlib
from array import array
from collections import Counter
from collections.abc import AsyncGenerator, Collection, Sequence
from dataclasses import dataclass

from broker.api import call
from broker.connection import Bus
from broker.delivery import Delivery
from broker.errors import BrokerError
from broker.latest import last_of_each, next_of_each
from broker.subscriber import scan


class RevisionsLost(BrokerError):
    """A stream may no longer keep all that came after a sequence."""

    def __init__(self, subject: str, history: int) -> None:
        super().__init__(f"only the last {history} revisions of {subject} are kept")
        self.subject = subject
        self.history = history


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """What a stream says of itself.

    Attributes:
        identity: 12 hexadecimal digits; a stream that is made anew has others.
        last_sequence: The sequence of its last message.
        history: How many messages it keeps of each subject.
    """

    identity: str
    last_sequence: int
    history: int


class Revisions:
    """Reads what a stream keeps.

    Args:
        bus: An open connection whose user may read the stream.
        stream: The stream.
    """

    def __init__(self, bus: Bus, stream: str) -> None:
        self._bus = bus
        self._stream = stream

    async def facts(self) -> StreamFacts:
        """Ask what the stream says of itself.

        Raises:
            StreamUnavailable: If it does not answer.
        """
        told = await call(self._bus, self._stream, f"STREAM.INFO.{self._stream}")
        return StreamFacts(
            hashlib.sha256(str(told["created"]).encode()).hexdigest()[:12],
            int(told["state"]["last_seq"]),
            int(told["config"]["max_msgs_per_subject"]),
        )

    async def at(self, sequence: int, subjects: Collection[str]) -> dict[str, Delivery]:
        """Return the last message of each subject up to a sequence; none: it had none yet.

        Args:
            sequence: The sequence.
            subjects: The subjects, without wildcards.

        Raises:
            RevisionsLost: If what a subject had then may have gone.
            StreamUnavailable: If the stream cannot be read.
        """
        if not sequence:
            return {}
        found = await last_of_each(self._bus, self._stream, subjects, upto=sequence)
        left = dict.fromkeys(set(subjects) - found.keys(), 0)
        history = (await self.facts()).history if left else 0
        if history > 0:
            kept = await next_of_each(self._bus, self._stream, left, count=history)
            for subject, messages in kept.items():
                if len(messages) >= history:
                    raise RevisionsLost(subject, history)
        return found

    async def after(
        self, sequence: int, last: int, subjects: Sequence[str]
    ) -> AsyncGenerator[Delivery, None]:
        """Read all messages after a sequence up to a last one, in order.

        Args:
            sequence: After which one.
            last: Up to which one.
            subjects: Which subjects; wildcards allowed, and no two may overlap.

        Raises:
            RevisionsLost: If some may have gone: before the first, or when they go meanwhile.
            StreamUnavailable: If the stream cannot be read to its end.
        """
        history = (await self.facts()).history
        # Looked at before anything is told: what has gone lay before what is still there.
        expected, counts = array("Q"), Counter[str]()
        async for delivery in self._read(sequence, last, subjects, headers_only=True):
            expected.append(delivery.sequence)
            counts[delivery.subject] += 1
            if 0 < history <= counts[delivery.subject]:
                raise RevisionsLost(delivery.subject, history)
        told = 0
        async for delivery in self._read(sequence, last, subjects, headers_only=False):
            if delivery.sequence != expected[told]:
                break
            told += 1
            yield delivery
        if told < len(expected):
            raise RevisionsLost(", ".join(subjects), history)

    async def _read(
        self, sequence: int, last: int, subjects: Sequence[str], *, headers_only: bool
    ) -> AsyncGenerator[Delivery, None]:
        """Read messages after a sequence up to a last one."""
        messages = scan(
            self._bus,
            self._stream,
            subjects,
            headers_only=headers_only,
            start_sequence=sequence + 1,
        )
        try:
            async for delivery in messages:
                if delivery.sequence > last:
                    return
                yield delivery
        finally:
            await messages.aclose()
