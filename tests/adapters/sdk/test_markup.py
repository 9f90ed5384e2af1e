"""XML is parsed in C where that is safe, and refused in the same words as ever where it is not."""

import pytest

from adapters.sdk.markup import MAX_DEPTH, MAX_ELEMENTS, MarkupRefused, parse


def _cause(document: str) -> str:
    """Return why a document is refused."""
    with pytest.raises(MarkupRefused) as refusal:
        parse(document.encode())
    return refusal.value.cause


def _nested(depth: int) -> str:
    """Return a document whose elements are so deep."""
    return "<a>" * depth + "</a>" * depth


def test_a_plain_document_is_a_tree() -> None:
    """Comments and sections of characters declare nothing."""
    root = parse(b'<?xml version="1.0" encoding="UTF-8"?>\n<a x="1"><!-- b --><![CDATA[<c>]]></a>')

    assert (root.tag, root.text, root.get("x")) == ("a", "<c>", "1")


def test_elements_may_be_as_deep_as_the_bound_and_no_deeper() -> None:
    """Also when the document has no end."""
    assert sum(1 for _ in parse(_nested(MAX_DEPTH).encode()).iter()) == MAX_DEPTH
    assert _cause(_nested(MAX_DEPTH + 1)) == "xml_attack"
    assert _cause("<a>" * (MAX_DEPTH + 1)) == "xml_attack"


def test_a_broad_document_is_not_a_deep_one() -> None:
    """Many elements beside one another are no attack, up to the bound."""
    assert len(parse(f"<a>{'<b/>' * (MAX_ELEMENTS - 1)}</a>".encode())) == MAX_ELEMENTS - 1
    assert _cause(f"<a>{'<b/>' * MAX_ELEMENTS}</a>") == "xml_attack"


def test_attributes_are_counted_for_each_element() -> None:
    """A hundred on two elements are two elements; a hundred on one are an attack."""
    half = " ".join(f'x{number}="1"' for number in range(50))
    more = " ".join(f'y{number}="1"' for number in range(50))

    assert len(parse(f"<a {half}><b {more}/></a>".encode())) == 1
    assert _cause(f"<a {half} {more}/>") == "xml_attack"


@pytest.mark.parametrize(
    "document",
    [
        "<!DOCTYPE a><a/>",
        '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        '<a xmlns:x="http://www.w3.org/2001/XInclude"><x:include/></a>',
        '<a xmlns:x="http://www.w3.org/2001/&#88;Include"><x:include/></a>',
        "<!-- b --><!DOCTYPE a><a/>",
    ],
)
def test_what_declares_or_includes_is_refused(document: str) -> None:
    """However its name is spelt."""
    assert _cause(document) == "xml_attack"


def test_an_error_names_the_line_of_the_document() -> None:
    """A declaration counts as a line, so that an editor shows the same one."""
    with pytest.raises(MarkupRefused, match=r"line 2, column 8"):
        parse(b'<?xml version="1.0" encoding="utf-8"?>\n<a><b></a>')


@pytest.mark.parametrize("declaration", ["", '<?xml version="1.0" encoding="UTF-16"?>'])
@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_wide_characters_need_no_mark(declaration: str, encoding: str) -> None:
    """XML 1.0, appendix F: how a document begins tells its encoding, also where it is ASCII."""
    assert parse(f"{declaration}<a><b>c</b></a>".encode(encoding)).findtext("b") == "c"


def test_what_says_utf_16_in_single_bytes_is_not() -> None:
    """A program's strings were, when it wrote the declaration."""
    document = '<?xml version="1.0" encoding="utf-16"?><a>雨</a>'

    assert parse(document.encode()).text == "雨"


@pytest.mark.parametrize(
    ("document", "what"),
    [
        (b'{"features": []}', "JSON"),
        (b"\xef\xbb\xbf [1]", "JSON"),
        (b"<!DOCTYPE html><html><body>moved</body></html>", "a web page"),
        (b"PK\x03\x04\x14\x00\xff", "an archive"),
        (b"\x1f\x8b\x08\x00", "compressed"),
        (b"%PDF-1.7", "a PDF"),
    ],
)
def test_what_is_no_xml_at_all_is_called_by_its_name(document: bytes, what: str) -> None:
    """Whoever reads the quarantine learns what to ask the source for."""
    with pytest.raises(
        MarkupRefused, match=f"the document is {what}.*; expected one document of XML"
    ):
        parse(document)


@pytest.mark.parametrize("head", ["", '<?xml version="1.0" encoding="GBK"?>'])
def test_what_fills_up_a_block_is_no_part_of_the_document(head: str) -> None:
    """Old systems write files in blocks, filled with zeros, or end them with Ctrl-Z."""
    assert parse(f"{head}<a>1</a>\n\0\0\x1a".encode()).text == "1"
