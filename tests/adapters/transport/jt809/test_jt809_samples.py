"""Frames of another implementation's documents and tests.

No independent reading comes with them. Of 17 frames seven are not for a superior platform
or are no frames: 9400 and 9500 go down (5), one has a length of 72 and 73 bytes (line 9),
one a wrong CRC (15). Line 11 has a sub-message whose length does not fit, line 16 is
encrypted by constants that nobody published. Line 7 is line 8 before its encryption, with
the flag set: read as what it says it is, it is a login of nonsense.
"""

import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.sdk.errors import Untranslatable
from adapters.sdk.message import Undecodable
from liandong.record.v1.record_pb2 import Record
from tests.adapters.transport.jt809.jt809_frames import adapter, said

# With these line 7's body encrypts to line 8's.
CONSTANTS = {"20180920": {"m1": 30_000_000, "ia1": 20_000_000, "ic1": 20_000_000}}


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Return what prints a line past pytest's capture: the counts are to be seen."""

    def say(line: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"{line}\n")

    return say


def readings(folder: Path) -> dict[int, str | Record]:
    """Return each line's record, or why there is none."""
    found: dict[int, str | Record] = {}
    jt809 = adapter(ciphers=CONSTANTS)
    lines = (folder / "jt809" / "smallchi_frames.hex").read_text().split()
    for number, line in enumerate(lines, 1):
        decoder = jt809.decoder()
        (piece,) = decoder.feed(bytes.fromhex(line)) + decoder.close()
        if isinstance(piece, Undecodable):
            found[number] = piece.cause
            continue
        try:
            (one,) = jt809.translate(piece)
        except Untranslatable as error:
            found[number] = error.cause
        else:
            found[number] = one.record
    return found


def test_every_sample_is_a_record_or_says_why_not(
    feeds_folder: Path, tell: Callable[[str], None]
) -> None:
    """None is lost."""
    found = readings(feeds_folder)

    causes = {line: seen for line, seen in found.items() if isinstance(seen, str)}
    kinds = Counter(seen.name.split("/")[1] for seen in found.values() if isinstance(seen, Record))
    tell(f"\njt809 samples: {dict(kinds)}, to quarantine {dict(Counter(causes.values()))}")
    assert kinds == {"traffic.vehicle": 1, "station.report": 7}
    assert causes == {
        **dict.fromkeys((1, 2, 3, 5, 13), "direction"),
        9: "length",
        11: "body",
        15: "crc",
        16: "encrypted",
    }


def test_what_the_samples_say_is_read(feeds_folder: Path) -> None:
    """Values that a person reads in the hexadecimal digits."""
    found = {
        line: seen for line, seen in readings(feeds_folder).items() if isinstance(seen, Record)
    }

    assert said(found[8]) == {
        "user": "20180920",
        "downlink_ip": "127.0.0.1",
        "downlink_port": "809",
        "result": "0",
    }
    moving = found[10]
    assert moving.traffic_vehicle.plate == "测试报警"
    assert moving.location.point.latitude_deg == 34.674454
    assert moving.location.point.longitude_deg == 112.414833
    assert moving.observed_at.ToDatetime(UTC) == datetime(2025, 9, 29, 9, 54, 43, tzinfo=UTC)
    assert said(found[12])["info"] == "超时停车"
    assert said(found[4])["sim"] == "222222222222"
    assert found[17].station_report.station_id == "粤A12345-2"
