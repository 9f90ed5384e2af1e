"""What a responder tells of itself, by NATS's protocol for services.

``nats service`` so shows who answers what, and how often it was asked.

Source: NATS ADR-32, service API: ``$SRV.PING``, ``INFO`` and ``STATS``.
"""

import functools
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from broker.questions import SERVICE, ask_subject
from liandong.question.v1.question_pb2 import Answered, Asked

QUEUE: Final = "responders"
"""The queue group in which all who answer a question share the work."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One question, and who answers it.

    Attributes:
        question: Its name, for example ``beds``.
        message: The question's message, its full name.
        answer: The answer's.
        handle: Answers it; raises nothing but what cancels it.
    """

    question: str
    message: str
    answer: str
    handle: Callable[[Asked], Awaitable[Answered]]


@dataclass(slots=True)
class Stats:
    """What was asked of an endpoint since it began, as NATS's protocol tells it.

    Attributes:
        requests: How many questions came.
        errors: How many of them were not answered.
        last_error: Why the last of these was not.
        spent_ns: How long they were worked on in all, nanoseconds.
    """

    requests: int = 0
    errors: int = 0
    last_error: str = ""
    spent_ns: int = 0


class Introduction:
    """Tells of a responder.

    Args:
        agency: The agency.
        endpoints: What it answers.
        stats: What was asked, by question.
        version: The responder's version, three numbers.
        identity: What tells it from others of the agency.
    """

    def __init__(
        self,
        agency: str,
        endpoints: Sequence[Endpoint],
        stats: Mapping[str, Stats],
        *,
        version: str,
        identity: str,
    ) -> None:
        self._agency = agency
        self._endpoints = endpoints
        self._stats = stats
        self._version = version
        self._id = identity
        self._started = datetime.now(UTC)

    def answers(self) -> Iterator[tuple[str, Callable[[], bytes]]]:
        """Yield each subject on which it is asked, and what returns the answer."""
        for verb, told in (("PING", dict), ("INFO", self._info), ("STATS", self._told_stats)):
            for tail in ("", f".{SERVICE}", f".{SERVICE}.{self._id}"):
                yield f"$SRV.{verb}{tail}", functools.partial(self._told, verb, told)

    def _told(self, verb: str, told: Callable[[], dict[str, Any]]) -> bytes:
        """Return the answer to one of the protocol's questions."""
        identity = {
            "type": f"io.nats.micro.v1.{verb.lower()}_response",
            "name": SERVICE,
            "id": self._id,
            "version": self._version,
            "metadata": {"agency": self._agency},
        }
        return json.dumps(identity | told()).encode()

    def _info(self) -> dict[str, Any]:
        """Return what there is to ask."""
        return {
            "description": f"Live questions to {self._agency}",
            "endpoints": [
                {
                    **self._address(endpoint.question),
                    "metadata": {"question": endpoint.message, "answer": endpoint.answer},
                }
                for endpoint in self._endpoints
            ],
        }

    def _told_stats(self) -> dict[str, Any]:
        """Return how much was asked."""
        return {
            "started": self._started.isoformat().replace("+00:00", "Z"),
            "endpoints": [
                {
                    **self._address(question),
                    "num_requests": stats.requests,
                    "num_errors": stats.errors,
                    "last_error": stats.last_error,
                    "processing_time": stats.spent_ns,
                    "average_processing_time": stats.spent_ns // max(stats.requests, 1),
                }
                for question, stats in self._stats.items()
            ],
        }

    def _address(self, question: str) -> dict[str, str]:
        """Return where a question is asked."""
        return {
            "name": question,
            "subject": ask_subject(self._agency, question),
            "queue_group": QUEUE,
        }
