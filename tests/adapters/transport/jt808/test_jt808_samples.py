"""Frames of real terminals and of another implementation, against an independent reading.

The terminals' frames were published as a decoder saw them, after unescaping: some hold a
bare 7E, some a bare 7D 01. So the bytes between their flags are escaped again, as clause
4.4.2 has them on the wire; as published, those are undecodable.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from adapters.sdk.errors import Untranslatable
from adapters.sdk.message import Undecodable
from adapters.transport.jt808 import Frame
from adapters.transport.jt808.frame import escape
from liandong.record.v1.record_pb2 import Record
from tests.adapters.transport.jt808.jt808_frames import adapter, said

Tell = Callable[[str], None]
PLAIN = {"03": 10, "04": 1, "30": 1, "31": 1}
FIELDS = {("01", 8), ("02", 4)}


@pytest.fixture
def samples(feeds_folder: Path) -> Path:
    """Return the folder of samples."""
    return feeds_folder / "jt808"


@pytest.fixture
def tell(capsys: pytest.CaptureFixture[str]) -> Tell:
    """Return what prints a line past pytest's capture: the counts are to be seen."""

    def say(line: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"{line}\n")

    return say


def on_the_wire(file: Path) -> list[bytes]:
    """Return a file's frames as they were sent."""
    frames = [bytes.fromhex(line) for line in file.read_text().split()]
    if file.name.startswith("traccar"):
        return [b"\x7e" + escape(frame[1:-1]) + b"\x7e" for frame in frames]
    return frames


def decoded(raw: bytes) -> Frame | Undecodable:
    """Return what a frame alone is."""
    decoder = adapter().decoder()
    (piece,) = decoder.feed(raw) + decoder.close()
    return piece


def agrees(record: Record, expected: dict[str, Any]) -> None:
    """Check a vehicle against the independent reading of its message.

    That one gives a latitude and longitude whatever bit 1 of the status says and whatever
    they are; here they are a point only when there is a fix and they are not 0/0.
    """
    vehicle, attributes = record.traffic_vehicle, said(record)
    point = record.location.point
    located = expected["fixed"] and (expected["lat"], expected["lon"]) != (0, 0)
    assert vehicle.has_fix == located == record.location.HasField("point")
    if located:
        if int(expected["status"], 16) & 0x20 == 0:
            assert point.latitude_deg == pytest.approx(expected["lat"], abs=1e-9)
            assert point.longitude_deg == pytest.approx(expected["lon"], abs=1e-9)
        assert point.altitude_m == expected["alt_m"]
    elif (expected["lat"], expected["lon"]) != (0, 0):
        assert float(attributes["latitude"]) == expected["lat"]
        assert float(attributes["longitude"]) == expected["lon"]
    assert vehicle.ignition_on == expected["acc"]
    assert vehicle.speed_m_s * 3.6 == pytest.approx(expected["speed_kmh"])
    assert vehicle.course_deg == expected["course"]
    assert attributes["status"] == expected["status"]
    assert len(vehicle.alarms) == int(expected["alarm"], 16).bit_count()
    observed = record.observed_at.ToDatetime(UTC).astimezone(ZoneInfo("Asia/Shanghai"))
    assert f"{observed:%y%m%d%H%M%S}" == expected["time_bcd"]


def extras_agree(record: Record, expected: list[dict[str, str]]) -> None:
    """Check that every extra is a field or an attribute."""
    vehicle = record.traffic_vehicle
    kept = [(one.key, one.value) for one in vehicle.attributes]
    for extra in expected:
        code, raw = extra["id"], extra["raw"].upper()
        if (code, len(raw)) in FIELDS:
            value = vehicle.mileage_km if code == "01" else vehicle.fuel_l
            assert value == pytest.approx(int(raw, 16) / 10)
        elif code in PLAIN:
            assert float(dict(kept)[code]) == int(raw, 16) / PLAIN[code]
        else:
            assert (code, raw) in kept


def test_every_sample_agrees_with_the_independent_reading(samples: Path, tell: Tell) -> None:
    """Headers and positions are the same; what terminals send becomes records, all of it."""
    expected: dict[str, list[dict[str, Any]]] = json.loads((samples / "expected.json").read_text())
    became: Counter[str] = Counter()
    for name, readings in expected.items():
        jt808 = adapter()
        for raw, reading in zip(on_the_wire(samples / name), readings, strict=True):
            frame = decoded(raw)
            assert isinstance(frame, Frame), frame
            assert f"{frame.id:04X}" == reading["msg"]
            assert frame.terminal.hex() == reading["phone"]
            assert frame.serial == reading["seq"]
            assert len(frame.body) == reading["body_len"]
            assert (frame.version >= 0) == reading["v2019"]
            assert frame.split == reading["subpkg"]
            if frame.id >= 0x8000:
                with pytest.raises(Untranslatable) as caught:
                    jt808.translate(frame)
                assert caught.value.cause == "direction"
                became["of platforms, to quarantine"] += 1
                continue
            records = [one.record for one in jt808.translate(frame)]
            assert records
            became["of terminals"] += 1
            became.update(record.name.split("/")[1] for record in records)
            if "loc" in reading:
                agrees(records[0], reading["loc"])
                extras_agree(records[0], reading["loc"]["extra"])
    tell(f"\njt808 samples: {dict(became)}")
    assert became["of terminals"] == 62 + 26
    assert became["of platforms, to quarantine"] == 38


def test_the_nonconforming_are_undecodable_and_kept(samples: Path, tell: Tell) -> None:
    """Wrong lengths and check codes are told apart; the four that were only unescaped are right."""
    raws = on_the_wire(samples / "traccar_nonconforming.hex")
    decoder = adapter().decoder()

    pieces = decoder.feed(b"".join(raws)) + decoder.close()

    causes = Counter("frame" if isinstance(p, Frame) else p.cause for p in pieces)
    tell(f"\njt808 nonconforming: {dict(causes)}")
    assert [piece.raw for piece in pieces] == raws
    assert causes == {"length": 7, "check": 4, "frame": 4}


def test_how_long_a_position_takes(samples: Path, tell: Tell) -> None:
    """Print it; what is asserted is that all of them became records."""
    frames = [
        raw for raw in on_the_wire(samples / "traccar_devices.hex") if raw[1:3] == b"\x02\x00"
    ]
    jt808, content, best = adapter(), b"".join(frames) * 10, timedelta.max
    count = 0
    for _ in range(5):
        start = time.process_time()
        pieces = jt808.decoder().feed(content)
        for frame in pieces:
            assert isinstance(frame, Frame)
            for one in jt808.translate(frame):
                count += bool(one.record.SerializeToString())
        best = min(best, timedelta(seconds=time.process_time() - start))
    each = best / (len(frames) * 10)
    tell(f"\njt808: {each / timedelta(microseconds=1):.0f} us of processor time a 0200 frame")
    assert count == len(frames) * 50
