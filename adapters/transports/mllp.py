"""MLLP, in which hospitals wrap HL7 messages (HL7 v2 Transport, Minimal Lower Layer Protocol).

A block is VT, the message, FS, CR. Each is given whole to the adapter's decoder, and the
answers are wrapped likewise.
"""

from typing import Any, ClassVar, Final

from adapters.sdk.adapter import Adapter, Outcome
from adapters.sdk.message import Decoder, Message, Undecodable
from adapters.transports.dialect import Dialect, Plain
from adapters.transports.documents import decoded
from adapters.transports.tcp_server import TcpServer, TcpServerOptions

_START: Final = b"\x0b"
_END: Final = b"\x1c\r"
_NOISE: Final = 4096
"""Bytes outside blocks are given in pieces of at most this size."""


class MllpOptions(TcpServerOptions, frozen=True, forbid_unknown_fields=True):
    """Limits of an MLLP server.

    Attributes:
        max_block: Largest block, bytes; of a larger one the head goes to quarantine.
    """

    max_block: int = 1_000_000


class MllpServer(TcpServer):
    """Listens for MLLP, ``mllp://host:port``; arguments as those of `TcpServer`."""

    options_type: ClassVar = MllpOptions
    scheme: ClassVar = "mllp"

    def _dialect(self, adapter: Adapter[Any, Any], options: TcpServerOptions) -> Dialect:
        """Return blocks."""
        assert isinstance(options, MllpOptions)
        return Mllp(adapter, options.max_block)


class Mllp(Plain):
    """Blocks about the adapter's own bytes.

    Args:
        adapter: Decodes, and says what to answer.
        max_block: Largest block, bytes.
    """

    def __init__(self, adapter: Adapter[Any, Any], max_block: int) -> None:
        super().__init__(adapter)
        self._max_block = max_block

    def decoder(self, peer: str) -> Decoder[Any]:
        """Return a decoder of blocks."""
        del peer
        return MllpDecoder(self._adapter, self._max_block)

    def answer(self, message: Message | Undecodable, outcome: Outcome) -> bytes:
        """Return the adapter's answer as a block; empty: nothing."""
        inner = super().answer(message, outcome)
        return _START + inner + _END if inner else b""


class MllpDecoder:
    """Cuts a connection's bytes into blocks, and those into the adapter's messages.

    Every byte that comes is given as part of one or the other, but for line ends between
    blocks and what lies beyond ``max_block``.

    Args:
        adapter: Decodes a block.
        max_block: Largest block, bytes.
    """

    def __init__(self, adapter: Adapter[Any, Any], max_block: int) -> None:
        self._adapter = adapter
        self._max_block = max_block
        self._held = bytearray()
        self._searched = 0
        self._is_skipping = False

    def feed(self, data: bytes) -> list[Message | Undecodable]:
        """Return what these bytes complete, in order."""
        self._held += data
        pieces: list[Message | Undecodable] = []
        while self._held and self._step(pieces):
            pass
        return pieces

    def close(self) -> list[Message | Undecodable]:
        """Return what is left, now that nothing follows."""
        left, self._held = bytes(self._held), bytearray()
        if self._is_skipping:
            return []
        if left.startswith(_START):
            return [self._unfinished(left[1:], "the connection ended or stalled")]
        return self._noise(left)

    def _step(self, pieces: list[Message | Undecodable]) -> bool:
        """Take the next piece; tell whether there may be another."""
        if self._is_skipping:
            return self._skip()
        if not self._held.startswith(_START):
            return self._outside(pieces)
        return self._inside(pieces)

    def _outside(self, pieces: list[Message | Undecodable]) -> bool:
        """Take what stands before the next block."""
        start = self._held.find(_START)
        if start < 0 and len(self._held) < _NOISE:
            return False
        pieces += self._noise(self._cut(min(start if start >= 0 else _NOISE, _NOISE)))
        return True

    def _inside(self, pieces: list[Message | Undecodable]) -> bool:
        """Take a block, if it is whole, broken off or too large."""
        # FS may be here and its CR not yet.
        since = max(self._searched - 1, 1)
        end = self._held.find(_END, since)
        again = self._held.find(_START, since, end if end >= 0 else len(self._held))
        size = min(at for at in (again, end, len(self._held)) if at >= 0) - 1
        if size > self._max_block:
            block = self._cut(self._max_block + 1)[1:]
            reason = (
                f"the block is larger than {self._max_block} bytes; its head is kept: raise "
                "max_block of the feed's transport, or have less sent in one message"
            )
            pieces.append(Undecodable(block, "too_large", reason))
            self._is_skipping = True
        elif again >= 0:
            pieces.append(self._unfinished(self._cut(again)[1:], "another block begins"))
        elif end >= 0:
            pieces += decoded(self._adapter, self._cut(end + len(_END))[1 : -len(_END)])
        else:
            self._searched = len(self._held)
            return False
        return True

    def _skip(self) -> bool:
        """Pass over the rest of a block that is too large."""
        end = self._held.find(_END)
        again = self._held.find(_START)
        if again >= 0 and (end < 0 or again < end):
            self._cut(again)
        elif end >= 0:
            self._cut(end + len(_END))
        else:
            self._cut(len(self._held) - self._held.endswith(_END[:1]))
            return False
        self._is_skipping = False
        return True

    def _cut(self, size: int) -> bytes:
        """Take bytes off the front."""
        taken = bytes(self._held[:size])
        del self._held[:size]
        self._searched = 0
        return taken

    def _noise(self, raw: bytes) -> list[Message | Undecodable]:
        """Return bytes outside blocks, unless they are line ends."""
        if not raw.strip(b"\r\n"):
            return []
        reason = "bytes stand outside a block: a block is VT (0B), the message, FS CR (1C 0D)"
        return [Undecodable(raw, "framing", reason)]

    def _unfinished(self, raw: bytes, why: str) -> Undecodable:
        """Return a block that has no end."""
        reason = f"{why} before the block's end, FS CR (1C 0D): send the message again"
        return Undecodable(raw, "truncated", reason)
