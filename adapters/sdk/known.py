"""Which of some records an agency's stream holds already, however long ago they came.

The server refuses an id for some minutes only; a quarantine is healed after days.
"""

from typing import Final

from broker.connection import Bus
from broker.outgoing import MESSAGE_ID, Outgoing
from broker.plan import stream_name
from broker.subjects import apart, name_of, past_subject, share_subject
from broker.subscriber import scan

_MOST_SUBJECTS: Final = 256


class Wanted:
    """Records that may be stored already, by their ids; some 100 bytes of memory for each."""

    def __init__(self) -> None:
        self._ids: set[bytes] = set()
        self._subjects: set[str] = set()

    def add(self, message: Outgoing, sender: str) -> None:
        """Take a record's message.

        Args:
            message: The message.
            sender: Who sent it: where two claim one station, what came again from this one
                is kept under a name of its own.
        """
        self._ids.add(bytes.fromhex(message.message_id))
        # Beyond that many subjects the whole stream is read.
        if len(self._subjects) <= _MOST_SUBJECTS:
            self._add(message.subject)
            if sender:
                self._add(share_subject(apart(name_of(message.subject), sender)))

    def _add(self, subject: str) -> None:
        """Look on a record's subject and beside it."""
        self._subjects.update((subject, past_subject(subject)))

    async def stored(self, bus: Bus, agency: str) -> set[str]:
        """Return the ids of those that the agency's stream holds.

        Raises:
            StreamUnavailable: If it cannot be read to its end.
        """
        everything = len(self._subjects) > _MOST_SUBJECTS
        found: set[str] = set()
        for subject in {f"share.{agency}.>"} if everything else self._subjects:
            async for one in scan(bus, stream_name(agency), subject, headers_only=True):
                identity = one.headers.get(MESSAGE_ID, "")
                if _bytes_of(identity) in self._ids:
                    found.add(identity)
        return found


def _bytes_of(identity: str) -> bytes:
    """Return an id's bytes; none if it is no id of ours."""
    try:
        return bytes.fromhex(identity)
    except ValueError:
        return b""
