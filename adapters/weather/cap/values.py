"""Read what CAP gives as names with values, and what has no place but among these."""

import re
from collections.abc import Iterator
from typing import Final

from adapters.sdk.elements import Children

Pairs = tuple[tuple[str, str], ...]

_LISTED: Final = re.compile(r"[\s,;]+")
_CODE: Final = re.compile(r"[A-Za-z]*[0-9][A-Za-z0-9]*", re.ASCII)
_KEY: Final = 128
_VALUE: Final = 8192


def tight(written: str) -> str:
    """Return a list of pairs without the blanks that some senders put about commas."""
    return ",".join(map(str.strip, written.split(",")))


def named_values(parent: Children, name: str) -> Iterator[tuple[str, str]]:
    """Yield the names and values of children (CAP 1.2, 3.2.2), in whichever way they have them."""
    for child in parent.named(name):
        own, inner = (child.text or "").strip(), Children(child)
        key = inner.text("valueName") or child.get("valueName", "")
        value = inner.text("value") or child.get("value", "")
        if not (key or value):
            key, _, value = own.partition("=")
        if key or value:
            yield (key or name)[:_KEY], value or own


def geocodes(area: Children) -> Iterator[tuple[str, str]]:
    """Yield an area's codes one by one; some senders list them in one value."""
    for system, written in named_values(area, "geocode"):
        codes = _LISTED.split(written.strip())
        if all(map(_CODE.fullmatch, codes)):
            yield from ((system, code) for code in codes)
        else:
            yield system, written


def resources(info: Children) -> Iterator[tuple[str, str]]:
    """Yield where an info's files are (CAP 1.2, 3.2.3); what is embedded stays in the message."""
    for resource in info.of("resource"):
        kind = resource.text("mimeType")
        embedded = len(resource.text("derefUri"))
        where = resource.text("uri") or f"{kind} embedded, {embedded} characters of base64"
        title = resource.text("resourceDesc") or kind
        yield f"resource.{title}"[:_KEY], where[:_VALUE]


def restriction(alert: Children) -> Pairs:
    """Return the rule by which a restricted alert is limited (CAP 1.2, 3.2.1)."""
    rule = alert.text("restriction")
    return (("restriction", rule[:_VALUE]),) if rule else ()
