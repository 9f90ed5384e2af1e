"""Collect one XML document per file or response and find the alerts in it."""

import re
from dataclasses import dataclass
from typing import Final
from xml.etree.ElementTree import Element

from adapters.sdk.distribution import distribution_status
from adapters.sdk.elements import name_of
from adapters.sdk.markup import MarkupRefused, parse
from adapters.sdk.message import Undecodable
from adapters.sdk.whole import MAX_BYTES, WholeFile

NAMESPACE_PREFIX: Final = "urn:oasis:names:tc:emergency:cap:"
NAMESPACE_1_0: Final = "http://www.incident.com/cap/1.0"
_INDEXES: Final = {"feed": "entry", "rss": "item", "RDF": "item"}
MAX_DOCUMENT_BYTES: Final = MAX_BYTES
_MAX_ALERTS: Final = 1000
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
    in a text. An index without entries holds nothing: there is no warning now.
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
        alerts = find_alerts(root) or _written_out(root)
    except MarkupRefused as refusal:
        return [Undecodable(raw, cause=refusal.cause, reason=str(refusal))]
    if not alerts and (entries := _entries(root)) is not None:
        return [_index(raw, entries)] if entries else []
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
    return [CapDocument(raw, alert, status) for alert in alerts]


def find_alerts(root: Element) -> list[Element]:
    """Return a tree's alerts: the root itself, or those that another format carries."""
    if _is_alert(root) or root.tag == "alert":
        return [root]
    return [element for element in root.iter() if _is_alert(element)]


def _written_out(root: Element) -> list[Element]:
    """Return the alerts that stand in a tree's texts, escaped or as CDATA.

    Raises:
        MarkupRefused: A text that begins as an alert is none.
    """
    found: list[Element] = []
    for element in root.iter():
        text = (element.text or "").lstrip()
        if text.startswith("<") and _ESCAPED.search(text):
            # Its own declaration speaks of bytes that the text no longer is.
            text = text.partition("?>")[2] if text.startswith("<?xml") else text
            found += find_alerts(parse(text.encode()))
    return found


def _entries(root: Element) -> int | None:
    """Return how many entries an Atom or RSS index has; None: it is none."""
    entry = _INDEXES.get(name_of(root))
    return None if entry is None else sum(name_of(one) == entry for one in root.iter())


def _index(raw: bytes, entries: int) -> Undecodable:
    """Say that an index tells of alerts elsewhere; one without entries says that there are none."""
    reason = (
        f"the document is an index of {entries} alerts and holds none of them; expected the "
        "alerts themselves: let the feed fetch what the entries link to, or a feed that embeds them"
    )
    return Undecodable(raw, cause="index", reason=reason)


def _is_alert(element: Element) -> bool:
    """Tell whether an element is an alert of CAP, or has what every alert has."""
    tag = element.tag
    if tag.startswith(("{" + NAMESPACE_PREFIX, "{" + NAMESPACE_1_0)):
        return tag.endswith("}alert")
    return tag == "alert" and element.find("identifier") is not None


def _shown(element: Element) -> str:
    """Return an element's name for a person, no longer than a line."""
    return str(element.tag).replace("{", "").replace("}", " ")[:120]
