"""A chain of entries: each has the hash of the one before it, each group one signature."""

import hashlib
from collections.abc import Iterable
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.audit.access import Access
from gateway.audit.entry import encode, gateway_field
from gateway.encoding import framed
from liandong.gateway.v1.audit_pb2 import AccessEntry, AccessGroup

START = bytes(32)
_GROUP_BYTES = 512 << 10


class Head(NamedTuple):
    """Where a chain stands: the number and hash of its last entry."""

    sequence: int
    hash: bytes


class Sealed(NamedTuple):
    """Entries that are signed together.

    Attributes:
        head: Where the chain stands behind them.
        size: How many there are.
        payload: Their AccessGroup, encoded.
    """

    head: Head
    size: int
    payload: bytes


def signed_content(gateway: str, head: Head) -> bytes:
    """Return what a signature is of."""
    return b"liandong.audit.v1\n%b\n%d\n%b" % (gateway.encode(), head.sequence, head.hash)


def hash_of(entry: bytes) -> bytes:
    """Return the hash of an entry."""
    return hashlib.sha256(entry).digest()


class Chain:
    """One gateway's chain.

    Args:
        gateway: The gateway's name.
        key: Its signing key.

    Attributes:
        head: Where it stands; set by whoever has made it durable up to there.
    """

    def __init__(self, gateway: str, key: Ed25519PrivateKey) -> None:
        self.gateway = gateway
        self.head = Head(0, START)
        self._key = key
        self._field = gateway_field(gateway)

    def seal(self, accesses: Iterable[Access]) -> Sealed:
        """Return a group of the first accesses, as many as fit into one message."""
        sequence, previous = self.head
        parts = []
        size = 0
        for access in accesses:
            sequence += 1
            access.sequence = sequence
            entry = encode(self._field, access, sequence, previous)
            previous = hash_of(entry)
            parts.append(framed(1, entry))
            size += len(entry)
            if size > _GROUP_BYTES:
                break
        head = Head(sequence, previous)
        signature = self._key.sign(signed_content(self.gateway, head))
        parts += [framed(2, head.hash), framed(3, signature)]
        return Sealed(head, sequence - self.head.sequence, b"".join(parts))


def head_of(payload: bytes) -> Head:
    """Return where a chain stands behind a group that this gateway wrote itself.

    Raises:
        google.protobuf.message.DecodeError: If it is none.
    """
    group = AccessGroup.FromString(payload)
    return Head(AccessEntry.FromString(group.entries[-1]).sequence, group.head_hash)
