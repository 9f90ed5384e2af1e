"""A sender is told what became of its message, in its own delimiters and frame."""

import pytest

from adapters.health.hl7v2.acknowledge import code_for
from adapters.sdk.adapter import Outcome
from adapters.sdk.errors import Untranslatable
from adapters.sdk.message import Undecodable
from tests.adapters.health.hl7v2.hl7_messages import (
    Hl7,
    adapter,
    adt,
    decoded,
    framed,
    message,
    one,
    translated,
)


def _answer(reader: Hl7, raw: bytes, outcome: Outcome) -> list[list[str]]:
    """Return the fields of the segments of an answer."""
    text = reader.answer(one(reader, raw), outcome).decode()
    return [line.split("|") for line in text.split("\r") if line]


@pytest.mark.parametrize("outcome", [Outcome.STORED, Outcome.DUPLICATE])
def test_what_is_stored_is_accepted(outcome: Outcome) -> None:
    """Also a resend: its sender asks again whether it was received."""
    msh, msa = _answer(adapter(), adt(control_id="C-7"), outcome)

    assert msh[2:6] == ["BUS", "CITY", "HIS", "NJ1"]
    assert (msh[8], msh[10], msh[11]) == ("ACK^A01^ACK", "P", "2.5.1")
    assert msh[9]
    assert msa == ["MSA", "AA", "C-7"]


def test_what_is_in_quarantine_is_an_error_with_a_sentence() -> None:
    """MSA-3 says which field was wrong and what was expected, delimiters escaped."""
    reader = adapter()
    wrong = one(reader, message("PV1|1|I|ICU", time="soon"))
    with pytest.raises(Untranslatable):
        list(reader.translate(wrong))

    answer = reader.answer(wrong, Outcome.QUARANTINED).decode()

    msa = answer.split("\r")[1].split("|")
    assert msa[:3] == ["MSA", "AE", "C1"]
    assert msa[3].startswith("MSH-7 is 'MSH-7 is ***")
    assert len(msa) == 4


def test_the_answer_is_framed_as_the_message_was() -> None:
    """Over MLLP it needs a frame; a transport that took the frame off puts it on again."""
    reader = adapter()

    assert reader.answer(one(reader, framed(adt())), Outcome.STORED).startswith(b"\x0bMSH|")
    assert reader.answer(one(reader, framed(adt())), Outcome.STORED).endswith(b"\r\x1c\r")
    assert reader.answer(one(reader, adt()), Outcome.STORED).startswith(b"MSH|")


def test_what_cannot_be_read_is_rejected() -> None:
    """AR, and nothing of what was sent comes back."""
    (item,) = decoded(adapter(), framed(b"PID|1||P-77"))

    assert isinstance(item, Undecodable)
    assert item.answer.startswith(b"\x0bMSH|^~\\&|LIANDONG|")
    assert b"\rMSA|AR||" in item.answer
    assert b"P-77" not in item.answer


@pytest.mark.parametrize(
    ("accept", "application", "good", "code"),
    [
        ("", "", True, "AA"),
        ("", "", False, "AE"),
        ("AL", "", True, "CA"),
        ("AL", "NE", False, "CE"),
        ("AL", "AL", True, "CA"),
        ("NE", "AL", True, "AA"),
        ("NE", "NE", True, ""),
        ("ER", "", True, ""),
        ("ER", "", False, "CE"),
        ("ER", "AL", True, "AA"),
        ("SU", "", True, "CA"),
        ("SU", "", False, ""),
        ("", "AL", False, "AE"),
        ("al", "ne", True, "CA"),
        ("ne", "", True, ""),
        ("Y", "N", True, "AA"),
        ("Y", "AL", False, "AE"),
    ],
)
def test_enhanced_mode_says_when_an_answer_is_wanted(
    accept: str, application: str, good: bool, code: str
) -> None:
    """HL7 table 0155, and one answer to a message at most."""
    assert code_for(accept, application, good=good) == code


def test_a_sender_that_wants_no_answer_gets_none() -> None:
    """MSH-15 and MSH-16 both NE."""
    reader = adapter()

    assert reader.answer(one(reader, adt(ack="NE|NE")), Outcome.STORED) == b""


def test_an_acknowledgement_is_not_acknowledged() -> None:
    """Else two systems would answer each other for ever."""
    reader = adapter()
    raw = message("MSA|AA|1", kind="ACK")

    assert translated(reader, raw)
    assert reader.answer(one(reader, raw), Outcome.STORED) == b""


def test_the_answer_speaks_the_message_s_delimiters() -> None:
    """A component separator of its own comes back."""
    reader = adapter()
    raw = b"MSH|!~\\&|A|B|C|D|20260701||ADT!A04|7|P|2.3\rPV1|1|O|W\r"

    msh, msa = _answer(reader, raw, Outcome.STORED)

    assert (msh[1], msh[8], msa[2]) == ("!~\\&", "ACK!A04", "7")


def test_the_answer_speaks_the_message_s_character_set() -> None:
    """Names of systems come back in the bytes in which they came."""
    reader = adapter()
    raw = adt(charset="GB 18030-2000").replace(b"HIS", "医院".encode("gb18030"))

    answer = reader.answer(one(reader, raw), Outcome.STORED)

    assert "医院" in answer.decode("gb18030")
    assert "GB 18030-2000" in answer.decode("gb18030")


@pytest.mark.parametrize(
    ("version", "kind"),
    [
        ("2.2", "ACK^A01"),
        ("2.3", "ACK^A01"),
        ("2.3.1", "ACK^A01^ACK"),
        ("2.8", "ACK^A01^ACK"),
        ("", "ACK^A01^ACK"),
    ],
)
def test_the_answer_names_its_structure_where_the_version_has_one(version: str, kind: str) -> None:
    """MSH-9.3 came with 2.3.1; of a general acknowledgement it is always ACK (2.14.1)."""
    msh, _ = _answer(adapter(), adt(version=version), Outcome.STORED)

    assert msh[8] == kind
