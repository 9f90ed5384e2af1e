"""Frames made for the tests, and what turns them into records."""

from datetime import UTC, datetime
from typing import Any

from adapters.sdk.feed import FeedConfig, options_of
from adapters.sdk.message import Undecodable
from adapters.water.sl651 import Frame, Sl651, Sl651Decoder, Sl651Options, crc
from liandong.record.v1.record_pb2 import Record

STATION = "0063212345"
NOW = datetime(2024, 6, 1, 4, 30, tzinfo=UTC)
"""12:30 in Beijing."""
SENT = "240601120005"
OBSERVED = "2406011200"
NOON = int(datetime(2024, 6, 1, 4, 0, tzinfo=UTC).timestamp())


class AtNoon(Sl651):
    """The adapter, half an hour after noon of a day in June, unless told otherwise."""

    time = NOW

    def now(self) -> datetime:
        """Return that moment."""
        return self.time


def adapter(**options: Any) -> AtNoon:
    """Return an adapter with these options."""
    feed = FeedConfig(
        id="water.sl651",
        adapter="water/sl651",
        agency="water",
        source="tcp://127.0.0.1:0",
        district="320100",
        options=options,
    )
    return AtNoon(feed, options_of(feed, "options", Sl651Options))


def sealed(content: str) -> bytes:
    """Return bytes with the checksum that belongs to them."""
    raw = bytes.fromhex(content)
    return raw + crc(raw).to_bytes(2, "big")


def framed(
    body: str,
    *,
    function: str = "32",
    station: str = STATION,
    direction: str = "0",
    start: str = "02",
    end: str = "03",
) -> bytes:
    """Return a frame around a body in hexadecimal digits."""
    length = f"{direction}{len(body) // 2:03X}"
    return sealed(f"7E7E01{station}1234{function}{length}{start}{body}{end}")


def body(
    elements: str,
    *,
    station: str = STATION,
    station_class: str = "48",
    serial: int = 7,
    sent: str = SENT,
    observed: str = OBSERVED,
) -> str:
    """Return the body of a report with these elements, in hexadecimal digits."""
    return f"{serial:04X}{sent}F1F1{station}{station_class}F0F0{observed}{elements}"


def packets(whole: str, size: int, *, function: str = "36", station: str = STATION) -> list[bytes]:
    """Return a body in packets of ``size`` bytes each."""
    pieces = [whole[at : at + 2 * size] for at in range(0, len(whole), 2 * size)]
    return [
        framed(
            f"{len(pieces):03X}{number:03X}{piece}",
            function=function,
            station=station,
            start="16",
            end="03" if number == len(pieces) else "17",
        )
        for number, piece in enumerate(pieces, start=1)
    ]


def picture(jpeg: bytes, *, serial: int = 7) -> str:
    """Return the body of a picture, in hexadecimal digits."""
    return body(f"F3F3{jpeg.hex()}", serial=serial)


def decoded(*chunks: bytes, decoder: Sl651Decoder | None = None) -> list[Frame | Undecodable]:
    """Return what a decoder makes of bytes that come in these chunks, and then end."""
    decoder = decoder or Sl651Decoder()
    found = [message for chunk in chunks for message in decoder.feed(chunk)]
    return found + decoder.close()


def only_frame(raw: bytes) -> Frame:
    """Return the one message of these bytes."""
    (frame,) = decoded(raw)
    assert isinstance(frame, Frame), frame
    return frame


def records(raw: bytes, sl651: Sl651 | None = None) -> list[Record]:
    """Return the records of a frame."""
    return [one.record for one in (sl651 or adapter()).translate(only_frame(raw))]


def only_record(raw: bytes, sl651: Sl651 | None = None) -> Record:
    """Return the one record of a frame."""
    (record,) = records(raw, sl651)
    return record
