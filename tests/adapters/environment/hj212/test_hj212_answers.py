"""What the platform says to a logger."""

import pytest

from adapters.environment.hj212 import Frame, framed
from adapters.sdk.adapter import Outcome
from tests.adapters.environment.hj212.hj212_frames import (
    MN,
    NOON,
    adapter,
    only_frame,
    segment,
    upload,
    whole,
)

PM = "a34004-Rtd=31.5,a34004-Flag=N"


def answer(raw: bytes, outcome: Outcome = Outcome.STORED) -> str:
    """Return the answer's data segment, after reading it as a frame."""
    hj212 = adapter()
    said = hj212.answer(only_frame(raw), outcome)
    if not said:
        return ""
    (piece,) = whole(said)
    assert isinstance(piece, Frame)
    return piece.raw[6:-4].decode()


def test_an_upload_that_asks_is_answered_by_9014() -> None:
    """6.4: same QN, PW and MN, system type 91, nothing in CP."""
    assert answer(upload(PM)) == (
        f"QN=20240601120001000;ST=91;CN=9014;PW=123456;MN={MN};Flag=4;CP=&&&&"
    )


def test_an_upload_that_does_not_ask_is_not_answered() -> None:
    """Bit A of Flag is 0."""
    assert answer(upload(PM, flag=4)) == ""


def test_a_notice_is_answered_by_9013() -> None:
    """A logger that asks for the time sends a notice."""
    assert ";CN=9013;" in answer(upload("PolId=a34004", cn="1013"))


def test_a_reply_is_not_replied_to() -> None:
    """9011 to 9014 end a dialogue."""
    assert answer(upload("QnRtn=1", cn="9011")) == ""


def test_the_answer_speaks_the_senders_version() -> None:
    """2025 frames get its version bits; 2005 frames get the request quoted in CP."""
    assert ";Flag=8;CP=&&&&" in answer(upload(PM, flag=9))
    assert answer(upload(PM, flag=1)) == (
        f"ST=91;CN=9014;PW=123456;MN={MN};Flag=0;CP=&&QN=20240601120001000;CN=2011&&"
    )


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_is_answered(outcome: Outcome) -> None:
    """In quarantine the bytes are safe too, and sending them again would not mend them."""
    assert "9014" in answer(upload(PM, cn="7777"), outcome)


def test_every_packet_has_its_own_answer() -> None:
    """A logger sends the next packet after the answer to this one."""
    assert "9014" in answer(upload(PM, flag=7, packet="PNUM=2;PNO=1;"))


def test_an_answer_is_not_made_from_what_the_sender_could_not_say() -> None:
    """A password of the sender's cannot forge a second field."""
    text = answer(framed(f"QN={NOON}000;ST=22;CN=2011;PW=1,Flag=9;MN=A1;Flag=5;CP=&&{PM}&&"))

    assert text.count("Flag=") == 1


def test_a_log_in_of_2005_is_answered_by_its_own_command() -> None:
    """9021 is not in the standard; loggers that send it wait for 9022 and Logon=1."""
    assert answer(framed(segment("", st="91", cn="9021", flag=1))) == (
        f"ST=91;CN=9022;PW=123456;MN={MN};Flag=0;CP=&&QN=20240601120001000;Logon=1&&"
    )
    assert answer(framed(segment("", st="91", cn="9021", flag=0))) == ""


def test_an_early_loggers_flag_has_another_name() -> None:
    """CmdFlag=1 asks for an answer as Flag=1 does."""
    raw = framed(segment("VER=1", st="91", cn="9021", flag=1).replace("Flag", "CmdFlag"))

    assert "Logon=1" in answer(raw)
