"""Read an XML document in which an element stands for each row.

Only the row that is being read is kept as a tree, so a document of any number of rows needs
no more than itself. Namespaces are left out of names.
"""

import re
from collections.abc import Callable
from typing import Final
from xml.etree.ElementTree import Element, TreeBuilder

from defusedxml.ElementTree import XMLParser

from adapters.mapping.readers.whole import WholeReader
from adapters.mapping.row import Row
from adapters.mapping.schema import Xml
from adapters.sdk.markup import MAX_DEPTH, MarkupRefused, guarded, text_of
from adapters.sdk.message import Undecodable
from adapters.sdk.text import Encoding

Get = Callable[[Element], str]
_MAX_ELEMENTS: Final = 10_000
_TAG: Final = re.compile(rb"""<(?:[^"'>]|"[^"]*"|'[^']*')*>""")


class XmlDocumentReader(WholeReader):
    """Reads one XML document; document types, and with them entities, are refused.

    Args:
        form: Which element is a row.
        encoding: The encoding; None: settled as XML is, and by trying.
        columns: Paths from the row's element: ``名称``, ``位置/经度``, ``@id``, ``位置/@x``, and
            ``.`` for its own text.
    """

    def __init__(self, form: Xml, encoding: Encoding | None, columns: tuple[str, ...]) -> None:
        super().__init__(form.max_document_bytes)
        self._path = tuple(form.path.strip("/").split("/"))
        self._encoding = encoding or ""
        self._getters = [_getter(column) for column in columns]

    def _document(self, raw: bytes) -> list[Row | Undecodable]:
        """Read a whole document."""
        try:
            text, encoding = text_of(raw, self._encoding)
            plain = text.encode()
            rows = _RowTrees(self._path)
            with guarded():
                parser = XMLParser(target=rows, forbid_dtd=True)
                rows.position = lambda: int(parser.parser.CurrentByteIndex)
                parser.feed(text)
                parser.close()
        except MarkupRefused as refusal:
            return [Undecodable(raw, refusal.cause, str(refusal))]
        if not (rows.found or rows.is_empty):
            seen = ", ".join(sorted(rows.names)[:12])
            reason = f"the document has no <{'/'.join(self._path)}>, expected one of: {seen}"
            return [Undecodable(raw, "rows", reason)]
        return [
            self._row(element, number, _whole(plain, start, end), encoding)
            for number, (element, start, end) in enumerate(rows.found, 1)
        ]

    def _row(self, element: Element, number: int, plain: bytes, encoding: str) -> Row:
        """Read a row's columns."""
        return Row(
            plain if encoding == "utf-8" else plain.decode().encode(encoding),
            number,
            tuple(get(element) for get in self._getters),
        )


class _RowTrees:
    """Builds a tree of each row's element, and of nothing else.

    Attributes:
        found: The rows' elements, with the positions at which their first and their last
            tag begin.
        names: Some names of elements that were seen.
        is_empty: Whether what holds the rows, by the path's names but the last, was seen, and
            held no other element either.
        position: Returns the position of the tag that is being read.
    """

    def __init__(self, path: tuple[str, ...]) -> None:
        self.found: list[tuple[Element, int, int]] = []
        self.names: set[str] = set()
        self.is_empty = False
        self.position: Callable[[], int] = int
        self._path = path
        self._open: list[str] = []
        self._builder: TreeBuilder | None = None
        self._depth = 0
        self._elements = 0
        self._start = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Begin an element."""
        name = tag.rpartition("}")[2]
        self._open.append(name)
        if len(self._open) > MAX_DEPTH:
            raise MarkupRefused(
                "xml_attack", f"elements are nested more than {MAX_DEPTH} deep", "a table"
            )
        if self._builder is None:
            if len(self.names) < _MAX_ELEMENTS:
                self.names.add(name)
            *parent, _ = self._path
            if parent and self._open[-len(self._path) : -1] == parent:
                self.is_empty = False
            elif parent and self._open[-len(parent) :] == parent:
                self.is_empty = True
            if tuple(self._open[-len(self._path) :]) != self._path:
                return
            self._builder, self._elements = TreeBuilder(), 0
            self._depth, self._start = len(self._open), self.position()
        self._elements += 1
        if self._elements > _MAX_ELEMENTS:
            raise MarkupRefused(
                "xml_attack", f"a row has more than {_MAX_ELEMENTS} elements", "a row of a table"
            )
        self._builder.start(name, attributes)

    def data(self, text: str) -> None:
        """Take text."""
        if self._builder is not None:
            self._builder.data(text)

    def end(self, tag: str) -> None:
        """End an element, and with its own a row."""
        del tag
        name = self._open.pop()
        if self._builder is None:
            return
        self._builder.end(name)
        if len(self._open) < self._depth:
            self.found.append((self._builder.close(), self._start, self.position()))
            self._builder = None

    def close(self) -> None:
        """End the document."""


def _whole(plain: bytes, start: int, end: int) -> bytes:
    """Return an element's bytes, its last tag's with them."""
    last = _TAG.match(plain, end)
    return plain[start : last.end() if last else end]


def _getter(column: str) -> Get:
    """Return what takes a column out of a row's element; empty where it has none.

    Elements of one path are a list, and so their texts have commas between them.
    """
    path, _, attribute = column.rpartition("@")
    path = path.rstrip("/")

    def text(element: Element) -> str:
        found = element.findall(column)
        if len(found) == 1:
            return (found[0].text or "").strip()
        return ",".join(filter(None, ((one.text or "").strip() for one in found)))

    def own(element: Element) -> str:
        return (element.text or "").strip()

    def of_attribute(element: Element) -> str:
        found = element.find(path) if path else element
        return "" if found is None else found.get(attribute, "").strip()

    if "@" in column:
        return of_attribute
    return own if column == "." else text
