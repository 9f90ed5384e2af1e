"""Indexes of alerts: Atom (RFC 4287), RSS 2.0 and RSS 1.0, whose entries link to them."""

from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import urljoin
from xml.etree.ElementTree import Element

from adapters.sdk.elements import name_of
from adapters.sdk.message import Link

MEDIA_TYPE: Final = "application/cap+xml"
_ENTRIES: Final = {"feed": "entry", "rss": "item", "RDF": "item"}
_ADDRESSES: Final = {"link": "href", "enclosure": "url", "content": "src"}
_TIMES: Final = ("sent", "updated", "published", "pubDate", "date")
_VERSIONS: Final = frozenset({*_TIMES, "id", "guid"})
# Written for machines, and yet no alerts.
_OTHERS: Final = ("atom+xml", "rss+xml", "xhtml+xml")
_BASE: Final = "{http://www.w3.org/XML/1998/namespace}base"
_LAST: Final = 3
_BEGINNING: Final = datetime.min.replace(tzinfo=UTC)


def entries_of(root: Element) -> list[Element] | None:
    """Return an index's entries; None: the document is none."""
    entry = _ENTRIES.get(name_of(root))
    return None if entry is None else [one for one in root.iter() if name_of(one) == entry]


def link_of(entry: Element, base: str = "") -> Link | None:
    """Return where an entry's alert is; None: it links to none.

    Whatever says that it is CAP comes first (some name the element so, ``<gdacs:cap>``), then
    what says that it is XML, then what says nothing. Web pages are for people, and other
    relations (self, edit) are no alerts. The address of last resort is an RSS item's ``guid``.

    Args:
        entry: The entry.
        base: What relative addresses are relative to; empty: the index's own address.
    """
    best, rank = "", 4
    version = []
    for child in entry:
        name = name_of(child)
        written = (child.text or "").strip()
        if name in _VERSIONS and written:
            version.append(f"{name} {written}")
            if name == "guid" and rank > _LAST and _is_permanent(child, written):
                best, rank = written, _LAST
        elif name == "cap" and written.startswith("http"):
            best, rank = written, 0
        elif name in _ADDRESSES and (
            address := (child.get(_ADDRESSES[name]) or (written if name == "link" else "")).strip()
        ):
            this = _rank(child)
            if this is not None and this < rank:
                best, rank = address, this
    if not best:
        return None
    base = urljoin(base, entry.get(_BASE, ""))
    return Link(urljoin(base, best), "\n".join(version), MEDIA_TYPE)


def base_of(root: Element) -> str:
    """Return what an index's relative addresses are relative to (XML Base); empty: itself."""
    return root.get(_BASE, "")


def oldest_first(entries: list[Element]) -> Iterable[Element]:
    """Return entries in the order of their times.

    Where one has none that can be read, the order is an index's usual one turned round: the
    newest stands first.
    """
    turned = entries[::-1]
    times = [_time_of(entry) for entry in turned]
    if None in times:
        return turned
    order = sorted(range(len(turned)), key=lambda at: times[at] or _BEGINNING)
    return [turned[at] for at in order]


def _is_permanent(guid: Element, written: str) -> bool:
    """Tell whether an item's identifier is its address too (RSS 2.0, guid)."""
    return guid.get("isPermaLink", "true") != "false" and written.startswith(("http:", "https:"))


def _rank(child: Element) -> int | None:
    """Return how likely an element leads to an alert, 0 the most; None: it does not."""
    kind = child.get("type", "").partition(";")[0].strip().lower()
    if kind == MEDIA_TYPE:
        return 0
    if child.get("rel", "alternate") not in {"alternate", "enclosure"}:
        return None
    if not kind:
        return 2
    return 1 if kind.endswith("xml") and not kind.endswith(_OTHERS) else None


def _time_of(entry: Element) -> datetime | None:
    """Return when an entry's alert was sent or, where it does not say, last changed."""
    written = {name_of(child): (child.text or "").strip() for child in entry}
    for name in _TIMES:
        if name in written:
            return _moment(written[name])
    return None


def _moment(written: str) -> datetime | None:
    """Return a time as RFC 3339 or RFC 822 write it; None: it is none."""
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            found = read(written)
        except (ValueError, OverflowError):
            continue
        return found if found.tzinfo else found.replace(tzinfo=UTC)
    return None
