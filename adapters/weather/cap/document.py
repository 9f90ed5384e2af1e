"""Collect one XML document per file or response and find the alerts in it."""

import binascii
import re
from base64 import b64decode
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element

from adapters.sdk.distribution import distribution_status, encoded_contents
from adapters.sdk.elements import name_of
from adapters.sdk.markup import MarkupRefused, parse
from adapters.sdk.message import Undecodable
from adapters.sdk.whole import WholeFile
from adapters.weather.cap.index import base_of, entries_of, link_of, oldest_first

NAMESPACE_PREFIX: Final = "urn:oasis:names:tc:emergency:cap:"
NAMESPACE_1_0: Final = "http://www.incident.com/cap/1.0"
MAX_DOCUMENT_BYTES: Final = 16 << 20
"""An index of a whole country has several MiB on bad days, which are those that count."""
_MAX_ALERTS: Final = 1000
_ENVELOPES: Final = ("EDXLDistribution", "edxlDistribution", "Envelope")
# What may be XML although nobody says so.
_ANYTHING: Final = frozenset({"", "application/octet-stream", "text/plain"})
_ESCAPED: Final = re.compile(r"<(?:[A-Za-z_][\w.-]*:)?alert[\s/>]")


@dataclass(frozen=True, slots=True)
class CapDocument:
    """One alert.

    Attributes:
        raw: The document's exact bytes; alerts that share a document share them.
        alert: The ``alert`` element, of CAP or of the Chinese profile.
        distribution_status: What EDXL-DE around it says; empty without EDXL-DE.
    """

    raw: bytes
    alert: Element
    distribution_status: str = ""


class CapDecoder:
    """Reads a document of at most ``limit`` bytes; sans I/O, one per file or response.

    The document's end is the file's: ``feed`` only collects, ``close`` decodes. A document
    may be one alert, or hold alerts (an Atom feed, SOAP, EDXL-DE), as elements or written out
    in a text, in EDXL-DE also in base64. An index without entries holds nothing: there is no
    warning now. One whose entries only link to their alerts is refused with those links, for
    whoever can fetch them.
    """

    def __init__(self, limit: int = MAX_DOCUMENT_BYTES) -> None:
        self._file = WholeFile(limit)

    def feed(self, data: bytes) -> list[CapDocument | Undecodable]:
        """Collect a piece; what is beyond the limit is counted and dropped."""
        self._file.feed(data)
        return []

    def close(self) -> list[CapDocument | Undecodable]:
        """Decode what came; an empty file holds nothing."""
        raw = self._file.take()
        if isinstance(raw, Undecodable):
            return [raw]
        return _decode(raw) if raw else []


def _decode(raw: bytes) -> list[CapDocument | Undecodable]:
    """Decode a whole document."""
    try:
        root = parse(raw)
    except MarkupRefused as refusal:
        return [Undecodable(raw, cause=refusal.cause, reason=str(refusal))]
    refused: list[CapDocument | Undecodable] = []
    entries = entries_of(root)
    alerts = find_alerts(root)
    if entries or not alerts:
        alerts += _written_out(root, refused)
    alerts += _encoded(root, refused)
    if bare := [entry for entry in entries or () if not _holds_alert(entry)]:
        refused += _index(raw, base_of(root), len(entries or ()), bare)
    if not alerts and (refused or entries is not None):
        return refused
    if not alerts:
        reason = (
            f"the document is XML, but its root is <{_shown(root)}> and it holds no alert; "
            f"expected an <alert> of CAP 1.0, 1.1 or 1.2 ({NAMESPACE_PREFIX}1.2), or one of "
            "the Chinese profile (no namespace, with sendTime)"
        )
        return [Undecodable(raw, cause="not_cap", reason=reason)]
    if len(alerts) > _MAX_ALERTS:
        reason = f"the document holds {len(alerts)} alerts; expected at most {_MAX_ALERTS}"
        return [Undecodable(raw, cause="oversize", reason=reason)]
    status = "" if alerts[0] is root else distribution_status(root.iter())
    return [*(CapDocument(raw, alert, status) for alert in alerts), *refused]


def find_alerts(root: Element) -> list[Element]:
    """Return a tree's alerts: the root itself, or those that another format carries."""
    if _is_alert(root) or root.tag == "alert":
        return [root]
    return [element for element in root.iter() if _is_alert(element)]


def _written_out(root: Element, refused: list[CapDocument | Undecodable]) -> list[Element]:
    """Return the alerts that stand in a tree's texts, escaped or as CDATA.

    Args:
        root: The tree.
        refused: Gets the texts that begin as alerts and are none.
    """
    found: list[Element] = []
    for element in root.iter():
        text = (element.text or "").lstrip()
        if _begins_as_alert(text):
            # Its own declaration speaks of bytes that the text no longer is.
            text = text.partition("?>")[2] if text.startswith("<?xml") else text
            try:
                found += find_alerts(parse(text.encode()))
            except MarkupRefused as refusal:
                refused.append(Undecodable(text.encode(), refusal.cause, str(refusal)))
    return found


def _encoded(root: Element, refused: list[CapDocument | Undecodable]) -> list[Element]:
    """Return the alerts that EDXL-DE carries in base64.

    Args:
        root: The tree.
        refused: Gets what is said to be XML and is none.
    """
    found: list[Element] = []
    if not name_of(root).startswith(_ENVELOPES):
        return found
    for media_type, text in encoded_contents(root.iter()):
        if text.startswith("<") or not (media_type in _ANYTHING or "xml" in media_type):
            continue
        try:
            found += find_alerts(parse(b64decode("".join(text.split()), validate=True)))
        except (binascii.Error, MarkupRefused) as error:
            if media_type in _ANYTHING:
                continue
            cause = error.cause if isinstance(error, MarkupRefused) else "encoding"
            reason = f"contentData of type {media_type[:60]} is no XML in base64: {error}"
            refused.append(Undecodable(text.encode(), cause, reason))
    return found


def _begins_as_alert(text: str) -> bool:
    """Tell whether an element's text is markup in which there is an alert."""
    return text.startswith("<") and _ESCAPED.search(text) is not None


def _holds_alert(entry: Element) -> bool:
    """Tell whether an entry of an index has its alert with it, in whatever form."""
    return any(
        _is_alert(element) or _begins_as_alert((element.text or "").lstrip())
        for element in entry.iter()
    )


def _index(raw: bytes, base: str, entries: int, bare: list[Element]) -> list[Undecodable]:
    """Say that an index tells of alerts elsewhere, and where they are.

    Args:
        raw: The index.
        base: What its addresses are relative to; empty: its own.
        entries: How many entries it has.
        bare: Those without their alert.
    """
    links = (link_of(entry, base) for entry in oldest_first(bare))
    found = [link for link in links if link is not None]
    told = (
        f"the document is an index of {entries} alerts, of which {len(bare)} are not in it; "
        "expected the alerts themselves: "
    )
    refused = []
    if found:
        remedy = "poll the index by its https address, so that what it links to is fetched"
        refused.append(Undecodable(raw, "index", told + remedy, links=tuple(found)))
    if lost := len(bare) - len(found):
        remedy = f"{lost} link to none; poll a feed that embeds the alerts or links to each"
        refused.append(Undecodable(raw, "index", told + remedy))
    return refused


def _is_alert(element: Element) -> bool:
    """Tell whether an element is an alert of CAP, or has what every alert has."""
    tag = element.tag
    if tag.startswith(("{" + NAMESPACE_PREFIX, "{" + NAMESPACE_1_0)):
        return tag.endswith("}alert")
    return tag == "alert" and element.find("identifier") is not None


def _shown(element: Element) -> str:
    """Return an element's name for a person, no longer than a line."""
    return str(element.tag).replace("{", "").replace("}", " ")[:120]
