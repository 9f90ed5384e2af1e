"""Each entity of a dataset is a record; one that cannot be costs itself alone."""

import contextlib
from typing import Any

import pytest
from google.transit import gtfs_realtime_pb2 as gtfs
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.sdk.errors import Untranslatable
from adapters.sdk.message import Undecodable
from adapters.transport.gtfs_rt import GtfsDataset, GtfsRtDecoder
from liandong.quantity.v1.quantity_pb2 import (
    QUALITY_LEVEL_MISSING,
    QUALITY_LEVEL_SUSPECT,
    QUALITY_LEVEL_VALID,
)
from liandong.station.v1.station_pb2 import REPORT_TYPE_KEEP_ALIVE
from liandong.traffic.v1 import traffic_pb2 as traffic
from tests.adapters.transport.gtfs_rt.gtfs_feeds import (
    START,
    adapter,
    bodies,
    bus,
    closure,
    dataset,
    decoded,
    delays,
    translated,
)


def _attributes(body: Any) -> dict[str, str]:
    """Return a body's attributes."""
    return {each.key: each.value for each in body.attributes}


def test_a_position_is_a_vehicle() -> None:
    """In metres, degrees and kilometres; what has no field is an attribute."""
    (record,) = bodies(adapter(vehicle_type="bus"), dataset(bus(at=START - 5)), "traffic_vehicle")
    body = record.traffic_vehicle

    assert record.name == "transport/traffic.vehicle/8801"
    assert record.observed_at.seconds == START - 5
    assert record.quality.level == QUALITY_LEVEL_VALID
    assert record.provenance.format_version == "2.0"
    assert record.location.district == "320100"
    point = record.location.point
    assert (point.latitude_deg, point.longitude_deg) == (32.05, 118.78)
    assert body.type == traffic.VEHICLE_TYPE_BUS
    assert (body.speed_m_s, body.course_deg, body.mileage_km) == (8.5, 90.0, 12.5)
    assert (body.route_id, body.trip_id, body.stop_id) == ("R1", "T1", "S7")
    assert (body.occupancy_pct, body.has_fix) == (80, True)
    assert not body.HasField("delay_s")
    assert _attributes(body) == {
        "vehicle.label": "Line 1",
        "trip.start_date": "20260701",
        "current_status": "IN_TRANSIT_TO",
    }


def test_a_vehicle_has_the_delay_that_its_trip_has() -> None:
    """When one dataset holds both."""
    (record,) = bodies(adapter(), dataset(bus(), delays()), "traffic_vehicle")

    assert record.traffic_vehicle.delay_s == 120


def test_a_trip_update_is_a_report_of_its_stops() -> None:
    """No body of the schema holds arrivals, so each stop is an attribute."""
    report, _ = bodies(adapter(), dataset(delays()), "station_report")
    body = report.station_report

    assert report.name == "transport/station.report/trip:T1:20260701"
    assert body.function == "trip_update"
    assert _attributes(body) == {
        "trip_id": "T1",
        "start_date": "20260701",
        "delay_s": "120",
        "stop:7:S7": "arrival 2026-07-01T00:10:00Z +120 s",
        "stop::S8": "SKIPPED",
    }


def test_an_alert_says_what_where_and_when() -> None:
    """In the city's language; the other languages are attributes."""
    (record,) = bodies(adapter(), dataset(closure(end=START + 7200)), "traffic_alert")
    body = record.traffic_alert

    assert record.name == "transport/traffic.alert/A1"
    assert (body.cause, body.effect) == ("ACCIDENT", "NO_SERVICE")
    assert (body.headline, body.description) == ("地铁停运", "全线停运")
    assert list(body.affected) == ["route:1", "route:2&stop:S1", "trip:T1"]
    (period,) = body.periods
    assert (period.start_at.seconds, period.end_at.seconds) == (START - 3600, START + 7200)
    assert record.expires_at.seconds == START + 7200
    assert _attributes(body) == {
        "severity_level": "SEVERE",
        "header_text[en]": "Closed",
        "url": "https://example.org/a1",
    }


def test_an_open_alert_has_no_end() -> None:
    """0 and the end of all times, which producers write, are no end."""
    open_end = closure(end=18_446_744_073_709_551_615)

    for entity in (closure(), open_end):
        (record,) = bodies(adapter(), dataset(entity), "traffic_alert")
        assert not record.HasField("expires_at")


@pytest.mark.parametrize("kind", ["shape", "stop", "trip_modifications"])
def test_other_entities_are_kept_as_their_text(kind: str) -> None:
    """Nothing that a feed says is dropped."""
    entity = gtfs.FeedEntity(id="x")
    getattr(entity, kind).SetInParent()
    if kind == "shape":
        entity.shape.shape_id = "SH-1"

    report, _ = bodies(adapter(), dataset(entity), "station_report")

    assert report.name == f"transport/station.report/{kind}:x"
    assert report.station_report.function == kind
    assert kind != "shape" or "SH-1" in report.station_report.text


def test_a_header_alone_says_that_the_feed_lives() -> None:
    """A feed without entities at night is not a feed that has failed."""
    (record,) = bodies(adapter(), dataset(), "station_report")
    body = record.station_report

    assert record.name == "transport/station.report/transport.gtfs"
    assert body.type == REPORT_TYPE_KEEP_ALIVE
    assert body.station_clock.seconds == START
    assert _attributes(body) == {"gtfs_realtime_version": "2.0", "incrementality": "FULL_DATASET"}


def test_a_dataset_counts_what_it_holds() -> None:
    """So that a producer that lost half its vehicles is seen."""
    report = bodies(adapter(), dataset(bus("1"), bus("2"), closure(), delays()), "station_report")
    said = _attributes(report[-1].station_report)

    assert (said["vehicle"], said["alert"], said["trip_update"]) == ("2", "1", "1")


@pytest.mark.parametrize("at", [0, 5, START * 7, 18_446_744_073_709_551_615])
def test_a_feed_without_a_time_that_can_be_true_is_dated_by_its_arrival(at: int) -> None:
    """And says so."""
    (record,) = bodies(adapter(), dataset(bus(), at=at), "traffic_vehicle")

    assert record.observed_at.seconds == START
    assert record.quality.level == QUALITY_LEVEL_SUSPECT
    assert "when it came" in record.quality.note


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"latitude": 91.0}, "vehicle.position"),
        ({"latitude": float("nan")}, "vehicle.position"),
        ({"at": 5}, "timestamp"),
        ({"at": START * 7}, "timestamp"),
    ],
)
def test_a_vehicle_that_cannot_be_there_is_refused(change: dict[str, Any], field: str) -> None:
    """The others of its dataset are not."""
    reader = adapter()
    wrong, good, _ = decoded(reader, dataset(bus("1", **change), bus("2")))
    assert not isinstance(wrong, Undecodable)
    assert not isinstance(good, Undecodable)

    with pytest.raises(Untranslatable, match=field):
        list(reader.translate(wrong))
    assert list(reader.translate(good))


def test_a_vehicle_at_nought_is_nowhere() -> None:
    """0, 0 lies in the Gulf of Guinea, and is what producers write for a fix that they lack."""
    lost = bus()
    lost.vehicle.position.latitude = lost.vehicle.position.longitude = 0.0

    record, _ = translated(adapter(), dataset(lost))

    assert not record.record.location.HasField("point")
    assert not record.record.traffic_vehicle.has_fix
    assert record.record.quality.level == QUALITY_LEVEL_MISSING
    assert record.record.traffic_vehicle.route_id == "R1"


@pytest.mark.parametrize(("speed", "bearing"), [(-1.0, -1.0), (float("nan"), 511.0)])
def test_an_unknown_speed_or_course_does_not_cost_the_place(speed: float, bearing: float) -> None:
    """What is out of its bounds is kept as it was written."""
    odd = bus()
    odd.vehicle.position.speed, odd.vehicle.position.bearing = speed, bearing

    record, _ = translated(adapter(), dataset(odd))

    body = record.record.traffic_vehicle
    assert record.record.location.point.latitude_deg == 32.05
    assert not body.HasField("speed_m_s")
    assert not body.HasField("course_deg")
    assert _attributes(body)["position.bearing"] == str(bearing)
    assert _attributes(body)["position.speed"] == str(speed)


def test_an_entity_that_lacks_what_is_required_costs_itself() -> None:
    """Its reason names the field."""
    message = gtfs.FeedMessage.FromString(dataset(bus("1"), bus("2")))
    message.entity[0].vehicle.position.ClearField("latitude")

    broken, good, whole = decoded(adapter(), message.SerializePartialToString())

    assert isinstance(broken, Undecodable)
    assert "vehicle.position.latitude" in broken.reason
    assert not isinstance(good, Undecodable)
    assert isinstance(whole, GtfsDataset)


def test_texts_that_are_no_utf_8_cost_their_entity() -> None:
    """Protobuf's older strings are not checked by its parser."""
    raw = dataset(bus("1"), bus("2")).replace(b"Line 1", "一号".encode("gb18030") + b"--", 1)

    broken, good, _ = decoded(adapter(), raw)

    assert isinstance(broken, Undecodable)
    assert broken.cause == "encoding"
    assert not isinstance(good, Undecodable)


def test_an_entity_without_content_is_refused() -> None:
    """It says nothing and deletes nothing."""
    reader = adapter()
    empty, _ = decoded(reader, dataset(gtfs.FeedEntity(id="x")))
    assert not isinstance(empty, Undecodable)

    with pytest.raises(Untranslatable, match="entity x"):
        list(reader.translate(empty))


@pytest.mark.parametrize(
    ("raw", "cause"),
    [
        (b"", "header"),
        (b"<html>not found</html>", "protobuf"),
        (dataset(bus())[:-3], "protobuf"),
        (gtfs.FeedMessage(entity=[bus()]).SerializePartialToString(), "header"),
    ],
)
def test_a_corrupt_file_is_refused_in_words(raw: bytes, cause: str) -> None:
    """The whole file is one entry of the quarantine."""
    (item,) = decoded(adapter(), raw)

    assert isinstance(item, Undecodable)
    assert item.cause == cause
    assert item.raw == raw


def test_a_file_that_is_too_large_is_cut() -> None:
    """Memory is bounded."""
    decoder = GtfsRtDecoder(100)

    (item,) = [*decoder.feed(dataset(bus(), closure())), *decoder.close()]

    assert isinstance(item, Undecodable)
    assert (item.cause, len(item.raw)) == ("oversize", 100)


@given(raw=st.binary(max_size=200), cut=st.integers(min_value=0, max_value=200))
@settings(max_examples=200)
def test_no_bytes_break_the_adapter(raw: bytes, cut: int) -> None:
    """Noise, and good datasets with noise in them."""
    reader = adapter()
    good = dataset(bus(), closure(), delays())
    for content in (raw, good[:cut] + raw + good[cut + len(raw) :]):
        for item in decoded(reader, content):
            if not isinstance(item, Undecodable):
                with contextlib.suppress(Untranslatable):
                    assert list(reader.translate(item))


def test_pieces_do_not_matter() -> None:
    """A response arrives in chunks."""
    reader = adapter()
    raw, decoder = dataset(bus(), closure()), reader.decoder()
    assert not [item for at in range(len(raw)) for item in decoder.feed(raw[at : at + 1])]

    assert decoder.close() == decoded(reader, raw)
    assert len(translated(reader, raw)) == 3


def test_times_in_milliseconds_are_times() -> None:
    """As seconds they would be in the year 33,000 or later."""
    reader = adapter()

    (record,) = bodies(
        reader, dataset(bus(at=(START - 5) * 1000), at=START * 1000), "traffic_vehicle"
    )
    (dated,) = bodies(reader, dataset(bus("8802"), at=START * 1000), "traffic_vehicle")

    assert record.observed_at.seconds == START - 5
    assert dated.observed_at.seconds == START
    assert dated.quality.level == QUALITY_LEVEL_VALID


def test_a_trip_s_rarer_facts_are_kept() -> None:
    """A platform that has changed, how full it leaves, how sure a time is."""
    entity = delays()
    update = entity.trip_update
    update.trip.direction_id = 1
    update.trip.modified_trip.modifications_id = "M1"
    update.vehicle.license_plate = "苏A12345"
    update.vehicle.wheelchair_accessible = gtfs.VehicleDescriptor.WHEELCHAIR_ACCESSIBLE
    del update.stop_time_update[:]
    stop = update.stop_time_update.add(stop_sequence=3, stop_id="S1")
    stop.arrival.delay = 60
    stop.arrival.uncertainty = 5
    stop.departure.scheduled_time = START
    stop.departure_occupancy_status = gtfs.VehiclePosition.FULL
    stop.stop_time_properties.assigned_stop_id = "S1-platform-2"

    (record,) = [
        one
        for one in bodies(adapter(), dataset(entity), "station_report")
        if one.station_report.function == "trip_update"
    ]

    told = _attributes(record.station_report)
    assert (told["direction_id"], told["license_plate"]) == ("1", "苏A12345")
    assert told["wheelchair_accessible"] == "WHEELCHAIR_ACCESSIBLE"
    assert 'modifications_id: "M1"' in told["modified_trip"]
    assert told["stop:3:S1"] == (
        "arrival +60 s within 5 s, departure scheduled 2026-07-01T00:00:00Z, departure FULL, "
        'assigned_stop_id: "S1-platform-2"'
    )


def test_a_text_without_markup_goes_before_one_with() -> None:
    """Some producers give each text twice, as `en` and as `en-html`."""
    entity = closure()
    texts = entity.alert.description_text.translation
    del texts[:]
    texts.add(text="<p>closed</p>", language="en-html")
    texts.add(text="closed", language="en")

    (record,) = bodies(adapter(languages=("en",)), dataset(entity), "traffic_alert")

    assert record.traffic_alert.description == "closed"
    assert _attributes(record.traffic_alert)["description_text[en-html]"] == "<p>closed</p>"


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (b'{"header": {}}', "JSON"),
        (b'header {\n  gtfs_realtime_version: "2.0"\n}', "text form"),
        (b"<Siri/>", "SIRI"),
        (b"\x1f\x8b\x08", "gzip"),
        (b"PK\x03\x04", "timetable"),
    ],
)
def test_other_forms_are_called_by_their_names(raw: bytes, what: str) -> None:
    """Whoever reads the quarantine learns what to ask the source for."""
    (refused,) = decoded(adapter(), raw)

    assert isinstance(refused, Undecodable)
    assert refused.cause == "protobuf"
    assert what in refused.reason
