"""Whether a control id names the patient all the same.

MSH-10 is told, so that a record and its message can be found together. Some systems make it
of the patient's or the visit's number.
"""

from collections.abc import Iterable, Sequence
from typing import Final

from adapters.health.hl7v2.message import Delimiters, Hl7Message
from adapters.health.hl7v2.pseudonyms import Pseudonyms

_NUMBERS: Final = {"PID": (2, 3, 4, 18, 19, 20), "PV1": (19,)}
"""Fields whose first component is somebody's, or a stay's, number (HL7 2.5.1, 3.4.2 and 3.4.3)."""
_WORDS: Final = {"PID": (5, 6, 9, 13, 14)}
"""Fields of which every component says who it is: names and telephones."""
_LONGEST: Final = 199
_LEAST: Final = 4
"""Characters of ASCII that may say who somebody is; of Chinese, two may be a name."""
_LEAST_OTHER: Final = 2


def control_id(message: Hl7Message, pseudonyms: Pseudonyms) -> str:
    """Return MSH-10; a pseudonym where it is made of what names the patient."""
    written = message.header(10)
    if names_patient(written, message.segments, message.delimiters):
        return pseudonyms.of("control", written)
    return written[:_LONGEST]


def names_patient(value: str, segments: Iterable[Sequence[str]], delimiters: Delimiters) -> bool:
    """Tell whether a value holds something by which a patient or a stay is known.

    Args:
        value: The value.
        segments: The message's segments, each as its name and fields.
        delimiters: What parts them.
    """
    for segment in segments:
        if segment[0] in _NUMBERS:
            for part in _identities(segment, delimiters):
                if part in value and len(part) >= (_LEAST if part.isascii() else _LEAST_OTHER):
                    return True
    return False


def _identities(segment: Sequence[str], delimiters: Delimiters) -> list[str]:
    """Return what a segment says somebody is known by."""
    name, size, known = segment[0], len(segment), []
    for number in _NUMBERS[name]:
        if number < size and segment[number]:
            repeated = segment[number].split(delimiters.repetition)
            known += [each.partition(delimiters.component)[0] for each in repeated]
    for number in _WORDS.get(name, ()):
        if number < size and segment[number]:
            for each in segment[number].split(delimiters.repetition):
                known += each.split(delimiters.component)
    return known
