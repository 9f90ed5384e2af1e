"""Data flags and what they say of a value (HJ 212-2017, table 8)."""

from typing import Final, NamedTuple

from liandong.quantity.v1 import quantity_pb2 as quantity


class Judgement(NamedTuple):
    """What a flag says."""

    level: quantity.QualityLevel.ValueType
    meaning: str
    """A sentence, empty for a normal value."""


NORMAL: Final = Judgement(quantity.QUALITY_LEVEL_VALID, "")

_FLAGS: Final = {
    "": NORMAL,
    "N": NORMAL,
    "F": Judgement(quantity.QUALITY_LEVEL_INVALID, "The outlet was stopped."),
    "M": Judgement(quantity.QUALITY_LEVEL_INVALID, "The instrument was under maintenance."),
    "S": Judgement(quantity.QUALITY_LEVEL_ESTIMATED, "The value was set by hand."),
    "D": Judgement(quantity.QUALITY_LEVEL_INVALID, "The instrument had a fault."),
    "C": Judgement(quantity.QUALITY_LEVEL_INVALID, "The instrument was being calibrated."),
    "T": Judgement(quantity.QUALITY_LEVEL_SUSPECT, "The value is beyond the instrument's range."),
    "B": Judgement(quantity.QUALITY_LEVEL_INVALID, "The logger had no link to the instrument."),
    "P": Judgement(quantity.QUALITY_LEVEL_INVALID, "The power had failed."),
}

# HJ/T 212-2005 gives air stations digits instead of letters.
_DIGITS: Final = {
    "0": Judgement(quantity.QUALITY_LEVEL_INVALID, "The instrument was being calibrated."),
    "1": NORMAL,
    "2": Judgement(quantity.QUALITY_LEVEL_INVALID, "The logger calls the value abnormal."),
    "3": NORMAL,
}

_UNKNOWN: Final = Judgement(quantity.QUALITY_LEVEL_INVALID, "The flag is none of the standard's.")


def judge(flag: str) -> Judgement:
    """Return what a flag says, in either case; an unknown one makes a value invalid."""
    known = flag.upper()
    return _FLAGS.get(known) or _DIGITS.get(known) or _UNKNOWN
