"""Messages and the decoders that cut them out of bytes."""

from dataclasses import dataclass
from typing import Protocol, TypeVar


class Message(Protocol):
    """One unit of a legacy format: a frame, a row, a document."""

    @property
    def raw(self) -> bytes:
        """Return the exact bytes off the wire."""


@dataclass(frozen=True, slots=True)
class Link:
    """A document that another one tells of, and does not hold.

    Attributes:
        address: Where it is, as written; it may be relative to the document that tells of it.
        version: What is another once the document behind the address is another: a time, an
            id; empty: nothing tells.
        media_type: What it is said to be, as MIME writes it; empty: nothing is said.
    """

    address: str
    version: str = ""
    media_type: str = ""


@dataclass(frozen=True, slots=True)
class Undecodable:
    """Bytes that are no message.

    Attributes:
        raw: The bytes.
        cause: A short word for programs, for example ``crc``.
        reason: A sentence for people: what was wrong, what was expected.
        answer: What the standard says to send back; empty: nothing.
        opening: What a fresh decoder must have read before, to read the bytes alone: a
            table's header; empty: nothing.
        links: Where the messages are of which the bytes only tell, the oldest first. What
            can fetch them does so and has no more to refuse; all else takes no notice.
    """

    raw: bytes
    cause: str
    reason: str
    answer: bytes = b""
    opening: bytes = b""
    links: tuple[Link, ...] = ()


M = TypeVar("M", bound=Message)


class Decoder(Protocol[M]):
    """Cuts one connection's or file's bytes into messages, without doing any I/O.

    It never raises, whatever the bytes, and what it keeps between calls is bounded by a
    limit of its own.
    """

    def feed(self, data: bytes) -> list[M | Undecodable]:
        """Take the bytes that came next; return what they complete, in order."""

    def close(self) -> list[M | Undecodable]:
        """Return what is left when the connection or file has ended."""
