"""Recorded frames of telemetry stations, against an independent reading of them.

Disagreements with ``expected.json``, and the clause:

- It reads the downlink frame of ``shishi1yi_timed32_updown.hex`` like any other. It is
  what a centre sends (direction 8, table 21), so an uplink port puts it in quarantine.
- It reads frames with a wrong checksum. They are not responded to and not believed
  (clause 6.3.1.2 b).
- It gives the packets of a picture by themselves. They are one message (table 22, note a).
- It gives entries (35H, 39H) as raw bytes from the identifier on. They are text to the
  end of the body (table C.1, note c).
"""

import json
from pathlib import Path
from typing import Any

import protovalidate
import pytest

from adapters.sdk.message import Undecodable
from adapters.water.sl651 import Frame
from adapters.water.sl651.content import Content
from adapters.water.sl651.elements import read_body
from tests.adapters.water.sl651.sl651_frames import adapter, decoded

FILES = {
    "handsomestwei_badcrc_32.hex": {"crc": 1},
    "shishi1yi_timed32_updown.hex": {"direction": 1, "messages": 1},
    "yuxiaoyao_picture_36.hex": {"messages": 1},
    "yuxiaoyao_uplink.hex": {"crc": 1, "messages": 16},
}


def frames_of(feeds_folder: Path, name: str) -> list[bytes]:
    """Return a file's frames."""
    return list(map(bytes.fromhex, (feeds_folder / "sl651" / name).read_text().split()))


def readings(feeds_folder: Path, name: str) -> list[tuple[Frame | Undecodable, dict[str, Any]]]:
    """Return each frame beside its independent reading."""
    expected = json.loads((feeds_folder / "sl651" / "expected.json").read_text())[name]
    return [
        (decoded(raw)[0], entry)
        for raw, entry in zip(frames_of(feeds_folder, name), expected, strict=True)
    ]


@pytest.mark.parametrize("name", FILES)
def test_every_frame_of_a_file_is_a_message_or_told(name: str, feeds_folder: Path) -> None:
    """Whatever a file holds is accounted for, and its records hold the schema."""
    frames = frames_of(feeds_folder, name)

    found = decoded(b"".join(frames))

    assert b"".join(message.raw for message in found) == b"".join(frames)
    counts: dict[str, int] = {}
    for message in found:
        key = message.cause if isinstance(message, Undecodable) else "messages"
        counts[key] = counts.get(key, 0) + 1
    assert counts == FILES[name]
    records = [
        one.record
        for message in found
        if isinstance(message, Frame)
        for one in adapter().translate(message)
    ]
    assert not [one for one in records if protovalidate.collect_violations(one)]
    assert bool(records) == ("messages" in counts)


@pytest.mark.parametrize("name", FILES)
def test_heads_agree_with_the_independent_reading(name: str, feeds_folder: Path) -> None:
    """Addresses, function, serial number, times: wherever both read a frame."""
    for message, entry in readings(feeds_folder, name):
        if not isinstance(message, Frame):
            assert not entry["crc_ok"] or entry["dir"] == "down" or entry["stx"] == "16"
            continue
        content = read_body(message)
        section = content.sections[0]
        assert f"{message.function:02X}" == entry["func"]
        assert (message.centre, message.station) == (entry["center"], entry["station"])
        assert message.password.hex().upper() == entry["password"]
        assert (content.serial, content.sent) == (entry["serial"], entry["sent"])
        assert section.station == entry.get("addr", section.station)
        if message.function in range(0x30, 0x3B) and "class" in entry:
            assert f"{section.station_class:02X}" == entry["class"]


def test_values_agree_with_the_independent_reading(feeds_folder: Path) -> None:
    """Every decimal value and every series of every report is the same, and none is more."""
    compared = 0
    for name in FILES:
        for message, entry in readings(feeds_folder, name):
            if not isinstance(message, Frame) or message.function not in range(0x30, 0x3B):
                continue
            ours, theirs = stated(read_body(message)), expected_of(entry)
            assert ours == theirs
            compared += len(ours)
    assert compared == 23


def stated(content: Content) -> list[tuple[str, str, Any]]:
    """Return time, element and value of all that a body states."""
    return sorted(
        (group.observed, element, value)
        for section in content.sections
        for group in section.groups
        for element, value in [
            *((one.label, one.number) for one in group.values),
            *((f"{one.code:02X}", str(one.numbers)) for one in group.series),
        ]
    )


def expected_of(entry: dict[str, Any]) -> list[tuple[str, str, Any]]:
    """Return the same of an independent reading."""
    found: list[tuple[str, str, Any]] = []
    observed = ""
    for element in entry.get("elements", ()):
        observed = element.get("obs", observed)
        series = element.get("mm_5min", element.get("m_5min"))
        if series is not None:
            found.append((observed, element["id"], str(tuple(series))))
        elif "value" in element:
            found.append((observed, element["id"], float(element["value"])))
    return sorted(found)
