"""What a terminal is told, and when it is told nothing."""

import struct
from datetime import UTC, datetime

import pytest

from adapters.sdk.adapter import Outcome
from adapters.transport.jt808 import Jt808
from adapters.transport.jt808.answers import code_for
from tests.adapters.transport.jt808.jt808_frames import (
    PHONE,
    adapter,
    closed,
    message,
    only_frame,
    position,
    unescaped,
)


def told(raw: bytes, outcome: Outcome = Outcome.STORED, jt808: Jt808 | None = None) -> bytes:
    """Return header and body of the answer to a frame, or nothing."""
    answer = (jt808 or adapter()).answer(only_frame(raw), outcome)
    return unescaped(answer)[:-1] if answer else b""


@pytest.mark.parametrize("outcome", [Outcome.STORED, Outcome.DUPLICATE])
def test_a_stored_message_is_confirmed(outcome: Outcome) -> None:
    """8001 repeats serial number and message ID, with result 0."""
    answer = told(message(0x0200, position(), serial=300), outcome)

    assert answer[:4].hex() == "80010005"
    assert answer[4:10].hex() == PHONE
    assert answer[12:].hex() == "012c020000"


def test_an_answer_speaks_the_terminals_edition() -> None:
    """Bit 14, the version and the number of 20 digits come back."""
    answer = told(message(0x0002, serial=300, version=1))

    assert answer[:5].hex() == "8001400501"
    assert answer[5:15].hex() == PHONE.rjust(20, "0")
    assert answer[17:].hex() == "012c000200"


@pytest.mark.parametrize(("encryption", "result"), [(0, 2), (1, 3)])
def test_a_message_in_quarantine_is_answered(encryption: int, result: int) -> None:
    """It is safe and must not be sent again: wrong, or unsupported where it is encrypted."""
    head = struct.pack(">HH6sH", 0x0200, 1 | encryption << 10, bytes.fromhex(PHONE), 7)

    assert told(closed(head + b"x"), Outcome.QUARANTINED)[-1] == result


@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_registration_is_given_a_code(outcome: Outcome) -> None:
    """8100: serial number, result 0, authentication code; the same after a restart."""
    answers = {told(message(0x0100, bytes(37), serial=300), outcome) for _ in range(2)}

    (answer,) = answers
    assert answer[:2].hex() == "8100"
    assert answer[12:15].hex() == "012c00"
    assert answer[15:].decode() == code_for("transport.jt808", PHONE.lstrip("0"))


@pytest.mark.parametrize("version", [-1, 1])
def test_only_the_issued_code_is_let_in_where_the_feed_says_so(version: int) -> None:
    """By default any code is, because terminals bring codes of earlier platforms."""
    code = code_for("transport.jt808", PHONE.lstrip("0")).encode()
    right, wrong = (
        message(0x0102, bytes([len(body)]) * (version > 0) + body, version=version)
        for body in (code, b"guess")
    )
    strict = adapter(authentication="issued")

    assert [told(raw, jt808=strict)[-1] for raw in (right, wrong)] == [0, 1]
    assert told(wrong)[-1] == 0


def test_a_question_for_the_time_is_answered_in_utc() -> None:
    """8004: six bytes of BCD."""
    answer = told(message(0x0004, version=1))

    assert answer[:2].hex() == "8004"
    time = datetime.strptime(answer[17:].hex(), "%y%m%d%H%M%S").replace(tzinfo=UTC)
    assert abs((datetime.now(UTC) - time).total_seconds()) < 60


@pytest.mark.parametrize("message_id", [0x0001, 0x0104, 0x0107, 0x0201, 0x0500, 0x0700, 0x8001])
def test_a_reply_is_not_answered(message_id: int) -> None:
    """It ends a dialogue; an answer to an answer would begin one without end."""
    assert told(message(message_id, bytes(40))) == b""


def test_serial_numbers_of_answers_count_up() -> None:
    """They are the platform's own."""
    jt808 = adapter()

    serials = [told(message(0x0002), jt808=jt808)[10:12].hex() for _ in range(3)]

    assert serials == ["0000", "0001", "0002"]
