"""What an ADT message says of stays, without saying whose they are."""

import re
from collections.abc import Iterator
from typing import Final

from adapters.health.hl7v2.conceal import MASK
from adapters.health.hl7v2.events import movement_type
from adapters.health.hl7v2.message import Hl7Message, Segment
from adapters.health.hl7v2.pseudonyms import Pseudonyms
from adapters.sdk.errors import Untranslatable
from liandong.health.v1.health_pb2 import Movement

_EVENT: Final = re.compile(r"[A-Z][A-Z0-9]{2}")
_CLASS: Final = re.compile(r"[A-Za-z0-9]{1,16}")
_PLACE: Final = 128


def movements(message: Hl7Message, pseudonyms: Pseudonyms) -> Iterator[Movement]:
    """Yield a movement for each patient that a message speaks of.

    Args:
        message: An ADT message.
        pseudonyms: Name the stays.

    Raises:
        Untranslatable: It has no trigger event.
    """
    stated = (message.value(evn, 1) for evn in message.every("EVN"))
    event = message.header(9, 2) or next(stated, "")
    if not _EVENT.fullmatch(event):
        raise Untranslatable(
            "MSH-9.2",
            event and MASK,
            expected="a trigger event such as A01",
            cause="value" if event else "missing",
        )
    alone = ""
    for index, (patient, visit) in enumerate(message.patients()):
        facility = message.value(visit, 3, 4) or message.header(4) or message.header(3)
        patient_class = message.value(visit, 2)
        stay = _stay(message, patient, visit, pseudonyms)
        if not stay:
            # A name for this message alone: a patient's own number would tie together all
            # stays of a life.
            alone = alone or pseudonyms.of("message", message.raw, "0")
            stay = pseudonyms.of("message", alone, str(index)) if index else alone
        yield Movement(
            movement_id=stay,
            type=movement_type(event),
            facility_id=facility[:_PLACE],
            ward=message.value(visit, 3)[:_PLACE],
            patient_class=patient_class if _CLASS.fullmatch(patient_class) else "",
            from_ward=message.value(visit, 6)[:_PLACE],
            trigger_event=event,
        )


def _stay(
    message: Hl7Message, patient: Segment | None, visit: Segment | None, pseudonyms: Pseudonyms
) -> str:
    """Return a stay's name, by visit number (PV1-19) or account number (PID-18); empty: none."""
    number = message.value(visit, 19) or message.value(patient, 18)
    if number and number != MASK:
        return pseudonyms.of("stay", message.header(4), number)
    return ""
