"""The head of a SIP message (RFC 3261, 7), as GB/T 28181 carries documents in (9.1 to 9.11)."""

import re
from typing import Final

import msgspec

_METHODS: Final = (
    rb"(?:REGISTER|MESSAGE|NOTIFY|OPTIONS|ACK|INVITE|SUBSCRIBE|BYE|CANCEL|INFO|PUBLISH|PRACK"
    rb"|UPDATE|REFER)"
)
_REQUEST: Final = _METHODS + rb" (?:sips?|tel):[^\s]{1,512} SIP/2\.0\r\n"
_STATUS: Final = rb"SIP/2\.0 [1-6][0-9]{2}[^\r\n]{0,128}\r\n"
_MEANT: Final = re.compile(rb"(?:" + _METHODS + rb" |SIP/2\.0 )", re.IGNORECASE)
_START: Final = re.compile(rb"(?:" + _REQUEST + rb"|" + _STATUS + rb")")
_LONGEST_START: Final = 600
_VERSION: Final = b"SIP/2.0"
_LENGTH: Final = re.compile(
    rb"^(?:content-length|l)[ \t]*:[ \t]*([0-9]{1,9})[ \t]*\r$", re.IGNORECASE | re.MULTILINE
)
_FOLDED: Final = re.compile(r"\r\n[ \t]+")
_HEADER: Final = re.compile(r"^([A-Za-z-]{1,32})[ \t]*:[ \t]*([^\r\n]*?)[ \t]*\r$", re.MULTILINE)
# RFC 3261, 7.3.3 and 20.
_COMPACT: Final = {
    "v": "via",
    "f": "from",
    "t": "to",
    "i": "call-id",
    "m": "contact",
    "l": "content-length",
    "c": "content-type",
    "o": "event",
}
_ADDRESS: Final = re.compile(r"(?:sips?|tel):(?:([^@;>\s]*)@)?([^;>\s]*)")


class SipHead(msgspec.Struct, frozen=True):
    """The head of a request or of a response.

    Attributes:
        raw: Its exact bytes, with the empty line that ends it.
        method: ``MESSAGE``; empty: it is a response.
        uri: Whom a request is for; the status of a response, ``200 OK``.
        headers: The values by the full names in small letters, each as often as it is there.
        peer: The socket's other end, ``host:port``; empty: it came by no socket.
    """

    raw: bytes
    method: str
    uri: str
    headers: dict[str, list[str]]
    peer: str = ""

    def get(self, name: str) -> str:
        """Return the first value of a header; empty: there is none."""
        values = self.headers.get(name)
        return values[0] if values else ""

    def party(self, name: str) -> str:
        """Return the number in an address: of ``From``, ``<sip:3402...@3402000000>;tag=1``."""
        return self.party_of(self.get(name))

    def party_of(self, address: str) -> str:
        """Return the number in an address; that of its host where it names nobody."""
        found = _ADDRESS.search(address)
        return (found[1] or found[2]) if found else ""

    @property
    def host(self) -> str:
        """Return the address of the other end without its port."""
        return self.peer.rpartition(":")[0].strip("[]")


def begins(buffer: bytes | bytearray) -> int:
    """Return how long the line is that begins a SIP message here; 0: none does."""
    found = _START.match(buffer)
    return found.end() if found else 0


def is_meant(raw: bytes) -> bool:
    """Tell whether bytes that begin no SIP message were meant to."""
    return _MEANT.match(raw) is not None


def find_beginning(buffer: bytes | bytearray, start: int, end: int) -> int:
    """Return where a SIP message begins; -1: no first line of one is whole between the two."""
    at = buffer.find(_VERSION, start, end)
    if at < 0:
        return -1
    found = _START.search(buffer, max(start, at - _LONGEST_START), end)
    return found.start() if found else -1


def body_length(head: bytes) -> int | None:
    """Return how many bytes follow a head; None: it does not say."""
    found = _LENGTH.search(head)
    return int(found[1]) if found else None


def read_head(raw: bytes, peer: str = "") -> SipHead:
    """Read a head.

    Args:
        raw: Its bytes, which begin as `begins` says.
        peer: Who sent it.
    """
    # What is copied into a response must stay as it is, whatever its letters are.
    text = _FOLDED.sub(" ", raw.decode("latin-1"))
    line, _, rest = text.partition("\r\n")
    headers: dict[str, list[str]] = {}
    for written, value in _HEADER.findall(rest):
        name = written.lower()
        headers.setdefault(_COMPACT.get(name, name), []).append(value)
    method, _, said = line.partition(" ")
    if method.startswith("SIP/"):
        return SipHead(raw, "", said, headers, peer)
    return SipHead(raw, method, said.rpartition(" ")[0], headers, peer)
