"""One access, as it is noted on the call's path: nothing is encoded there."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field

from google.protobuf.message import Message

from gateway.agreements import Permit
from gateway.identity import Caller
from gateway.key import Key
from liandong.gateway.v1.audit_pb2 import OUTCOME_ALLOWED, PHASE_CALL, Outcome, Phase

UNKNOWN = Caller("", "", "")


@dataclass(slots=True, eq=False)
class Access:
    """What is recorded of a call, or of a part of a stream.

    Attributes:
        method: ``Service/Method``.
        caller: Who called.
        trace: The call's trace id; empty: none.
        request: What was asked; None: nothing that could be read.
        read: How many records of which key left.
        permit: By what they left; None: nothing could.
        phase: What of the call it tells.
        outcome: How it ended.
        reason: Why it was refused, for programs.
        detail: The same as the caller was told it.
        closed: Who owns a record that was asked for and stayed closed.
        opening: The entry with which the stream began; None: it is no stream's.
        at_ms: When, milliseconds since 1970 UTC.
        sequence: Its number in the chain, as soon as it has one.
        durable: Done when it is on disk, or fails; None: nobody waits.
    """

    method: str
    caller: Caller
    trace: str
    request: Message | None
    read: Counter[Key]
    permit: Permit | None
    phase: "Phase.ValueType" = PHASE_CALL
    outcome: "Outcome.ValueType" = OUTCOME_ALLOWED
    reason: str = ""
    detail: str = ""
    closed: tuple[str, ...] = ()
    opening: "Access | None" = None
    at_ms: int = field(default_factory=lambda: time.time_ns() // 1_000_000)
    sequence: int = 0
    durable: "asyncio.Future[None] | None" = None
