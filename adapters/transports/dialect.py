"""How messages and answers lie in the bytes of a wire."""

from typing import Any, Protocol

from adapters.sdk.adapter import Adapter, Outcome
from adapters.sdk.message import Decoder, Message, Undecodable


class Dialect(Protocol):
    """One way."""

    def decoder(self, peer: str) -> Decoder[Any]:
        """Return a decoder for the connection of a peer, ``host:port``."""

    def answer(self, message: Message | Undecodable, outcome: Outcome) -> bytes:
        """Return what the peer is told; empty: nothing."""


class Plain:
    """The adapter's own bytes, with nothing about them."""

    def __init__(self, adapter: Adapter[Any, Any]) -> None:
        self._adapter = adapter

    def decoder(self, peer: str) -> Decoder[Any]:
        """Return the adapter's decoder."""
        return self._adapter.decoder_for(peer)

    def answer(self, message: Message | Undecodable, outcome: Outcome) -> bytes:
        """Return the adapter's answer, or what the standard answers to a faulty piece."""
        if isinstance(message, Undecodable):
            return message.answer
        return self._adapter.answer(message, outcome)
