"""What the envelope of EDXL-DE says of all that it carries, and what it carries in base64."""

from collections.abc import Iterable, Iterator
from typing import Final
from xml.etree.ElementTree import Element

from adapters.sdk.elements import name_of
from adapters.sdk.errors import Untranslatable
from liandong.record.v1.record_pb2 import STATUS_ACTUAL, STATUS_EXERCISE, STATUS_TEST, Status

ELEMENT: Final = "distributionStatus"
_CONTENT: Final = "contentData"
_TYPE: Final = "mimeType"
_STATUSES: Final = {
    "": STATUS_ACTUAL,
    "actual": STATUS_ACTUAL,
    "exercise": STATUS_EXERCISE,
    "system": STATUS_TEST,
    "test": STATUS_TEST,
}


def distribution_status(elements: Iterable[Element]) -> str:
    """Return the word of the first ``distributionStatus``; empty: there is none.

    EDXL-DE 1.0 has the word in the element, 2.0 in a child: ``StatusKindDefault``, or a
    list's address and then the value.
    """
    for element in elements:
        if name_of(element) == ELEMENT:
            return ([word for each in element.itertext() if (word := each.strip())] or [""])[-1]
    return ""


def encoded_contents(elements: Iterable[Element]) -> Iterator[tuple[str, str]]:
    """Yield what is carried as no XML (``nonXMLContent`` of 1.0, ``otherContent`` of 2.0).

    Yields:
        Its media type, in small letters, empty where none is stated; and its text, base64.
    """
    for element in elements:
        named = {name_of(child): (child.text or "").strip() for child in element}
        if named.get(_CONTENT):
            yield named.get(_TYPE, "").casefold(), named[_CONTENT]


def status_of(word: str) -> "Status.ValueType":
    """Return the status that an envelope gives to what it carries; without one, it is real.

    Raises:
        Untranslatable: EDXL-DE does not know the word.
    """
    status = _STATUSES.get(word.casefold())
    if status is None:
        expected = "Actual, Exercise, System or Test (EDXL-DE 1.0, 3.2.1)"
        raise Untranslatable(ELEMENT, word, expected=expected)
    return status
