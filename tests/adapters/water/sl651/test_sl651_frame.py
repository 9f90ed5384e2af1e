"""Cutting SL 651 frames out of bytes that were damaged on their way."""

from datetime import datetime

from adapters.sdk.message import Undecodable
from adapters.water.sl651 import Frame, Sl651Decoder
from ops.demo import frames

NOON = datetime(2024, 6, 1, 12, 0)  # noqa: DTZ001 - frames carry local time
GOOD = frames.sl651(
    station="0012345678",
    station_class="48",
    serial=1,
    sent=NOON,
    observed=NOON,
    elements=[("39", 8.123, 4, 3)],
)
ONE_BYTE_LESS = GOOD[:20] + GOOD[21:]


def decoded(*chunks: bytes) -> list[tuple[bytes, str]]:
    """Return the bytes and the cause of each piece; a frame has no cause."""
    decoder = Sl651Decoder()
    pieces: list[Frame | Undecodable] = []
    for chunk in chunks:
        pieces += decoder.feed(chunk)
    pieces += decoder.close()
    return [(one.raw, one.cause if isinstance(one, Undecodable) else "") for one in pieces]


def test_a_frame_that_lost_a_byte_costs_itself_alone() -> None:
    """Its length reaches one byte into the next frame, which is taken all the same."""
    whole = decoded(ONE_BYTE_LESS + GOOD)
    between_the_marks_bytes = decoded(ONE_BYTE_LESS + GOOD[:1], GOOD[1:])

    assert whole == between_the_marks_bytes == [(ONE_BYTE_LESS, "crc"), (GOOD, "")]


def test_noise_is_told_of_in_one_piece_however_it_comes() -> None:
    """The network's cuts are not the station's."""
    assert decoded(b"noi", b"se", GOOD) == decoded(b"noise" + GOOD)
    assert decoded(b"noise" + GOOD) == [(b"noise", "garbage"), (GOOD, "")]


def test_endless_noise_is_told_of_in_pieces_while_it_comes() -> None:
    """What has no end is not held until it has."""
    decoder = Sl651Decoder()

    pieces = decoder.feed(b"x" * 10_000)

    assert [len(piece.raw) for piece in pieces] == [4096, 4096]
