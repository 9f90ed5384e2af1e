"""The last message of each of many subjects, now or at an earlier time, in one question.

Source: NATS ADR-31, direct get, ``multi_last``.
"""

import asyncio
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from broker.connection import Bus
from broker.consumer import written
from broker.delivery import Delivery
from broker.errors import StreamUnavailable

_PATIENCE_S = 5.0
# The server gives up on more than 1,024 subjects.
_SUBJECTS = 1000
_SUBJECT, _SEQUENCE, _TIME = "Nats-Subject", "Nats-Sequence", "Nats-Time-Stamp"
_STATUS, _PENDING = "Status", "Nats-Num-Pending"
# The end of an answer, and an answer without a message.
_ENDS = frozenset({"204", "404"})
_AT_ONCE = 128
_NANO = 1_000_000_000


async def last_of_each(
    bus: Bus,
    stream: str,
    subjects: Iterable[str],
    *,
    at_ns: int | None = None,
    upto: int | None = None,
) -> dict[str, Delivery]:
    """Return the last message of each subject that has one.

    Args:
        bus: An open connection whose user may read the stream.
        stream: The stream.
        subjects: Its subjects, without wildcards.
        at_ns: Of those stored up to this time, nanoseconds since 1970 UTC; None: of all.
        upto: Of those up to this sequence; None: of all.

    Raises:
        StreamUnavailable: If the stream cannot be read.
    """
    until: dict[str, object] = {} if at_ns is None else {"up_to_time": written(at_ns)}
    if upto is not None:
        until["up_to_seq"] = upto
    requests = [{"multi_last": lot, **until} for lot in _lots(sorted(subjects))]
    answers = await _ask(bus, stream, requests)
    return {one.subject: one for answer in answers for one in answer}


async def next_of_each(
    bus: Bus, stream: str, after: Mapping[str, int], *, count: int
) -> dict[str, list[Delivery]]:
    """Return the messages of each subject that follow a sequence, in order; none, no subject.

    Args:
        bus: An open connection whose user may read the stream.
        stream: The stream.
        after: The sequence for each subject, without wildcards.
        count: How many of each at most.

    Raises:
        StreamUnavailable: If the stream cannot be read.
    """
    requests = [
        {"seq": sequence + 1, "batch": count, "next_by_subj": subject}
        for subject, sequence in after.items()
    ]
    answers = await _ask(bus, stream, requests)
    return {subject: found for subject, found in zip(after, answers, strict=True) if found}


async def first_of_each(
    bus: Bus, stream: str, subjects: Iterable[str]
) -> dict[str, tuple[Delivery, int]]:
    """Return the first message that is kept of each subject that has one, and how many there are.

    Args:
        bus: An open connection whose user may read the stream.
        stream: The stream.
        subjects: Its subjects, without wildcards.

    Raises:
        StreamUnavailable: If the stream cannot be read.
    """
    found = await next_of_each(bus, stream, dict.fromkeys(subjects, 0), count=1)
    return {
        subject: (first, 1 + int(first.headers[_PENDING])) for subject, (first,) in found.items()
    }


def _lots(subjects: Sequence[str]) -> Iterator[Sequence[str]]:
    """Return subjects in as many lots as there must be questions."""
    for start in range(0, len(subjects), _SUBJECTS):
        yield subjects[start : start + _SUBJECTS]


async def _ask(
    bus: Bus, stream: str, requests: Sequence[Mapping[str, object]]
) -> list[list[Delivery]]:
    """Put questions to a stream, several at a time; return all messages of each answer.

    Raises:
        StreamUnavailable: If the stream cannot be read.
    """
    if not bus.nc.is_connected:
        raise StreamUnavailable(stream, "the bus is away")
    subject = f"$JS.API.DIRECT.GET.{stream}"
    answers = _Answers(bus.nc.new_inbox(), len(requests))
    stops = (
        bus.on_lost(lambda: answers.fail("the connection was lost")),
        bus.on_denied(
            lambda refused: (
                answers.fail(f"this user may not publish on {subject}")
                if refused == subject.lower()
                else None
            )
        ),
    )
    subscription = await bus.nc.subscribe(
        f"{answers.inbox}.*", cb=answers.take, pending_msgs_limit=0, pending_bytes_limit=0
    )
    try:
        for number, request in enumerate(requests):
            await answers.room()
            reply = f"{answers.inbox}.{number}"
            await bus.nc.publish(subject, json.dumps(request).encode(), reply=reply)
        await answers.complete()
    except (NatsError, TimeoutError) as error:
        problem = str(error).removeprefix("nats: ") or f"no answer within {_PATIENCE_S:.0f} s"
        raise StreamUnavailable(stream, problem) from error
    finally:
        for stop in stops:
            stop()
        await bus.end(subscription)
    if answers.problem:
        raise StreamUnavailable(stream, answers.problem)
    return answers.found


class _Answers:
    """Answers as they come, each of several messages and an end.

    Args:
        inbox: Where they come, below the number of their question.
        count: How many questions there are.

    Attributes:
        found: The messages of each.
        problem: What went wrong; empty: nothing.
    """

    def __init__(self, inbox: str, count: int) -> None:
        self.inbox = inbox
        self.found: list[list[Delivery]] = [[] for _ in range(count)]
        self.problem = ""
        self._asked = 0
        self._ended = 0
        self._stirred = asyncio.Event()

    async def take(self, message: Msg) -> None:
        """Take a message of an answer, or its end."""
        headers = message.headers or {}
        status = headers.get(_STATUS)
        if status is None:
            number = int(message.subject.rpartition(".")[2])
            self.found[number].append(_delivery(message.data, headers))
        elif status in _ENDS:
            self._ended += 1
            self._stirred.set()
        else:
            self.fail(headers.get("Description", status))

    def fail(self, problem: str) -> None:
        """Wait no longer."""
        self.problem = self.problem or problem
        self._stirred.set()

    async def room(self) -> None:
        """Wait until one more question may be put."""
        self._asked += 1
        await self._until(self._asked - _AT_ONCE)

    async def complete(self) -> None:
        """Wait until every question has been answered."""
        await self._until(len(self.found))

    async def _until(self, ended: int) -> None:
        """Wait until so many answers have ended.

        Raises:
            TimeoutError: If none does for long.
        """
        while self._ended < ended and not self.problem:
            self._stirred.clear()
            async with asyncio.timeout(_PATIENCE_S):
                await self._stirred.wait()


def _delivery(payload: bytes, headers: Mapping[str, str]) -> Delivery:
    """Return a message of an answer as its stream holds it."""
    stored_ns = _nanoseconds(headers[_TIME])
    return Delivery(headers[_SUBJECT], payload, headers, int(headers[_SEQUENCE]), stored_ns, 0)


def _nanoseconds(text: str) -> int:
    """Return a time as Go writes it, with up to nine digits of a second and its zone."""
    moment, _, fraction = text.removesuffix("Z").partition(".")
    seconds = int(datetime.fromisoformat(f"{moment}+00:00").timestamp())
    return seconds * _NANO + int(fraction.ljust(9, "0") or 0)
