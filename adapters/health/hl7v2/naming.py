"""Whether a control id names the patient all the same.

MSH-10 is told, so that a record and its message can be found together. Some systems make it
of the patient's or the visit's number.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from adapters.health.hl7v2.message import Delimiters

_NUMBERS: Final = {"PID": (2, 3, 4, 18, 19, 20), "PV1": (19,)}
"""Fields whose first component is somebody's, or a stay's, number (HL7 2.5.1, 3.4.2 and 3.4.3)."""
_WORDS: Final = {"PID": (5, 6, 9, 13, 14)}
"""Fields of which every component says who it is: names and telephones."""
_LEAST: Final = 4
"""Characters of ASCII that may say who somebody is; of Chinese, two may be a name."""
_LEAST_OTHER: Final = 2


def names_patient(value: str, segments: Iterable[Sequence[str]], delimiters: Delimiters) -> bool:
    """Tell whether a value holds something by which a patient or a stay is known.

    Args:
        value: The value.
        segments: The message's segments, each as its name and fields.
        delimiters: What parts them.
    """
    known = (part for segment in segments for part in _identities(segment, delimiters))
    return any(part in value for part in known if _is_telling(part))


def _identities(segment: Sequence[str], delimiters: Delimiters) -> Iterator[str]:
    """Yield what a segment says somebody is known by."""
    for number in _NUMBERS.get(segment[0], ()):
        if number < len(segment) and segment[number]:
            for each in segment[number].split(delimiters.repetition):
                yield each.partition(delimiters.component)[0]
    for number in _WORDS.get(segment[0], ()):
        if number < len(segment) and segment[number]:
            for each in segment[number].split(delimiters.repetition):
                yield from each.split(delimiters.component)


def _is_telling(part: str) -> bool:
    """Tell whether a part is long enough to say who somebody is."""
    return len(part) >= (_LEAST if part.isascii() else _LEAST_OTHER)
