"""A facility's elements by name, with a note of those that were read.

What a field of the schema holds is taken; what is left becomes attributes, so that nothing
a hospital reports is dropped. People and addresses (CIQ) are not taken over.
"""

from collections.abc import Iterator
from typing import Final
from xml.etree.ElementTree import Element

from adapters.sdk.elements import name_of

_PEOPLE: Final = ("ciq", "xnl", "xpil", "xal")
_KEY: Final = 128
_VALUE: Final = 8192


class Leaves:
    """The elements below one.

    Args:
        root: The element.
    """

    def __init__(self, root: Element) -> None:
        self._root = root
        self._taken: set[int] = set()
        self._names = {each: _folded(name_of(each)) for each in root.iter()}

    def under(self, element: Element, *names: str) -> Iterator[Element]:
        """Yield the elements below one that lie at the end of a path of names.

        Names are compared without case and without the suffix ``Default``, in which HAVE
        2.0's drafts differ; between two names of the path there may be others.
        """
        found = [element]
        for name in map(str.casefold, names):
            found = [
                each
                for parent in found
                for each in parent.iter()
                if self._names[each] == name and each is not parent
            ]
        return iter(found)

    def first(self, *names: str, of: Element | None = None) -> Element | None:
        """Return the first such element that holds something."""
        below = self._root if of is None else of
        return next((each for each in self.under(below, *names) if self.peek(each)), None)

    def text(self, *names: str, of: Element | None = None) -> str:
        """Return the text of the first such element that has one, and note it as read."""
        found = self.first(*names, of=of)
        return "" if found is None else self.take(found)

    def take(self, element: Element) -> str:
        """Return an element's text, or that of EDXL's ``Value`` in it; note it as read."""
        self._taken.update(id(each) for each in element.iter())
        return self.peek(element)

    def peek(self, element: Element) -> str:
        """Return an element's text without noting it."""
        own = " ".join((element.text or "").split())
        if own:
            return own
        values = (each for each in element.iter() if name_of(each) in {"Value", "NameElement"})
        return next((" ".join(each.text.split()) for each in values if each.text), "")

    def rest(self) -> Iterator[tuple[str, str]]:
        """Yield path and text of what nobody has read."""
        return self._rest(self._root, ())

    def _rest(self, element: Element, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        """Yield what is left at and below an element."""
        for child in element:
            namespace = child.tag.rpartition("}")[0].casefold()
            name = name_of(child)
            if any(mark in namespace for mark in _PEOPLE) or name == "ValueListURI":
                continue
            here = path if name == "Value" else (*path, name)
            text = " ".join((child.text or "").split())
            if text and id(child) not in self._taken:
                yield ".".join(here)[-_KEY:], text[:_VALUE]
            yield from self._rest(child, here)


def _folded(name: str) -> str:
    """Return a name without what does not count in it: case, and a draft's suffix."""
    return name.casefold().removesuffix("default")
