"""The children of an element are found by name, in its own namespace."""

from xml.etree.ElementTree import fromstring

import pytest

from adapters.sdk.elements import Children
from adapters.sdk.errors import Untranslatable

_INSIDE = Children(
    fromstring(
        '<a xmlns="urn:a" xmlns:o="urn:o"><b> </b><b>1 </b><o:b>2</o:b><b>3</b><c><d>4</d></c></a>'
    )
)


def test_texts_are_those_of_the_same_namespace() -> None:
    """Blank ones are none; a signature's are not the message's."""
    assert (_INSIDE.text("b"), _INSIDE.texts("b"), _INSIDE.text("x")) == ("1", ("1", "3"), "")
    assert (_INSIDE.texts("c"), len(_INSIDE.named("b"))) == ((), 3)


def test_children_have_children() -> None:
    """One level at a time."""
    assert [one.text("d") for one in _INSIDE.of("c")] == ["4"]
    assert not [*_INSIDE.of("x")]


def test_what_the_standard_demands_is_named_when_it_lacks() -> None:
    """The person who reads it finds the element."""
    with pytest.raises(Untranslatable, match=r"a\.x") as missing:
        _INSIDE.required("x", "CAP 1.2")

    assert missing.value.cause == "missing"
    assert _INSIDE.required("b", "CAP 1.2") == "1"


def test_a_text_with_markup_in_it_is_all_of_its_words() -> None:
    """A line break in a description does not cost what follows it."""
    inside = Children(fromstring("<a><b>first<br/>second <i>third</i></b></a>"))

    assert inside.text("b") == "first\nsecond\nthird"
    assert inside.texts("b") == ("first\nsecond\nthird",)


def test_children_may_have_no_namespace_where_their_parent_has_one() -> None:
    """Programs that leave elements unqualified qualify only the outermost."""
    inside = Children(fromstring('<o:a xmlns:o="urn:o"><b>1</b><o:b>2</o:b></o:a>'))

    assert inside.texts("b") == ("1", "2")
