"""Read a MANSCDP document (GB/T 28181-2022, annex A), by itself or in a SIP request."""

from collections import Counter
from typing import Final
from xml.etree.ElementTree import Element

import msgspec

from adapters.police.gb28181.response import BAD_REQUEST, response
from adapters.police.gb28181.sip import SipHead
from adapters.sdk.markup import MarkupRefused, parse
from adapters.sdk.message import Undecodable

ROOTS: Final = ("Notify", "Response", "Query", "Control")
_KEPT: Final = {"expires": "Expires", "contact": "Contact", "user-agent": "User-Agent"}
_LONGEST: Final = 256


class Notification(msgspec.Struct, frozen=True):
    """One document, or a SIP message that carries none.

    Attributes:
        raw: Its exact bytes.
        root: ``Notify``, ``Response``, ``Query`` or ``Control``; without a document the
            request's method, or empty: it is a response.
        fields: The texts of its elements by path, such as ``Info/AlarmType``, and
            ``DeviceList/Item[2]/Name`` of what is there again; those that are empty are left
            out. Without a document some of the head's.
        devices: The devices that ``Info`` lists, as a keep-alive does the faulty ones.
        sip: The head of the SIP message; None: it came by itself.
        peer: The socket's other end, ``host:port``; empty: it came by no socket.
    """

    raw: bytes
    root: str
    fields: dict[str, str]
    devices: tuple[str, ...] = ()
    sip: SipHead | None = None
    peer: str = ""

    @property
    def document(self) -> bytes:
        """Return the bytes without those of the head."""
        return self.raw[len(self.sip.raw) :] if self.sip else self.raw

    @property
    def is_document(self) -> bool:
        """Tell whether it is a document, and no mere SIP message."""
        return self.root in ROOTS

    def get(self, *names: str) -> str:
        """Return the first of some fields that has a text; empty if none has."""
        for name in names:
            if found := self.fields.get(name):
                return found
        return ""


def read_document(document: bytes, sip: SipHead | None, peer: str) -> Notification | Undecodable:
    """Read a whole document.

    Args:
        document: Its bytes.
        sip: The head of what carried it; None: it came by itself.
        peer: Who sent it.
    """
    raw = sip.raw + document if sip else document
    try:
        root = parse(document.strip())
    except MarkupRefused as refusal:
        refusing = response(sip, BAD_REQUEST) if sip else b""
        return Undecodable(raw, refusal.cause, str(refusal), refusing)
    if root.tag not in ROOTS:
        expected = ", ".join(ROOTS)
        reason = f"the document is a <{root.tag}>; expected one of {expected}"
        refusing = response(sip, BAD_REQUEST) if sip else b""
        return Undecodable(raw, "not_manscdp", reason, refusing)
    fields: dict[str, str] = {}
    _collect(root, "", fields)
    listed = (one.text or "" for info in root.findall("Info") for one in info.findall("DeviceID"))
    devices = tuple(filter(None, map(str.strip, listed)))
    return Notification(raw, root.tag, fields, devices, sip, peer)


def read_signal(sip: SipHead, body: bytes) -> Notification:
    """Read a SIP message that carries no document.

    Args:
        sip: Its head.
        body: What follows it.
    """
    device = sip.party("from" if sip.method else "to")
    fields = {"DeviceID": device, "CSeq": sip.get("cseq")}
    if not sip.method:
        fields["Status"] = sip.uri
    fields |= {shown: sip.get(name) for name, shown in _KEPT.items()}
    kept = {name: text[:_LONGEST] for name, text in fields.items() if text}
    return Notification(sip.raw + body, sip.method, kept, (), sip, sip.peer)


def _collect(element: Element, beginning: str, fields: dict[str, str]) -> None:
    """Put the texts of what is in an element under their paths.

    Of elements of one name the second is ``Item[2]``: a catalogue lists many. Some devices
    write ``cmdType``: names are taken with a capital.
    """
    named = Counter[str]()
    for child in element:
        path = f"{beginning}{child.tag[:1].upper()}{child.tag[1:]}"
        text = (child.text or "").strip()
        if not text and not len(child):
            continue
        named[path] += 1
        if named[path] > 1:
            path = f"{path}[{named[path]}]"
        if text:
            fields[path] = text
        if len(child):
            _collect(child, f"{path}/", fields)
