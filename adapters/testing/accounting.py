"""Account for bytes: what stands in no message, and whether any message was made up."""

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Gap:
    """Bytes of a connection or file that stand in none of its messages.

    Attributes:
        at: Where they begin, in bytes.
        content: The bytes.
    """

    at: int
    content: bytes


class NotInTheData(ValueError):
    """A message has bytes that did not come, or not in this order."""

    def __init__(self, raw: bytes, after: int) -> None:
        super().__init__(f"a message's bytes stand nowhere after byte {after}: {raw[:80]!r}")
        self.raw = raw


def gaps_of(data: bytes, raws: Iterable[bytes], filler: bytes = rb"\s*") -> list[Gap]:
    """Return what stands between the messages of ``data``, before and after them.

    Messages may share bytes with the one before them: frames a flag, the alerts of one
    document the whole of it.

    Args:
        data: All that came.
        raws: The messages' exact bytes, in order.
        filler: What may stand between messages, as a regular expression: it tells where a
            message stands whose bytes occur more than once.

    Raises:
        NotInTheData: A message is not in the data.
    """
    gaps = []
    begin = end = 0
    for raw in raws:
        found = _place(data, raw, begin, end, filler)
        if found > end:
            gaps.append(Gap(end, data[end:found]))
        begin, end = found, max(end, found + len(raw))
    if end < len(data):
        gaps.append(Gap(end, data[end:]))
    return gaps


def _place(data: bytes, raw: bytes, begin: int, end: int, filler: bytes) -> int:
    """Return where a message stands, of all places that its bytes may occur at the next one.

    Args:
        data: All that came.
        raw: The message's bytes.
        begin: Where the message before it begins.
        end: Where that ends.
        filler: What may stand between the two.

    Raises:
        NotInTheData: It stands nowhere.
    """
    size = len(raw)
    later = data.find(raw, end)
    if later >= 0 and re.fullmatch(filler, data[end:later]):
        return later
    shared = data.rfind(raw, max(begin + 1, end - size + 1), end + size - 1)
    for found in (shared, later, begin):
        if found >= 0 and data.startswith(raw, found):
            return found
    raise NotInTheData(raw, begin)
