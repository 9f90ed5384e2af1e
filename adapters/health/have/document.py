"""Find the facilities in an EDXL-HAVE document, or in what carries one.

Read are HAVE 1.0 (OASIS 2009, with its errata: ``HospitalStatus`` of ``Hospital``) and HAVE
2.0 (OASIS and HL7 2019: ``HAVE`` of ``facility``), alone, in EDXL-DE or in an Atom feed.
"""

from typing import Final
from xml.etree.ElementTree import Element

import msgspec

from adapters.sdk.distribution import ELEMENT, distribution_status
from adapters.sdk.elements import name_of
from adapters.sdk.markup import MarkupRefused, parse
from adapters.sdk.message import Undecodable
from adapters.sdk.whole import MAX_BYTES, WholeFile

_NAMESPACE: Final = "urn:oasis:names:tc:emergency:edxl:have:"
_FACILITIES: Final = {"Hospital": "1.0", "facility": "2.0"}
# Some senders leave HAVE's namespace out; a root of its name is enough then.
_ROOTS: Final = {"HospitalStatus": "Hospital", "HAVE": "facility"}
_ENDINGS: Final = tuple(f"}}{name}" for name in _FACILITIES)
_MOST: Final = 1000


class HaveFacility(msgspec.Struct, frozen=True):
    """One facility.

    Attributes:
        raw: The document's exact bytes; its facilities share them.
        element: ``Hospital`` (1.0) or ``facility`` (2.0).
        version: HAVE's version.
        distribution_status: What EDXL-DE around it says: Actual, Exercise, System, Test;
            empty without EDXL-DE.
        document_time: ``LastUpdateTime`` of the whole document, if it has one.
    """

    raw: bytes
    element: Element
    version: str
    distribution_status: str
    document_time: str


class HaveDecoder:
    """Reads a document of at most ``limit`` bytes; sans I/O, one per file or response.

    The document's end is the file's: ``feed`` only collects, ``close`` decodes.
    """

    def __init__(self, limit: int = MAX_BYTES) -> None:
        self._file = WholeFile(limit)

    def feed(self, data: bytes) -> list[HaveFacility | Undecodable]:
        """Collect a piece."""
        self._file.feed(data)
        return []

    def close(self) -> list[HaveFacility | Undecodable]:
        """Decode what came; an empty file holds nothing."""
        raw = self._file.take()
        if isinstance(raw, Undecodable):
            return [raw]
        return _decode(raw) if raw.strip() else []


def _decode(raw: bytes) -> list[HaveFacility | Undecodable]:
    """Decode a whole document."""
    try:
        root = parse(raw)
    except MarkupRefused as refusal:
        return [Undecodable(raw, cause=refusal.cause, reason=str(refusal))]
    elements = [*root.iter()]
    tags = {element.tag for element in elements}
    named = (tag for tag in tags if tag.endswith(_ENDINGS))
    versions = {tag: version for tag in named if (version := _version(tag))}
    if root.tag in _ROOTS:
        versions[_ROOTS[root.tag]] = _FACILITIES[_ROOTS[root.tag]]
    found = [element for element in elements if element.tag in versions]
    if not found:
        reason = (
            f"the document is XML, but its root is <{name_of(root)[:120]}> and it holds no "
            "facility; expected <Hospital> of EDXL-HAVE 1.0 or <facility> of EDXL-HAVE 2.0"
        )
        return [Undecodable(raw, cause="not_have", reason=reason)]
    if len(found) > _MOST:
        reason = f"the document holds {len(found)} facilities; expected at most {_MOST}"
        return [Undecodable(raw, cause="oversize", reason=reason)]
    is_said = any(tag.endswith(ELEMENT) for tag in tags)
    status = distribution_status(elements) if is_said else ""
    outer = (each for each in root if name_of(each).casefold() == "lastupdatetime")
    time = next(map(_text, outer), "")
    return [HaveFacility(raw, element, versions[element.tag], status, time) for element in found]


def _version(tag: str) -> str:
    """Return the version of HAVE whose facility a tag is; empty: it is none."""
    namespace, _, name = tag.rpartition("}")
    version = _FACILITIES.get(name, "")
    return version if namespace.lstrip("{").casefold().startswith(_NAMESPACE) else ""


def _text(element: Element) -> str:
    """Return an element's text."""
    return (element.text or "").strip()
