"""What would become of an entry of the quarantine now: records, or a reason again.

Pure: bytes go in, and nothing is published. The decoder is a fresh one for each entry,
the adapter is the same for all, so that packets of one message find each other.
"""

from dataclasses import dataclass
from typing import Any, Final

import msgspec

from adapters.sdk.adapter import Adapter, Translated
from adapters.sdk.message import Message, Undecodable
from adapters.sdk.translation import Translation
from broker.doubt import doubt_ahead
from broker.quarantine import Kept, QuarantineEntry

CUT: Final = frozenset({"oversize", "oversized", "too_large"})
"""Causes under which what is kept need not be the whole message."""
LOGIN: Final = "login"
"""Cause under which a message is kept whose sender had not shown who it is."""
LINK: Final = "link"
"""Cause under which addresses are kept, which nobody fetched a message from."""
_AGAIN: Final = "have it sent again, then discard this"
_UNFIT: Final = {
    Kept.CONCEALED: f"its bytes are kept without the people in them, so it is no message: {_AGAIN}",
    Kept.CUT: f"only its first bytes are kept: {_AGAIN}",
    Kept.RECORD: "it is a record that the bus refused, not a message: have its source send it "
    "again, then discard this",
}
_UNKNOWN_SENDER: Final = (
    "its sender had not logged in when it came, so it may be anybody's: let it log in and send "
    "it again, then discard this; or choose `--cause login` for what you know to be its"
)
_EMPTY: Final = (
    "it is read without complaint and holds no message by itself, as a table's header does: "
    "discard it when what belongs to it has become records"
)


@dataclass(frozen=True, slots=True)
class Attempt:
    """What an entry would become.

    Attributes:
        entry: The entry.
        translated: Its valid records.
        refused: Why it, or a part of it, is no record still; None: nothing is left of it.
    """

    entry: QuarantineEntry
    translated: tuple[Translated, ...]
    refused: Undecodable | None

    def still(self) -> QuarantineEntry:
        """Return the entry with what is wrong with it now."""
        if self.refused is None:
            return self.entry
        cause, reason = self.refused.cause, self.refused.reason
        return msgspec.structs.replace(self.entry, cause=cause, reason=reason)


class Retrial:
    """Tries entries again, in their order.

    Args:
        adapter: The feed's adapter, made for this alone: what it remembers from entry to
            entry must not mix with what it remembers of its senders.
        is_vouched_for: Whether somebody knows of messages whose senders had not logged in that
            they are theirs.
    """

    def __init__(self, adapter: Adapter[Any, Any], *, is_vouched_for: bool = False) -> None:
        self._adapter = adapter
        self._is_vouched_for = is_vouched_for
        self._translation = Translation(adapter)

    def of(self, entry: QuarantineEntry) -> Attempt:
        """Return what an entry would become."""
        if entry.kept is not Kept.WHOLE:
            return _stays(entry, entry.kept.value, _UNFIT[entry.kept])
        if entry.cause == LOGIN and not self._is_vouched_for:
            return _stays(entry, entry.cause, _UNKNOWN_SENDER)
        if entry.cause == LINK:
            return _stays(entry, entry.cause, entry.reason)
        if entry.cause in CUT:
            reason = f"the bytes kept may not be the whole message: {_AGAIN}"
            return _stays(entry, entry.cause, reason)
        # Times that a format leaves open, and how late is too late, are told by when it came.
        self._adapter.take_for_now(entry.received_at)
        pieces = pieces_alone(self._adapter, entry.opening, entry.raw)
        if not pieces:
            return _stays(entry, "empty", _EMPTY)
        translated: list[Translated] = []
        received, refused = int(entry.received_at.timestamp()), None
        for piece in pieces:
            valid, why = self._translation.of(piece)
            for one in valid:
                doubt_ahead(one.record, received, self._adapter.feed.clock_tolerance_s)
            translated += valid
            refused = refused or why
        return Attempt(entry, tuple(translated), refused)


def pieces_alone(
    adapter: Adapter[Any, Any], opening: bytes, raw: bytes
) -> list[Message | Undecodable]:
    """Return what a fresh decoder makes of one message's bytes.

    Args:
        adapter: Whose decoder.
        opening: What it must have read before; empty: nothing.
        raw: The bytes.
    """
    decoder = adapter.decoder()
    if opening:
        # What stands before is read for what it says of these bytes, and was settled itself.
        decoder.feed(opening)
    return [*decoder.feed(raw), *decoder.close()]


def _stays(entry: QuarantineEntry, cause: str, reason: str) -> Attempt:
    """Return that an entry cannot become anything."""
    return Attempt(entry, (), Undecodable(entry.raw, cause, reason))
