"""The recorded dataset of the bindings' own tests."""

from pathlib import Path

import protovalidate

from tests.adapters.transport.gtfs_rt.gtfs_feeds import adapter, translated


def test_every_recorded_entity_is_a_valid_record(feeds_folder: Path) -> None:
    """One vehicle, and the dataset's report."""
    validator = protovalidate.Validator()
    counts: dict[str, int] = {}
    for file in sorted((feeds_folder / "gtfsrt").glob("*.pb")):
        for found in translated(adapter(), file.read_bytes()):
            assert not validator.collect_violations(found.record)
            kind = found.record.WhichOneof("body") or ""
            counts[kind] = counts.get(kind, 0) + 1
            if kind == "traffic_vehicle":
                assert found.record.traffic_vehicle.vehicle_id == "1"
                assert found.record.traffic_vehicle.trip_id == "t0"
                point = found.record.location.point
                assert (point.latitude_deg, point.longitude_deg) == (47.0, -122.0)
    print(f"\ngtfs-rt: {counts}")

    assert counts == {"traffic_vehicle": 1, "station_report": 1}
