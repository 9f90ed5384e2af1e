"""A call, as all that has to do with it knows it."""

from collections import Counter
from dataclasses import dataclass, field

from google.protobuf.message import Message

from gateway.agreements import Permit
from gateway.identity import Caller, Context
from gateway.key import Key


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
    is_recorded: bool = False
