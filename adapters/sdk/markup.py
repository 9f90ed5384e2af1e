"""Parse XML that nobody can be trusted with.

Refused are document types (and with them entities, internal or external), inclusions,
trees that are deeper or larger than any message, and bytes that are no text. The encoding
is settled here and not by the XML parser: real files declare none and are stored in GBK.
"""

import codecs
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from xml.etree.ElementTree import Element, ParseError, TreeBuilder
from xml.etree.ElementTree import XMLParser as CParser

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import XMLParser

from adapters.sdk.text import GB18030, UTF8, encoding_of, encoding_of_chinese

MAX_DEPTH: Final = 64
MAX_ELEMENTS: Final = 100_000
_MAX_ATTRIBUTES: Final = 64
_INCLUDES: Final = "{http://www.w3.org/2001/XInclude}"

_DECLARING = re.compile(r"<!(?!--|\[CDATA\[)")
_DECLARATION = re.compile(
    rb"""\s*<\?xml\s[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']"""
)
# A declaration that names UTF-8, or none but an element at once.
_PLAIN = re.compile(
    rb"""(?:\s*<\?xml version=["']1\.0["'](?: encoding=["'](?:UTF|utf)-8["'])?\s?\?>)?"""
    rb"""(?=\s*<[^?])"""
)
# How documents begin that many sources give to whom does not ask for XML.
_OTHER = re.compile(r"\s*(\{|\[|<!doctype\s+html\b)", re.IGNORECASE)
_MARKS: Final = (
    (b"PK\x03\x04", "an archive (ZIP): put in, or poll, what it holds"),
    (b"\x1f\x8b", "compressed (gzip): put in what it was before"),
    (b"%PDF-", "a PDF"),
)
_OTHERS: Final = {"{": "JSON", "[": "JSON"}
_ASK: Final = (
    "one document of XML: where a source gives several formats, take its address for XML, or ask "
    'for it with headers = { Accept = "application/xml" } of the feed\'s transport'
)
# What blocks of fixed size, and files of old systems, are filled up with.
_PADDING: Final = "\0\x1a"
_PROLOGUE = re.compile(r"^\s*<\?xml\s[^>]{0,300}\?>")
# Declared names under which GB 18030's subsets travel.
_CHINESE = frozenset({"gb2312", "gbk", "gb18030"})
_SINGLE_BYTE = re.compile(r"^(ascii|iso8859-\d+|cp125\d|koi8-r)$")
_MULTI_BYTE = frozenset({"big5", "shift_jis", "euc_jp", "euc_kr"})
# How UTF-16 begins where it has no byte order mark (XML 1.0, appendix F).
_WIDE = {b"<\0": "utf-16-le", b"\0<": "utf-16-be"}


class MarkupRefused(ValueError):
    """The bytes are no XML that may be read.

    Attributes:
        cause: ``xml`` (not well-formed), ``xml_attack`` or ``encoding``.
    """

    def __init__(self, cause: str, found: str, expected: str) -> None:
        super().__init__(f"{found}; expected {expected}")
        self.cause = cause


class _BoundedTree(TreeBuilder):
    """Builds the tree while it stays within the bounds of a message."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0
        self._elements = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> Element:
        """Count an element in."""
        self._depth += 1
        self._elements += 1
        if tag.startswith(_INCLUDES):
            raise MarkupRefused(
                "xml_attack", "the document includes others (XInclude)", "a document that is whole"
            )
        if self._depth > MAX_DEPTH:
            raise MarkupRefused(
                "xml_attack", f"elements are nested more than {MAX_DEPTH} deep", "a flat document"
            )
        if self._elements > MAX_ELEMENTS or len(attrs) > _MAX_ATTRIBUTES:
            raise MarkupRefused(
                "xml_attack",
                f"more than {MAX_ELEMENTS} elements, or {_MAX_ATTRIBUTES} attributes on one",
                "a document of ordinary size",
            )
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> Element:
        """Count an element out."""
        self._depth -= 1
        return super().end(tag)


def parse(raw: bytes) -> Element:
    """Return the root element of an XML document.

    Raises:
        MarkupRefused: It is not well-formed, attacks the parser or is no text.
    """
    text, _ = text_of(raw)
    root = None if _is_suspicious(text) else _harmless(text)
    return _guarded(text) if root is None else root


def _is_suspicious(text: str) -> bool:
    """Tell whether a text may declare entities or include documents.

    A reference to a character may spell the name of a namespace.
    """
    if "&#" in text or "XInclude" in text:
        return True
    return "<!" in text and _DECLARING.search(text) is not None


def _harmless(text: str) -> Element | None:
    """Return the tree of a text without declarations; None: look closer, it may be refused.

    Expat in C builds it at once; the bounds are held against what came out, of which there is
    no more than the text has room for.
    """
    opened = text.count("<") - text.count("</")
    if opened > MAX_ELEMENTS:
        return None
    parser = CParser()  # noqa: S314 - there is no entity where there is no declaration.
    try:
        parser.feed(text)
        root: Element = parser.close()
    except ParseError:
        return None
    is_deep = opened > MAX_DEPTH and _depth(root) > MAX_DEPTH
    is_wide = text.count("=") > _MAX_ATTRIBUTES and any(
        len(element.keys()) > _MAX_ATTRIBUTES for element in root.iter()
    )
    return None if is_deep or is_wide else root


def _depth(root: Element) -> int:
    """Return how deep elements are nested, or one more than they may be."""
    depth, level = 0, [root]
    while level and depth <= MAX_DEPTH:
        depth, level = depth + 1, [child for element in level for child in element]
    return depth


def _guarded(text: str) -> Element:
    """Return the tree of a text that may be an attack, or say what is wrong with it.

    Raises:
        MarkupRefused: It is not well-formed or attacks the parser.
    """
    with guarded():
        parser = XMLParser(target=_BoundedTree(), forbid_dtd=True)
        parser.feed(text)
        root: Element = parser.close()
        return root


@contextmanager
def guarded() -> Iterator[None]:
    """Turn what a parser finds wrong into refusals.

    Raises:
        MarkupRefused: The document is not well-formed or attacks the parser.
    """
    try:
        yield
    except DefusedXmlException as refusal:
        raise MarkupRefused(
            "xml_attack",
            f"the document declares a document type or entities ({type(refusal).__name__})",
            "a document without either",
        ) from refusal
    except ParseError as error:
        raise MarkupRefused(
            "xml", f"the XML is not well-formed: {error}", "one document"
        ) from error


def text_of(raw: bytes, encoding: str = "") -> tuple[str, str]:
    """Return a document's text without its declaration, and the encoding that it was in.

    Args:
        raw: The document.
        encoding: Its encoding; empty: settled by its byte order mark, its declaration, or
            by trying.

    Raises:
        MarkupRefused: It is no text.
    """
    if kind := next((kind for mark, kind in _MARKS if raw.startswith(mark)), ""):
        raise MarkupRefused("xml", f"the document is {kind}", "one document of XML")
    if not encoding and (text := _plain(raw)) is not None:
        _refuse_other(text)
        return text.rstrip(_PADDING), UTF8
    encoding = encoding or _encoding(raw)
    try:
        text = raw.decode(encoding).removeprefix("\ufeff")
    except UnicodeError as error:
        raise MarkupRefused(
            "encoding", f"the bytes are not {encoding}: {error}", "valid text"
        ) from error
    text = _PROLOGUE.sub("", text, count=1)
    _refuse_other(text)
    return text.rstrip(_PADDING), encoding


def _refuse_other(text: str) -> None:
    """Refuse a text that is no XML by the name of what it is.

    Raises:
        MarkupRefused: It is JSON or a web page.
    """
    if other := _OTHER.match(text):
        raise MarkupRefused("xml", f"the document is {_OTHERS.get(other[1], 'a web page')}", _ASK)


def _plain(raw: bytes) -> str | None:
    """Return the text of a document in UTF-8 that says so or nothing; None: look closer."""
    begun = None if raw[:2] in _WIDE else _PLAIN.match(raw)
    try:
        return raw[begun.end() :].decode() if begun else None
    except UnicodeDecodeError:
        return None


def _encoding(raw: bytes) -> str:
    """Settle the encoding; one that is declared but not true gives way to what is."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if raw[:2] in _WIDE:
        return _WIDE[raw[:2]]
    declared = _DECLARATION.match(raw.removeprefix(codecs.BOM_UTF8)[:400])
    if declared is None:
        return encoding_of(raw) or UTF8
    try:
        name = codecs.lookup(declared[1].decode("ascii")).name
    except LookupError:
        name = ""
    # What is written in single bytes is no UTF-16: a program's own strings were, and said so.
    if name in {UTF8, "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"}:
        return encoding_of(raw) or UTF8
    if name in _CHINESE:
        # Published on the web, files are often converted without a word in the declaration.
        return encoding_of_chinese(raw) or GB18030
    if _SINGLE_BYTE.match(name) or name in _MULTI_BYTE:
        return name
    raise MarkupRefused(
        "encoding",
        f"the document declares the encoding {declared[1].decode('ascii')!r}",
        "UTF-8, GB 18030 or another encoding of text",
    )
