"""How records leave for one caller: whole, or less what stays behind."""

from gateway.entry import Entry
from gateway.key import Key
from gateway.redaction import redaction_of


class Disclosure:
    """How records of one key leave for one caller.

    Attributes:
        agreements: Ids of the agreements that open them; empty: they are the caller's own.
        hidden: Paths of the fields that stay behind; empty: records leave as published.
        emergency: Name of the incident without which they would not leave so; empty: none.
    """

    __slots__ = ("_redaction", "agreements", "emergency", "hidden")

    def __init__(
        self, agreements: tuple[str, ...], hidden: tuple[str, ...] = (), emergency: str = ""
    ) -> None:
        self.agreements = agreements
        self.hidden = hidden
        self.emergency = emergency
        self._redaction = redaction_of(hidden) if hidden else None

    def show(self, entry: Entry) -> Entry:
        """Return what the caller sees of an entry."""
        return entry if self._redaction is None else self._redaction.show(entry)

    def key(self, key: Key) -> Key:
        """Return what the caller sees of a key."""
        return key if self._redaction is None else self._redaction.key(key)
