"""The recorded document: seven hospitals of a HAVE 2.0 draft."""

from collections import Counter
from pathlib import Path

import protovalidate

from adapters.health.have import Have, HaveDecoder, HaveFacility, HaveOptions
from adapters.sdk.feed import FeedConfig


def test_every_recorded_hospital_is_a_valid_record(feeds_folder: Path) -> None:
    """Names, beds and colours as they stand in the file."""
    feed = FeedConfig(id="h", adapter="health/have", agency="health", source="drop:x")
    reader, decoder = Have(feed, HaveOptions()), HaveDecoder()
    validator = protovalidate.Validator()
    decoder.feed((feeds_folder / "edxl-have" / "HAVE-2.0-wd.xml").read_bytes())
    records = []
    for item in decoder.close():
        assert isinstance(item, HaveFacility)
        (found,) = reader.translate(item)
        assert not validator.collect_violations(found.record)
        records.append(found.record)
    beds = [bed for record in records for bed in record.health_facility.beds]
    services = {name for record in records for name in record.health_facility.services}
    print(
        f"\nedxl-have: {len(records)} facilities, {len(beds)} bed counts, {len(services)} services"
    )

    assert len(records) == 7
    assert {record.name.rpartition("/")[2] for record in records} >= {
        "NB-SaintJohnRegional",
        "ME-CalaisRegional",
    }
    counts = Counter((bed.available, bed.baseline) for bed in beds)
    assert counts == {(6, 8): 6, (6, 6): 1, (2, 8): 1}
    assert sum(record.health_facility.emergency_capacity.red for record in records) == 12
    assert all(record.location.HasField("point") for record in records)
