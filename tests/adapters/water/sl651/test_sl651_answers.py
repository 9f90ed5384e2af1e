"""What is answered, byte for byte, to each kind of frame."""

from pathlib import Path

import pytest

from adapters.sdk.adapter import Outcome
from adapters.water.sl651 import crc
from tests.adapters.water.sl651.sl651_frames import (
    STATION,
    adapter,
    body,
    framed,
    only_frame,
    packets,
    picture,
)

REPORT = body("392300010490")
TIME = "240601123000"
"""Half past twelve in Beijing, when the tests' centre answers."""


def answered(raw: bytes, **options: object) -> str:
    """Return what a frame is answered, less the checksum, which must be right."""
    answer = adapter(**options).answer(only_frame(raw), Outcome.STORED)
    assert crc(answer[:-2]).to_bytes(2, "big") == answer[-2:] or not answer
    return answer[:-2].hex().upper()


def test_a_report_is_confirmed_with_its_serial_number_and_the_centres_time() -> None:
    """Station, then centre; eight bytes of body (tables 21 and 33)."""
    assert answered(framed(REPORT)) == f"7E7E{STATION}011234328008020007{TIME}06"


@pytest.mark.parametrize("mode", ["M2", "M3", "M4"])
def test_each_mode_with_answers_confirms_a_report(mode: str) -> None:
    """Only M1 is without a downlink frame (clause 6.3.1.2)."""
    assert answered(framed(REPORT), mode=mode)


def test_stations_that_expect_no_answer_get_none() -> None:
    """Mode M1 (clause 6.3.1.2 a)."""
    assert answered(framed(REPORT), mode="M1") == ""


def test_a_frame_after_which_more_follows_is_answered_with_ack() -> None:
    """ETB announces more, and ACK says go on (table 10)."""
    assert answered(framed(REPORT, end="17")).endswith(f"{TIME}06")
    assert answered(framed(REPORT, end="17"), last="EOT").endswith(f"{TIME}06")


@pytest.mark.parametrize(("last", "character"), [("EOT", "04"), ("ESC", "1B")])
def test_a_feed_says_whether_stations_hang_up_or_stay(last: str, character: str) -> None:
    """EOT lets a station hang up; ESC keeps it on line for ten minutes (table 10)."""
    assert answered(framed(REPORT), last=last).endswith(f"{TIME}{character}")


def test_packets_are_confirmed_once_by_a_frame_of_their_kind() -> None:
    """SYN, how many packets, and the last one's number (table 23, note a)."""
    raw = b"".join(packets(picture(bytes(100)), 30))
    total = only_frame(raw).packets

    assert answered(raw) == f"7E7E{STATION}01123436800B16{total:03X}{total:03X}0007{TIME}06"


def test_a_message_in_one_packet_is_confirmed_as_a_packet() -> None:
    """The start character says how it was sent, not how much there was."""
    (raw,) = packets(picture(bytes(10)), 300)

    assert answered(raw) == f"7E7E{STATION}01123436800B160010010007{TIME}06"


def test_a_keep_alive_is_not_answered() -> None:
    """It has no downlink frame (clause 6.6.4.2)."""
    assert answered(framed(f"0007{TIME}", function="2F")) == ""


@pytest.mark.parametrize("function", ["37", "38", "3A", "45", "46", "50", "51"])
def test_the_response_to_a_query_is_confirmed(function: str) -> None:
    """Downlink frames of M4 are queries and confirmations (clause 6.3.1.2 d)."""
    assert answered(framed(REPORT, function=function)).endswith(f"{TIME}06")


@pytest.mark.parametrize("function", ["40", "42", "47", "48", "49", "4A", "4B", "4F"])
def test_the_response_to_a_command_is_left_to_whoever_gave_it(function: str) -> None:
    """A station changes its password when it gets the final confirmation (6.6.4.23)."""
    assert answered(framed(REPORT, function=function)) == ""


def test_what_is_in_quarantine_is_confirmed_too() -> None:
    """Its bytes are safe, and sending them again would not mend them."""
    frame = only_frame(framed("00", function="32"))

    assert adapter().answer(frame, Outcome.QUARANTINED)


def test_a_confirmation_is_a_recorded_one_but_for_its_clock(feeds_folder: Path) -> None:
    """A real centre says ACK also to a frame that ended with ETX, and so do we."""
    file = feeds_folder / "sl651" / "shishi1yi_timed32_updown.hex"
    down, up = (bytes.fromhex(line) for line in file.read_text().split())

    ours = adapter().answer(only_frame(up), Outcome.STORED)

    assert ours[:16] == down[:16]
    assert ours[22:-2] == down[22:-2]


def test_a_confirmation_tells_the_time_of_each_second() -> None:
    """The digits are kept for one second only."""
    sl651 = adapter()
    frame = only_frame(framed(REPORT))
    before = sl651.answer(frame, Outcome.STORED)

    sl651.time = sl651.time.replace(second=7)
    after = sl651.answer(frame, Outcome.STORED)

    assert before[16:22].hex() == "240601123000"
    assert after[16:22].hex() == "240601123007"
