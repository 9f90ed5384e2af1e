"""One access, as it is noted on the call's path: nothing is encoded there."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from google.protobuf.message import Message

from gateway.call import Ask
from gateway.identity import Caller
from gateway.key import Key
from gateway.permit import Permit
from liandong.gateway.v1.audit_pb2 import (
    OUTCOME_ALLOWED,
    PHASE_CALL,
    Outcome,
    Phase,
    QuarantineAction,
)


class Course(NamedTuple):
    """What of a call is told, and how that ended.

    Attributes:
        phase: What of the call.
        outcome: How it ended.
        reason: Why it was refused or broke off, for programs.
        detail: The same as the caller was told it.
        closed: Who owns a record that was asked for and stayed closed.
    """

    phase: "Phase.ValueType" = PHASE_CALL
    outcome: "Outcome.ValueType" = OUTCOME_ALLOWED
    reason: str = ""
    detail: str = ""
    closed: tuple[str, ...] = ()


ANSWERED = Course()


class Called(Protocol):
    """What of a call, or of what was done beside the gateways, its entry tells."""

    @property
    def method(self) -> str:
        """Return the method's name, ``Service/Method``."""

    @property
    def kind(self) -> type[Message]:
        """Return what its request is."""

    @property
    def data(self) -> bytes:
        """Return the request's bytes."""

    @property
    def caller(self) -> Caller:
        """Return who calls, and what for."""

    @property
    def trace(self) -> str:
        """Return its trace id; empty: none."""


@dataclass(slots=True, eq=False)
class Access:
    """What is recorded of a call, or of a part of a stream.

    Attributes:
        call: The call.
        read: How many records of which key left.
        permit: By what they left.
        at_ns: When, nanoseconds since 1970 UTC.
        course: What of the call is told, and how that ended.
        opening: The entry with which the stream began; None: it is no stream's.
        asked: Questions that were put to departments.
        action: What was done with entries of a quarantine; None: nothing.
        actor: Who it was within the department; empty: not known.
        sequence: Its number in the chain, as soon as it has one.
        durable: Done when it is on disk, or fails; None: nobody waits.
    """

    call: Called
    read: Counter[Key]
    permit: Permit
    at_ns: int
    course: Course = ANSWERED
    opening: "Access | None" = None
    asked: Sequence[Ask] = ()
    action: QuarantineAction | None = None
    actor: str = ""
    sequence: int = 0
    durable: "asyncio.Future[None] | None" = None
