"""Whether the log is whole: which entry was changed, removed or moved, in whose chain.

Reads groups in the order of the log's stream. Needs the public keys and nothing of the
gateways: whoever has the keys need not trust them.
"""

import operator
from collections.abc import Iterable

from broker.signing import PublicKeys
from gateway.audit.chain import Head
from gateway.audit.one_chain import OneChain
from liandong.gateway.v1.audit_pb2 import ChainPoint, Finding

_FINDINGS = 100
_POSITION = operator.attrgetter("position")


class Verifier:
    """Verifies the chains of all gateways.

    Args:
        keys: The public key of each gateway.
        noted: Heads that an earlier verification returned.

    Attributes:
        entries: How many entries were read.
        begins: From which position in the log's stream groups are needed.
    """

    def __init__(self, keys: PublicKeys, noted: Iterable[ChainPoint] = ()) -> None:
        self.entries = 0
        self._keys = keys
        points = {point.gateway: point for point in noted}
        self._chains = {
            gateway: OneChain(gateway, keys.get(gateway), points.get(gateway))
            for gateway in {*keys, *points}
        }
        is_all_noted = bool(points) and set(keys) <= set(points)
        self.begins = min(map(_POSITION, points.values())) if is_all_noted else 0

    def take(self, gateway: str, position: int, payload: bytes) -> None:
        """Verify a group.

        Args:
            gateway: Whose subject it is on.
            position: Its sequence in the log's stream.
            payload: Its bytes.
        """
        chain = self._chains.get(gateway)
        if chain is None:
            chain = self._chains[gateway] = OneChain(gateway, self._keys.get(gateway))
        self.entries += chain.take(position, payload)

    def head(self, gateway: str) -> Head | None:
        """Return where a gateway's chain stands; None: it is not known."""
        chain = self._chains.get(gateway)
        return chain.head if chain is not None else None

    def heads(self, position: int) -> list[ChainPoint]:
        """Return the last entry of each chain, also of those that have none yet.

        Args:
            position: Up to where the log's stream was read.
        """
        return [
            ChainPoint(
                gateway=gateway,
                sequence=chain.head.sequence,
                hash=chain.head.hash,
                position=chain.position or position,
            )
            for gateway, chain in sorted(self._chains.items())
        ]

    def findings(self) -> list[Finding]:
        """Return what is wrong, in the order of the log."""
        found = [finding for chain in self._chains.values() for finding in chain.findings()]
        return sorted(found, key=_POSITION)[:_FINDINGS]
