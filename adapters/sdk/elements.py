"""Read child elements of a document, whatever its namespace."""

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from adapters.sdk.errors import Untranslatable


def name_of(element: Element) -> str:
    """Return an element's name without its namespace."""
    return element.tag.rpartition("}")[2]


def children(element: Element, name: str) -> Iterator[Element]:
    """Yield an element's children of one name; a signature's and other extras stay out."""
    tag = element.tag
    return iter(element.findall(tag[: tag.rfind("}") + 1] + name))


def texts(element: Element, name: str) -> tuple[str, ...]:
    """Return the texts of an element's children of one name, less those that are empty."""
    found = ((child.text or "").strip() for child in children(element, name))
    return tuple(text for text in found if text)


def text(element: Element, name: str) -> str:
    """Return the text of an element's first child of one name; empty if there is none."""
    for child in children(element, name):
        if found := (child.text or "").strip():
            return found
    return ""


def required(element: Element, name: str, clause: str) -> str:
    """Return the text of a child that the standard demands.

    Args:
        element: The parent.
        name: The child's name.
        clause: Where the standard demands it.

    Raises:
        Untranslatable: The child is missing or empty.
    """
    found = text(element, name)
    if not found:
        path = f"{name_of(element)}.{name}"
        raise Untranslatable(path, found, expected=f"a value ({clause})", cause="missing")
    return found
