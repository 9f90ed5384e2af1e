"""Answers: MSH and MSA (HL7 2.5.1, 2.9.2 and 2.13.1), framed as the message was."""

import re
import secrets
from datetime import datetime
from typing import Final

from adapters.health.hl7v2.decoder import FRAME_END, START
from adapters.health.hl7v2.message import USUAL, Delimiters, Hl7Message

_SENTENCE: Final = 250
_HEADER_FIELDS: Final = 19
_CODE: Final = re.compile(r"[A-Z0-9.]{1,8}")
_OURS: Final = "LIANDONG"
_LATEST_KNOWN: Final = "2.5.1"
# HL7 table 0155: when an acknowledgement is wanted; NE, never, is what is left.
_ALWAYS, _SUCCESS, _ERROR = "AL", "SU", "ER"
_CONDITIONS: Final = frozenset({_ALWAYS, _SUCCESS, _ERROR, "NE"})
# Before 2.3.1, MSH-9 had no message structure.
_WITHOUT_STRUCTURE: Final = frozenset({"2.0", "2.0D", "2.1", "2.2", "2.3"})


def code_for(accept: str, application: str, *, good: bool) -> str:
    """Return the code with which to acknowledge; empty: the sender wants to hear nothing.

    Without MSH-15 and MSH-16 it is original mode: always AA or AE. With MSH-15 it is
    enhanced mode, and that the message lies in safe storage is what a commit accept (CA)
    says. MSH-16 alone gets the application's word. What table 0155 does not know counts as
    absent, for a sender that hears nothing repeats itself for ever.

    Args:
        accept: MSH-15.
        application: MSH-16.
        good: Whether the message was understood.
    """
    accept, application = _condition(accept), _condition(application)
    if not accept and not application:
        return "AA" if good else "AE"
    for condition, codes in ((accept, ("CA", "CE")), (application, ("AA", "AE"))):
        if condition in (_ALWAYS, _SUCCESS if good else _ERROR):
            return codes[0] if good else codes[1]
    return ""


def _condition(written: str) -> str:
    """Return a condition of table 0155, in whatever case; empty: it is none."""
    return written.upper() if written.upper() in _CONDITIONS else ""


def acknowledge(message: Hl7Message, code: str, sentence: str, now: datetime) -> bytes:
    """Return the acknowledgement of a message, in its own delimiters and encoding."""
    delimiters = message.delimiters
    header = message.segments[0]
    told = [*header, *("",) * (_HEADER_FIELDS - len(header))]
    component = delimiters.component
    event = _word(message.header(9, 2))
    version = _word(told[12]) or _LATEST_KNOWN
    structure = () if version in _WITHOUT_STRUCTURE else ("ACK",)
    kind = component.join(("ACK", event, *structure)) if event else "ACK"
    fields = [
        "MSH",
        delimiters.encoding_characters,
        *(told[5], told[6], told[3], told[4]),
        _time(now),
        "",
        kind,
        secrets.token_hex(10),
        _word(told[11]) or "P",
        version,
        *("",) * 5,
        told[18],
    ]
    msh = delimiters.field.join(fields).rstrip(delimiters.field)
    msa = delimiters.field.join(("MSA", code, told[10], _escaped(sentence, delimiters)))
    text = f"{msh}\r{msa.rstrip(delimiters.field)}\r"
    return frame(text.encode(message.encoding, "replace"), framed=message.framed)


def reject(sentence: str, now: datetime, *, framed: bool) -> bytes:
    """Return the answer to what cannot be read, so that nothing of it can be repeated."""
    msh = (
        f"MSH|{USUAL.encoding_characters}|{_OURS}||||{_time(now)}||ACK|{secrets.token_hex(10)}|P|"
        f"{_LATEST_KNOWN}"
    )
    text = f"{msh}\rMSA|AR||{_escaped(sentence, USUAL)}\r"
    return frame(text.encode(), framed=framed)


def frame(text: bytes, *, framed: bool) -> bytes:
    """Return an answer in the frame that the wire wants."""
    return START + text + FRAME_END if framed else text


def _word(value: str) -> str:
    """Return a code as it may be repeated; what is none may be a name in the wrong place."""
    return value if _CODE.fullmatch(value) else ""


def _time(now: datetime) -> str:
    """Return a time as HL7 writes it."""
    # A format of the time's own would take thrice as long.
    day = f"{now.year:04}{now.month:02}{now.day:02}"
    return f"{day}{now.hour:02}{now.minute:02}{now.second:02}+0000"


def _escaped(sentence: str, delimiters: Delimiters) -> str:
    """Return a sentence of at most a line, with its delimiters escaped (HL7 2.5.1, 2.7)."""
    if not sentence:
        return ""
    mark = delimiters.escape
    letters = {
        mark: "E",
        delimiters.field: "F",
        delimiters.component: "S",
        delimiters.repetition: "R",
        delimiters.subcomponent: "T",
    }
    table = {ord(sign): f"{mark}{letter}{mark}" for sign, letter in letters.items()}
    return " ".join(sentence[:_SENTENCE].split()).translate(table)
