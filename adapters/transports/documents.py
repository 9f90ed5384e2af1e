"""Messages that come one document at a time: a datagram, a block, a body, a row."""

from collections.abc import Sequence
from typing import Any

from adapters.sdk.adapter import Adapter
from adapters.sdk.message import Message, Undecodable


def decoded(
    adapter: Adapter[Any, Any], document: bytes, peer: str = ""
) -> list[Message | Undecodable]:
    """Return the messages that a whole document holds, from a socket if there is a peer."""
    decoder = adapter.decoder_for(peer) if peer else adapter.decoder()
    return [*decoder.feed(document), *decoder.close()]


def parted(
    messages: Sequence[Message | Undecodable],
) -> tuple[list[Undecodable], list[Message | Undecodable]]:
    """Part indexes, which only link to what they tell of, from what stands for itself."""
    indexes: list[Undecodable] = []
    others: list[Message | Undecodable] = []
    for message in messages:
        if isinstance(message, Undecodable) and message.links:
            indexes.append(message)
        else:
            others.append(message)
    return indexes, others
