"""Recorded messages: each is a record, and says what its fields say."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import protovalidate

from adapters.health.hl7v2 import Hl7Message, Hl7v2, Hl7v2Options
from adapters.sdk.feed import FeedConfig
from adapters.sdk.message import Undecodable
from tests.adapters.health.hl7v2.hl7_messages import decoded


class _Hl7(Hl7v2):
    """The adapter at a fixed time."""

    def now(self) -> datetime:
        return datetime(2026, 11, 24, tzinfo=UTC)


def test_every_recorded_message_is_a_valid_record(feeds_folder: Path) -> None:
    """ADT are movements, the rest reports; comments between messages are refused."""
    feed = FeedConfig(id="h", adapter="health/hl7v2", agency="health", source="drop:x")
    reader, validator = _Hl7(feed, Hl7v2Options()), protovalidate.Validator()
    counts: Counter[str] = Counter()
    for file in sorted((feeds_folder / "hl7v2").iterdir()):
        if file.suffix not in {".hl7", ".txt"}:
            continue
        for item in decoded(reader, file.read_bytes()):
            if isinstance(item, Undecodable):
                counts[item.cause] += 1
                assert item.raw.startswith((b"//", b"/*"))
                continue
            assert isinstance(item, Hl7Message)
            for found in reader.translate(item):
                assert not validator.collect_violations(found.record)
                counts[found.record.WhichOneof("body") or ""] += 1
    print(f"\nhl7v2: {dict(counts)}")

    assert counts == {"health_movement": 7, "station_report": 21, "not_hl7": 12}


def test_movements_say_what_the_fields_say(feeds_folder: Path) -> None:
    """Read by hand: PV1-2, PV1-3, PV1-6, EVN."""
    feed = FeedConfig(id="h", adapter="health/hl7v2", agency="health", source="drop:x")
    reader = _Hl7(feed, Hl7v2Options())
    read = {}
    for name in ("ADT-A01-01", "ADT-A40-01", "ADT01-23", "ADT04-28"):
        (item,) = decoded(reader, (feeds_folder / "hl7v2" / f"{name}.hl7").read_bytes())
        assert isinstance(item, Hl7Message)
        (found,) = reader.translate(item)
        body = found.record.health_movement
        at = found.record.observed_at.ToJsonString()
        read[name] = (at, body.facility_id, body.ward, body.patient_class, body.trigger_event)

    assert read == {
        "ADT-A01-01": ("2021-08-17T13:19:43.400Z", "HOMERTON UNIVER", "HUH AE OMU", "P", "A01"),
        "ADT-A40-01": ("2019-04-23T12:46:37Z", "Ntierprise Clinic", "", "", "A40"),
        "ADT01-23": ("2005-01-09T21:55:02Z", "1", "PREOP", "I", "A01"),
        "ADT04-28": ("2018-10-16T19:55:43Z", "RES General Hospital", "3N", "I", "A04"),
    }
