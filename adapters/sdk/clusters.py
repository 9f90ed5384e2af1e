"""Entries of a quarantine, together by what is wrong with them.

Of reasons that differ in numbers, times, check values or long texts alone the cause is one;
codes such as ``a99001`` tell causes apart. Memory is bounded: by how many clusters there
are and by how many senders of each are told apart.
"""

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from broker.quarantine import QuarantineEntry

MOST: Final = 1000
"""How many clusters are told apart."""
_MOST_SENDERS: Final = 1000
_ID_BYTES: Final = 4
_VARIES: Final = "…"
_OTHER: Final = "various"
_OTHERS: Final = "further reasons, more than can be told apart: heal or discard those above first"
# What a field held, as Python writes it.
_QUOTED: Final = re.compile(r"""(?<!\w)b?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""")
_WORD: Final = r"(?:(?<![0-9A-Za-z])[+-])?[0-9A-Za-z]+(?:[.:/+-][0-9A-Za-z]+)*"
_TOKEN: Final = re.compile(_WORD, re.ASCII)
_COMPARED: Final = re.compile(f"({_WORD}|{_VARIES})", re.ASCII)
_LONGEST_QUOTED: Final = 40
_NUMBER: Final = re.compile(r"[+-]?[0-9][0-9.:/+TZ-]*", re.ASCII)
_DIGIT: Final = re.compile(r"[0-9]", re.ASCII)
_SERIAL_DIGITS: Final = 6
_CHECKED: Final = re.compile(r"\bCRC\b|\bcheck", re.IGNORECASE)
_CHECK_VALUE: Final = re.compile(r"(?:[0-9A-F]{2}){1,4}", re.ASCII)
_PORT: Final = re.compile(r":[0-9]+\Z", re.ASCII)


def template(reason: str) -> str:
    """Return what a reason has in common with others of its cause."""
    is_checked = _CHECKED.search(reason) is not None

    def common(found: re.Match[str]) -> str:
        token = found[0]
        varies = _NUMBER.fullmatch(token) is not None
        varies = varies or len(_DIGIT.findall(token)) >= _SERIAL_DIGITS
        varies = varies or (is_checked and _CHECK_VALUE.fullmatch(token) is not None)
        return "#" if varies else token

    return _TOKEN.sub(common, _QUOTED.sub(_shortened, reason))


def _shortened(found: re.Match[str]) -> str:
    """Return a quoted text that may be a code as it is, and a sign in the place of others."""
    return found[0] if len(found[0]) <= _LONGEST_QUOTED else _VARIES


def cluster_id(feed: str, cause: str, reason: str) -> str:
    """Return by what a cluster is named: 8 hexadecimal digits, the same in every run.

    Args:
        feed: Its feed.
        cause: Its cause.
        reason: A reason of it, or its template.
    """
    key = "\0".join((feed, cause, template(reason)))
    return hashlib.blake2b(key.encode(), digest_size=_ID_BYTES).hexdigest()


def sender_of(source: str) -> str:
    """Return who a source is: a peer without its port, a file."""
    return _PORT.sub("", source)


@dataclass(slots=True)
class Cluster:
    """Entries with one cause.

    Attributes:
        id: Its name.
        agency: Whose feed.
        feed: The feed.
        cause: Their cause.
        reason: Their reason, with a sign where they differ.
        first_at: When the first came, UTC.
        last_at: When the last came, UTC.
        sample: The number of the first.
        count: How many.
        senders: Who sent them.
        senders_more: Whether there are more senders than are told apart.
    """

    id: str
    agency: str
    feed: str
    cause: str
    reason: str
    first_at: datetime
    last_at: datetime
    sample: int
    count: int = 0
    senders: set[str] = field(default_factory=set)
    senders_more: bool = False

    def add(self, entry: QuarantineEntry) -> None:
        """Take an entry."""
        self.count += 1
        self.first_at = min(self.first_at, entry.received_at)
        self.last_at = max(self.last_at, entry.received_at)
        if entry.cause == self.cause and entry.reason != self.reason:
            self.reason = _in_common(self.reason, entry.reason)
        sender = sender_of(entry.source)
        if len(self.senders) < _MOST_SENDERS:
            self.senders.add(sender)
        elif sender not in self.senders:
            self.senders_more = True


class Clusters:
    """Gathers entries into clusters."""

    def __init__(self) -> None:
        self._found: dict[str, Cluster] = {}
        self.total = 0

    def add(self, entry: QuarantineEntry) -> Cluster:
        """Take an entry; return its cluster."""
        self.total += 1
        name, cause = cluster_id(entry.feed, entry.cause, entry.reason), entry.cause
        reason = entry.reason
        cluster = self._found.get(name)
        if cluster is None and len(self._found) >= MOST:
            cause, reason = _OTHER, _OTHERS
            name = cluster_id(entry.feed, cause, reason)
            cluster = self._found.get(name)
        if cluster is None:
            at, number = entry.received_at, entry.sequence or 0
            cluster = Cluster(name, entry.agency, entry.feed, cause, reason, at, at, number)
            self._found[name] = cluster
        cluster.add(entry)
        return cluster

    def found(self) -> list[Cluster]:
        """Return the clusters, the largest first."""
        return sorted(self._found.values(), key=lambda cluster: -cluster.count)


def _in_common(shown: str, other: str) -> str:
    """Return a reason with a sign in place of each word in which another differs."""
    ours, theirs = _COMPARED.split(shown), _COMPARED.split(other)
    if len(ours) != len(theirs):
        return template(shown).replace("#", _VARIES)
    return "".join(a if a == b else _VARIES for a, b in zip(ours, theirs, strict=True))
