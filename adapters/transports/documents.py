"""Messages that come one document at a time: a datagram, a block, a body, a row."""

from typing import Any

from adapters.sdk.adapter import Adapter
from adapters.sdk.message import Message, Undecodable


def decoded(adapter: Adapter[Any, Any], document: bytes) -> list[Message | Undecodable]:
    """Return the messages that a whole document holds."""
    decoder = adapter.decoder()
    return [*decoder.feed(document), *decoder.close()]
