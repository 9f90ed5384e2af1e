"""Ids that were stored lately, so that a resend need not trouble the server."""


class RecentIds:
    """Remembers up to twice ``half`` ids, the older half going at once.

    Two generations make remembering one dictionary write and forgetting free; what has
    been forgotten here the server's own window still knows.

    Args:
        half: How many ids a generation holds.
    """

    def __init__(self, half: int) -> None:
        self._half = half
        self._young: set[str] = set()
        self._old: set[str] = set()

    def __contains__(self, message_id: str) -> bool:
        return message_id in self._young or message_id in self._old

    def add(self, message_id: str) -> None:
        """Remember an id."""
        self._young.add(message_id)
        if len(self._young) >= self._half:
            self._old, self._young = self._young, set()
