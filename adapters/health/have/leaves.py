"""A facility's elements by name, with a note of those that were read.

What a field of the schema holds is taken; what is left becomes attributes, so that nothing
a hospital reports is dropped. People and addresses (CIQ) are not taken over.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple
from xml.etree.ElementTree import Element

from adapters.sdk.elements import name_of

_PEOPLE: Final = re.compile("ciq|xnl|xpil|xal", re.IGNORECASE)
_VALUES: Final = frozenset({"Value", "NameElement"})
_KEY: Final = 128
_VALUE: Final = 8192
# The longest tag of which the meaning is remembered: all documents have the same ones.
_REMEMBERED: Final = 256


class _Tag(NamedTuple):
    """What a tag says: its name, that without what does not count, and whether it stays out."""

    name: str
    folded: str
    is_out: bool


class Leaves:
    """The elements below one.

    A facility has many elements and few tags, so names are compared once for each tag.

    Args:
        root: The element.
    """

    def __init__(self, root: Element) -> None:
        self._root = root
        self._taken: set[int] = set()
        self._elements: dict[str, list[Element]] = {}
        for each in root.iter():
            self._elements.setdefault(each.tag, []).append(each)
        self._tags: dict[str, list[str]] = {}
        for tag in self._elements:
            self._tags.setdefault(_read(tag).folded, []).append(tag)

    def under(self, element: Element, *names: str) -> Sequence[Element]:
        """Return the elements below one that lie at the end of a path of names.

        Names are compared without case and without the suffix ``Default``, in which HAVE
        2.0's drafts differ; between two names of the path there may be others.
        """
        found: Sequence[Element] = (element,)
        for name in names:
            tags = self._tags.get(name.casefold())
            if tags is None:
                return ()
            found = [each for parent in found for each in self._below(parent, tags)]
        return found

    def _below(self, parent: Element, tags: Sequence[str]) -> list[Element]:
        """Return the elements below one that have one of some tags, in their order."""
        if len(tags) > 1:
            found = [each for each in parent.iter() if each.tag in tags]
        elif parent is self._root:
            found = self._elements[tags[0]]
        else:
            found = [*parent.iter(tags[0])]
        return [each for each in found if each is not parent]

    def first(self, *names: str, of: Element | None = None) -> Element | None:
        """Return the first such element that holds something."""
        below = self._root if of is None else of
        return next((each for each in self.under(below, *names) if self.peek(each)), None)

    def text(self, *names: str, of: Element | None = None) -> str:
        """Return the text of the first such element that has one, and note it as read."""
        if names[0].casefold() not in self._tags:
            return ""
        for each in self.under(self._root if of is None else of, *names):
            if written := self.peek(each):
                self._note(each)
                return written
        return ""

    def take(self, element: Element) -> str:
        """Return an element's text, or that of EDXL's ``Value`` in it; note it as read."""
        self._note(element)
        return self.peek(element)

    def peek(self, element: Element) -> str:
        """Return an element's text without noting it."""
        own = " ".join((element.text or "").split())
        if own or not len(element):
            return own
        values = (each for each in element.iter() if name_of(each) in _VALUES)
        return next((" ".join(each.text.split()) for each in values if each.text), "")

    def rest(self) -> list[tuple[str, str]]:
        """Return path and text of what nobody has read."""
        found: list[tuple[str, str]] = []
        self._collect(self._root, "", found)
        return found

    def _note(self, element: Element) -> None:
        """Note an element, and what is in it, as read."""
        self._taken.update(map(id, element.iter()))

    def _collect(self, element: Element, path: str, found: list[tuple[str, str]]) -> None:
        """Collect what is left below an element."""
        for child in element:
            name, _, is_out = _read(child.tag)
            if is_out:
                continue
            here = path if name == "Value" else f"{path}.{name}".lstrip(".")
            text = " ".join((child.text or "").split())
            if text and id(child) not in self._taken:
                found.append((here[-_KEY:], text[:_VALUE]))
            if len(child):
                self._collect(child, here, found)


def _read(tag: str) -> _Tag:
    """Return what a tag says."""
    return (_known if len(tag) <= _REMEMBERED else _parted)(tag)


def _parted(tag: str) -> _Tag:
    """Part a tag; neither case nor a draft's suffix counts in its name."""
    namespace, _, name = tag.rpartition("}")
    is_out = name == "ValueListURI" or _PEOPLE.search(namespace) is not None
    return _Tag(name, name.casefold().removesuffix("default"), is_out)


_known = lru_cache(maxsize=1024)(_parted)
