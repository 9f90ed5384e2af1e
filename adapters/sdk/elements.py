"""Read child elements of a document, whatever its namespace."""

from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element

from adapters.sdk.errors import Untranslatable


def name_of(element: Element) -> str:
    """Return an element's name without its namespace."""
    return element.tag.rpartition("}")[2]


class Children:
    """An element's children by name, gone through once; a signature's and other extras stay out.

    A text with markup in it, as ``first<br/>second``, is all of its words, a line each.

    Args:
        element: The parent, whose namespace its children share, or they have none.
    """

    __slots__ = ("_element", "_first", "_named")

    def __init__(self, element: Element) -> None:
        self._element = element
        start = element.tag.rfind("}") + 1
        namespace = element.tag[:start]
        named: dict[str, list[Element]] = {}
        first: dict[str, str] = {}
        for child in element:
            tag = child.tag
            if tag.startswith(namespace):
                name = tag[start:]
            elif tag[0] != "{":
                name = tag
            else:
                continue
            if name in named:
                named[name].append(child)
            else:
                named[name] = [child]
            written = child.text
            if written and name not in first and (written := written.strip()):
                first[name] = _words(child) if len(child) else written
        self._named = named
        self._first = first

    def named(self, name: str) -> Sequence[Element]:
        """Return the children of one name."""
        return self._named.get(name, ())

    def of(self, name: str) -> Iterator["Children"]:
        """Yield the children of each child of one name."""
        return map(Children, self._named.get(name, ()))

    def text(self, name: str) -> str:
        """Return the first text that children of one name have; empty if there is none."""
        return self._first.get(name, "")

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the texts of the children of one name, less those that are empty."""
        if name not in self._first:
            return ()
        found = map(_words, self._named[name])
        return tuple(filter(None, found))

    def required(self, name: str, clause: str) -> str:
        """Return the text of a child that the standard demands.

        Args:
            name: The child's name.
            clause: Where the standard demands it.

        Raises:
            Untranslatable: The child is missing or empty.
        """
        found = self._first.get(name, "")
        if not found:
            path = f"{name_of(self._element)}.{name}"
            raise Untranslatable(path, found, expected=f"a value ({clause})", cause="missing")
        return found


def _words(element: Element) -> str:
    """Return the text of an element that has text, with that of the markup in it."""
    own = (element.text or "").strip()
    return "\n".join(filter(None, map(str.strip, element.itertext()))) if own else ""
