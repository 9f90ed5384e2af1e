"""Whether one gateway's chain is whole, and which of its entries is not as it was recorded."""

from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from google.protobuf.message import DecodeError

from broker.signing import is_signed
from gateway.audit.chain import START, Head, hash_of, signed_content
from liandong.gateway.v1.audit_pb2 import (
    PROBLEM_CHANGED,
    PROBLEM_MOVED,
    PROBLEM_NOT_SIGNED,
    PROBLEM_REMOVED,
    AccessEntry,
    AccessGroup,
    ChainPoint,
    Finding,
    Problem,
)

_FINDINGS = 100
_LARGEST_GROUP = 500


class _Link(NamedTuple):
    """An entry as it was read.

    Attributes:
        sequence: Its number; 0: it has none in this chain.
        previous: The hash that it has of the one before.
        hash: Its own.
        next_previous: The hash that what follows has of it: the next entry, or the signature.
        next_sequence: The number of the next entry of its group; 0: it is the last.
    """

    sequence: int
    previous: bytes
    hash: bytes
    next_previous: bytes
    next_sequence: int

    @property
    def fits_on(self) -> bool:
        """Tell whether what follows it in its group was recorded after just these bytes."""
        return self.hash == self.next_previous


class OneChain:
    """Follows a gateway's chain, group by group.

    Args:
        gateway: The gateway.
        key: Its public key; None: it is not known.
        noted: Its head as noted earlier: what comes up to there must only lead to it.

    Attributes:
        head: The last entry, as far as it was read.
        position: Where the log has it.
    """

    def __init__(
        self, gateway: str, key: Ed25519PublicKey | None, noted: ChainPoint | None = None
    ) -> None:
        self.head = Head(noted.sequence, noted.hash) if noted is not None else Head(0, START)
        self.position = noted.position if noted is not None else 0
        self._gateway = gateway
        self._key = key
        self._sought = self.head if self.head.sequence else None
        # Whether a signature stands for the head, so that what follows must be to blame.
        self._is_proven = True
        self._gaps: list[tuple[int, int, int]] = []
        self._found: list[Finding] = []
        self._at = 0

    def take(self, position: int, payload: bytes) -> int:
        """Follow a group; return how many entries it has.

        Args:
            position: Its sequence in the log's stream.
            payload: Its bytes.
        """
        self._at = position
        try:
            group = AccessGroup.FromString(payload)
        except DecodeError:
            group = AccessGroup()
        if not group.entries:
            self._tell(self.head.sequence + 1, PROBLEM_CHANGED, "cannot be read: it is no group")
            return 0
        told = len(self._found)
        links = self._links(group)
        for link in links:
            if self._sought is None or self._reached(self._sought, link):
                self._follow(link, group)
        self._close(links, group, is_told=len(self._found) > told)
        return len(links)

    def findings(self) -> list[Finding]:
        """Return what is wrong; of entries that are missing together, the first."""
        found = list(self._found)
        for first, last, position in self._gaps:
            found.append(self._finding(first, PROBLEM_REMOVED, f"is missing{_to(first, last)}"))
            found[-1].position = position
        if self._sought is not None:
            told = "was noted earlier and is not there"
            found.append(self._finding(self._sought.sequence, PROBLEM_REMOVED, told))
        return found

    def _links(self, group: AccessGroup) -> list[_Link]:
        """Read the entries of a group."""
        read = []
        for data in group.entries:
            try:
                entry = AccessEntry.FromString(data)
            except DecodeError:
                entry = AccessEntry()
            read.append((entry if entry.gateway == self._gateway else AccessEntry(), hash_of(data)))
        following = [entry for entry, _ in read[1:]]
        nexts = [(entry.previous_hash, entry.sequence) for entry in following]
        nexts.append((group.head_hash, 0))
        return [
            _Link(entry.sequence, entry.previous_hash, digest, previous, sequence)
            for (entry, digest), (previous, sequence) in zip(read, nexts, strict=True)
        ]

    def _reached(self, sought: Head, link: _Link) -> bool:
        """Look for the entry that was noted; tell whether this one comes behind it."""
        if link.sequence < sought.sequence:
            return False
        self._sought = None
        if link.sequence > sought.sequence:
            self._tell(sought.sequence, PROBLEM_REMOVED, "was noted earlier and is not there")
            return True
        if link.hash != sought.hash:
            self._tell(sought.sequence, PROBLEM_CHANGED, "is not the one that was noted earlier")
        self._go_to(link.sequence, link.hash)
        return False

    def _follow(self, link: _Link, group: AccessGroup) -> None:
        """Go on to an entry."""
        expected = self.head.sequence + 1
        if link.sequence == expected:
            if link.previous != self.head.hash:
                self._break(link)
        elif self._stands_right(link, expected, group):
            self._tell(expected, PROBLEM_CHANGED, "is not as it was recorded")
        elif link.sequence < expected:
            is_late = self._fill(link.sequence)
            told = "is not where it belongs" if is_late else "is there again"
            self._tell(link.sequence, PROBLEM_MOVED, told)
            return
        else:
            self._gaps.append((expected, link.sequence - 1, self._at))
            expected = link.sequence
        # What follows is held to what it was recorded after: it is not to blame.
        self._go_to(expected, link.next_previous if self._is_told(expected) else link.hash)

    def _break(self, link: _Link) -> None:
        """Tell which of two entries is changed: the one, or the one before it."""
        is_this = self._is_proven or not link.fits_on
        sequence = link.sequence if is_this else self.head.sequence
        self._tell(sequence, PROBLEM_CHANGED, "is not as it was recorded")

    def _stands_right(self, link: _Link, expected: int, group: AccessGroup) -> bool:
        """Tell whether an entry stands where it belongs, and only its number is another."""
        if link.next_sequence:
            return link.next_sequence == expected + 1
        return self._signed(expected, group)

    def _is_told(self, sequence: int) -> bool:
        """Tell whether the last finding is that this entry was changed."""
        return bool(self._found) and self._found[-1].sequence == sequence

    def _close(self, links: list[_Link], group: AccessGroup, *, is_told: bool) -> None:
        """Check what a group is signed for."""
        last = links[-1]
        if self._signed(last.sequence, group):
            if not last.fits_on and not is_told:
                self._tell(last.sequence, PROBLEM_CHANGED, "is not as it was recorded")
                self._go_to(last.sequence, group.head_hash)
            self._is_proven = self.head == Head(last.sequence, group.head_hash)
            return
        if is_told:
            return
        if self._key is None:
            # Once: it is so of all of them.
            if not any(one.problem == PROBLEM_NOT_SIGNED for one in self._found):
                told = "is of a gateway without known key"
                self._tell(links[0].sequence, PROBLEM_NOT_SIGNED, told)
            return
        for cut in range(last.sequence + 1, last.sequence + _LARGEST_GROUP):
            if not last.fits_on and self._signed(cut, group):
                first = last.sequence + 1
                self._tell(first, PROBLEM_REMOVED, f"is missing{_to(first, cut)}")
                self._go_to(cut, group.head_hash)
                self._is_proven = True
                return
        first = links[0].sequence
        told = f"is not signed by this gateway{_to(first, last.sequence)}"
        self._tell(first, PROBLEM_NOT_SIGNED, told)

    def _signed(self, sequence: int, group: AccessGroup) -> bool:
        """Tell whether a group's signature stands for its head under a number."""
        content = signed_content(self._gateway, Head(sequence, group.head_hash))
        return is_signed(self._key, group.signature, content)

    def _go_to(self, sequence: int, digest: bytes) -> None:
        """Take an entry as the last one."""
        self.head, self.position, self._is_proven = Head(sequence, digest), self._at, False

    def _fill(self, sequence: int) -> bool:
        """Tell whether an entry was missing until now, and miss it no more."""
        for at, (first, last, position) in enumerate(self._gaps):
            if first <= sequence <= last:
                rests = [(first, sequence - 1, position), (sequence + 1, last, position)]
                self._gaps[at : at + 1] = [rest for rest in rests if rest[0] <= rest[1]]
                return True
        return False

    def _tell(self, sequence: int, problem: "Problem.ValueType", told: str) -> None:
        """Note what is wrong; the first are enough."""
        if len(self._found) < _FINDINGS:
            self._found.append(self._finding(sequence, problem, told))

    def _finding(self, sequence: int, problem: "Problem.ValueType", told: str) -> Finding:
        """Return what is wrong with an entry."""
        return Finding(
            gateway=self._gateway,
            sequence=sequence,
            position=self._at,
            problem=problem,
            sentence=f"entry {sequence} of gateway {self._gateway} {told}",
        )


def _to(first: int, last: int) -> str:
    """Return that more than one entry is meant."""
    return f", as are all up to {last}" if last > first else ""
