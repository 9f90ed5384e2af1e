"""What is done beside the gateways, recorded in the log itself by a chain of its own.

Whoever writes it needs the bus for what it does, so there is no journal: an entry is in
the log before anything is done, or nothing is. Several processes write one chain, each
entry only behind the one that it has read.
"""

import uuid
from pathlib import Path
from typing import Final, NamedTuple

from google.protobuf.message import Message

from broker.connection import Bus
from broker.errors import BusUnavailable, PublishRefused
from broker.lookup import last_message
from broker.outgoing import MESSAGE_ID, Outgoing, header_lines
from broker.publisher import Publisher
from broker.signing import read_signing_key
from broker.subjects import audit_subject
from broker.users import AUDIT
from gateway.audit.access import Access
from gateway.audit.chain import START, Chain, Head, Sealed
from gateway.audit.standing import head_in
from gateway.identity import Caller
from liandong.gateway.v1.audit_pb2 import QuarantineAction

_BUDGET_S: Final = 5.0
_ATTEMPTS: Final = 50
_WRONG_LAST: Final = 10071


class Deed(NamedTuple):
    """What was done, as its entry tells it.

    Attributes:
        method: What, for example ``Quarantine/Discard``.
        caller: As which department, and what for.
        kind: What a request would be; there is none.
        data: Nothing.
        trace: No trace.
    """

    method: str
    caller: Caller
    kind: type[Message] = QuarantineAction
    data: bytes = b""
    trace: str = ""


class Deeds:
    """A chain in the log that has no gateway.

    Args:
        bus: An open connection whose user may read the log, and publish under this name.
        name: The chain's name.
        key: File with its signing key.

    Raises:
        HomeDamaged: If the key cannot be read.
    """

    def __init__(self, bus: Bus, name: str, key: Path) -> None:
        self._bus = bus
        self._name = name
        self._chain = Chain(name, read_signing_key(key))
        self._subject = audit_subject(name)

    async def record(self, access: Access) -> None:
        """Record what is done; it is in the log when this returns.

        Raises:
            StreamUnavailable: If the log cannot be read.
            JournalUnusable: If the newest entry of this chain in the log is none.
            PublishError: If the log did not take it, also as it is full.
        """
        async with Publisher(self._bus, AUDIT, budget_s=_BUDGET_S) as publisher:
            for _ in range(_ATTEMPTS):
                last = await last_message(self._bus, AUDIT, self._subject)
                self._chain.head = (
                    head_in(last.payload, "the log") if last is not None else Head(0, START)
                )
                sealed = self._chain.seal([access])
                behind = last.sequence if last is not None else 0
                if await self._is_put(publisher, sealed, behind):
                    return
        raise BusUnavailable(_BUDGET_S, "others record what they do at the same time")

    async def _is_put(self, publisher: Publisher, sealed: Sealed, behind: int) -> bool:
        """Put an entry behind the last one; tell whether it was the last one still."""
        expected = {"Nats-Expected-Last-Subject-Sequence": str(behind)}
        # Of its own: what two do within a millisecond may be the same to the byte.
        identity = f"{self._name}.{uuid.uuid4().hex}"
        message = Outgoing(self._subject, sealed.payload, identity, header_lines(expected))
        try:
            await publisher.publish(message)
        except PublishRefused as error:
            if error.err_code != _WRONG_LAST:
                raise
            # An attempt of our own whose answer was lost is refused when it is made again.
            last = await last_message(self._bus, AUDIT, self._subject)
            return last is not None and last.headers.get(MESSAGE_ID) == identity
        return True
