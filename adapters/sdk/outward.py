"""A record as the message that stores it, with the id by which it is known again."""

import hashlib
from typing import Final

from adapters.sdk.adapter import Translated
from broker.outgoing import Outgoing
from broker.subjects import share_subject

_ID_BYTES: Final = 16
_NANO: Final = 1_000_000_000


class Outward:
    """Writes one feed's records for the bus: what comes live, and what is tried again.

    Both must give a record the same id, or what a sender repeats meanwhile is stored twice.

    Args:
        feed: The feed.
    """

    def __init__(self, feed: str) -> None:
        self._salt = feed.encode()

    def message(
        self, one: Translated, trace_id: str, headers: bytes, *, said: str = ""
    ) -> Outgoing:
        """Return the message that stores a record.

        Args:
            one: The record, with what makes its message unique at its source.
            trace_id: The trace to which it belongs; it is put into the record.
            headers: Its header lines.
            said: The name that the message gave, when the record is kept under another.
        """
        record = one.record
        name = record.name
        record.provenance.trace_id = trace_id
        digest = hashlib.blake2b(one.message_id.encode(), digest_size=_ID_BYTES, salt=b"record")
        digest.update(self._salt)
        digest.update((said or name).encode())
        observed = record.observed_at
        return Outgoing(
            share_subject(name),
            record.SerializeToString(),
            digest.hexdigest(),
            headers,
            observed.seconds * _NANO + observed.nanos,
        )
