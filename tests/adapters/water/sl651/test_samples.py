"""Recorded frames of telemetry stations, against an independent reading of them.

Disagreements with ``expected.json``, and the clause: the downlink frame of
``shishi1yi_timed32_updown.hex`` is what a centre sends (direction 8, clause 6.2.1), so
an uplink port puts it in quarantine.
"""

import json
from pathlib import Path

from adapters.sdk.feed import FeedConfig
from adapters.sdk.message import Undecodable
from adapters.water.sl651 import Frame, Sl651, Sl651Decoder
from adapters.water.sl651 import Sl651Options
from adapters.water.sl651.elements import read_body


def adapter() -> Sl651:
    """Make an adapter with default options."""
    feed = FeedConfig(id="w", adapter="water/sl651", agency="water", source="tcp://127.0.0.1:0")
    return Sl651(feed, Sl651Options())


def test_good_frames_are_records_and_bad_ones_are_told(feeds_folder: Path) -> None:
    """Whatever a file holds is accounted for."""
    counts = {"frames": 0, "messages": 0, "records": 0, "undecodable": 0}
    expected = json.loads((feeds_folder / "sl651" / "expected.json").read_text())
    for file in sorted((feeds_folder / "sl651").glob("*.hex")):
        decoder = Sl651Decoder()
        lines = file.read_text().split()
        found = decoder.feed(b"".join(map(bytes.fromhex, lines))) + decoder.close()
        good = [message for message in found if isinstance(message, Frame)]
        bad = [message for message in found if isinstance(message, Undecodable)]
        entries = expected[file.name]
        uplinks = [entry for entry in entries if entry["crc_ok"] and entry["dir"] == "up"]
        assert sum(max(message.packets, 1) for message in good) == len(uplinks)
        assert len(bad) == len(entries) - len(uplinks)
        assert b"".join(message.raw for message in found) == b"".join(map(bytes.fromhex, lines))
        records = [one.record for message in good for one in adapter().translate(message)]
        assert all(record.WhichOneof("body") for record in records)
        counts["frames"] += len(lines)
        counts["messages"] += len(good)
        counts["records"] += len(records)
        counts["undecodable"] += len(bad)
    print("sl651", counts)


def test_values_agree_with_the_independent_reading(feeds_folder: Path) -> None:
    """Every decimal value of every element is the same."""
    expected = json.loads((feeds_folder / "sl651" / "expected.json").read_text())
    compared = 0
    for name, entries in expected.items():
        lines = (feeds_folder / "sl651" / name).read_text().split()
        for line, entry in zip(lines, entries, strict=True):
            told = {
                int(element["id"], 16): float(element["value"])
                for element in entry.get("elements", ())
                if _is_number(element.get("value")) and len(element["id"]) == 2
            }
            (message, *_) = [*Sl651Decoder().feed(bytes.fromhex(line)), None]
            if not told or not isinstance(message, Frame) or message.function not in range(48, 59):
                continue
            ours = {
                value.code: value.number
                for section in read_body(message).sections
                for group in section.groups
                for value in group.values
            }
            for code, value in told.items():
                if code in ours:
                    assert ours[code] == value
                    compared += 1
    assert compared >= 20


def _is_number(value: object) -> bool:
    try:
        float(str(value))
    except ValueError:
        return False
    return True
