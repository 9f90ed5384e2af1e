"""A call, as all that has to do with it knows it."""

import secrets
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from google.protobuf.message import Message

from gateway.identity import Caller, Context
from gateway.key import Key
from gateway.permit import Permit


class Ask(NamedTuple):
    """A question that was put to a department, or was refused.

    Attributes:
        agency: The department.
        question: The question's name.
        agreements: Ids of the agreements that let it; empty: the own department; None: none did.
        outcome: ``OK``, or the error's code, for example ``DEADLINE_EXCEEDED``.
    """

    agency: str
    question: str
    agreements: tuple[str, ...] | None
    outcome: str


@dataclass(slots=True, eq=False)
class Call:
    """A call that is being served.

    Attributes:
        method: The method's name, ``Service/Method``.
        kind: What its request is.
        data: The request's bytes as they came.
        caller: Who calls, and what for.
        permit: What the caller may read, as it was decided when the call began.
        context: The call itself.
        trace: Its trace id; empty: none.
        read: How many records of which key leave, for the record of accesses. A stream counts
            them before it writes them, and always in what this is at that moment.
        asked: Which department was asked what, for the same.
        is_recorded: Whether the call has its entry in the record of accesses.
    """

    method: str
    kind: type[Message]
    data: bytes
    caller: Caller
    permit: Permit
    context: Context
    trace: str = ""
    read: Counter[Key] = field(default_factory=Counter)
    asked: list[Ask] = field(default_factory=list)
    is_recorded: bool = False

    def traced(self) -> str:
        """Return its trace id, of 32 hexadecimal digits; a new one if its caller stated none."""
        self.trace = self.trace or secrets.token_hex(16)
        return self.trace
