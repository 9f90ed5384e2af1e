"""A shape's promise: the pipeline checks the first record of a shape and trusts the others.

So whatever a message holds, a record with a shape holds what the schema says. Texts are drawn
about the schema's limits, numbers about its bounds.
"""

import json
from collections.abc import Iterable
from datetime import UTC, datetime

import protovalidate
from google.transit import gtfs_realtime_pb2 as gtfs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.sdk.adapter import Translated
from adapters.sdk.errors import Untranslatable
from adapters.sdk.feed import FeedConfig
from adapters.sdk.message import Undecodable
from adapters.sdk.registry import adapter_of

_NOW = datetime(2026, 7, 2, tzinfo=UTC)
_AT = "2026-07-01T17:30:00+08:00"
_VALIDATOR = protovalidate.Validator()
_LENGTHS = (0, 31, 32, 63, 64, 127, 128, 255, 256, 511, 512, 1024, 4096, 8191, 8192)
_COUNTS = st.sampled_from((0, 1, 16, 17, 64, 65, 128, 129, 257))
_TEXTS = st.builds(
    "{0}{1}".format, st.sampled_from("a雨1"), st.sampled_from(_LENGTHS).map("b".__mul__)
)
_NUMBERS = st.sampled_from((0.0, -0.1, 90.0, 90.1, 180.0, 360.0, 361.0, 1e306, -1e306, 1e38))
_SOME = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def _records(name: str, raw: bytes) -> list[Translated]:
    """Return the records of a document."""
    feed = FeedConfig(id="x.y", adapter=name, agency="x", source="drop:in", district="320100")
    adapter = adapter_of(feed)
    adapter.take_for_now(_NOW)
    decoder = adapter.decoder()
    found: list[Translated] = []
    for message in [*decoder.feed(raw), *decoder.close()]:
        if isinstance(message, Undecodable):
            continue
        try:
            found += adapter.translate(message)
        except Untranslatable:
            continue
    return found


def _broken(name: str, raw: bytes) -> list[object]:
    """Return what the schema says against records of a document that have a shape."""
    promised = (one.record for one in _records(name, raw) if one.shape is not None)
    return [broken for record in promised for broken in _VALIDATOR.collect_violations(record)]


def _xml(**texts: str) -> str:
    """Return elements."""
    return "".join(f"<{name}>{text}</{name}>" for name, text in texts.items())


def _alert(number: str, about: str, part: str) -> bytes:
    """Return a warning with a part."""
    head = _xml(identifier=number, sent=_AT, status="Actual", msgType="Alert", scope="Public")
    sure = _xml(urgency="Past", severity="Minor", certainty="Likely")
    namespace = "urn:oasis:names:tc:emergency:cap:1.2"
    return f'<alert xmlns="{namespace}">{head}{about}<info>{sure}{part}</info></alert>'.encode()


def test_usual_messages_have_a_shape() -> None:
    """A promise that is never made would be kept, too."""
    alarm = _xml(CmdType="Alarm", DeviceID="32010200001320000007", AlarmTime="2026-07-01T17:30:00")
    hospital = '<HospitalStatus xmlns="urn:oasis:names:tc:emergency:EDXL:HAVE:1.0"><Hospital>'
    hospital += "<facilityName>a</facilityName></Hospital></HospitalStatus>"
    page = {"location": {"id": "58238"}, "now": {}, "lastUpdate": "2026/07/01 17:30"}
    dataset = gtfs.FeedMessage()
    dataset.header.gtfs_realtime_version = "2.0"
    dataset.entity.add(id="1").vehicle.stop_id = "S"

    for name, raw in (
        ("weather/cap", _alert("1", _xml(sender="a"), _xml(event="a"))),
        ("health/have", hospital.encode()),
        ("police/gb28181", f"<Notify>{alarm}</Notify>".encode()),
        ("weather/cma_json", json.dumps({"data": page}).encode()),
        ("transport/gtfs_rt", dataset.SerializeToString()),
    ):
        assert _records(name, raw)[0].shape is not None, name


@_SOME
@given(st.data())
def test_warnings_keep_their_promise(data: st.DataObject) -> None:
    """Any element may be too long, and any list too many."""
    text = st.one_of(st.just("a"), st.just("a"), _TEXTS)
    names = ("language", "senderName", "headline", "description", "web", "contact", "audience")
    part = _xml(event="a", **{data.draw(st.sampled_from(names)): data.draw(text)})
    repeated = ("category", "responseType", "parameter", "eventCode", "area")
    name = data.draw(st.sampled_from(repeated))
    inside = _xml(valueName="k", value=data.draw(text), areaDesc=data.draw(text))
    inside += f"<circle>32,118 {data.draw(_NUMBERS)}</circle><altitude>1e308</altitude>"
    inside += f"<geocode>{_xml(valueName=data.draw(text), value=data.draw(text))}</geocode>"
    part += f"<{name}>{inside}</{name}>" * data.draw(_COUNTS)
    about = _xml(sender=data.draw(text), note=data.draw(text), source=data.draw(text))
    about += _xml(code="a") * data.draw(_COUNTS)

    assert not _broken("weather/cap", _alert(data.draw(text), about, part))


@_SOME
@given(st.data())
def test_facilities_keep_their_promise(data: st.DataObject) -> None:
    """What is cut is cut enough; what is too many has no shape."""
    facility = _xml(facilityID=data.draw(_TEXTS), facilityName=data.draw(_TEXTS), Value="a")
    facility += _xml(FacilityStatus=data.draw(_TEXTS), Other=data.draw(_TEXTS))
    facility += f"<Point><pos>{data.draw(_NUMBERS)} {data.draw(_NUMBERS)}</pos></Point>"
    facility += f"<BedCapacity>{_xml(BedType=data.draw(_TEXTS))}</BedCapacity>" * data.draw(_COUNTS)
    services = "".join(f"<a{number}>true</a{number}>" for number in range(data.draw(_COUNTS)))
    facility += f"<ServiceCoverageStatus>{services}</ServiceCoverageStatus>"
    root = 'HospitalStatus xmlns="urn:oasis:names:tc:emergency:EDXL:HAVE:1.0"'

    raw = f"<{root}><Hospital>{facility}</Hospital></HospitalStatus>".encode()
    assert not _broken("health/have", raw)


@_SOME
@given(st.data())
def test_alarms_keep_their_promise(data: st.DataObject) -> None:
    """Devices may send whatever elements they like."""
    device = data.draw(st.one_of(st.just("32010200001320000007"), _TEXTS))
    more = "".join(f"<X{number}>1</X{number}>" for number in range(data.draw(_COUNTS)))
    raw = _xml(
        CmdType=data.draw(st.sampled_from(("Alarm", "Keepalive"))),
        SN=data.draw(_TEXTS),
        DeviceID=device,
        AlarmMethod=data.draw(_TEXTS),
        AlarmTime="2026-07-01T17:30:00",
        AlarmDescription=data.draw(_TEXTS),
        Latitude=str(data.draw(_NUMBERS)),
        Longitude=str(data.draw(_NUMBERS)),
    )

    assert not _broken("police/gb28181", f"<Notify>{raw}{more}</Notify>".encode())


@_SOME
@given(_TEXTS, _TEXTS, _TEXTS, _NUMBERS, _COUNTS)
def test_observations_keep_their_promise(
    station: str, title: str, word: str, value: float, count: int
) -> None:
    """Words that have no field are cut; what is no measured number is none."""
    now = {"temperature": value, "windSpeed": str(value), word: word}
    now |= {f"x{number}": word for number in range(count)}
    data = {"location": {"id": station, "name": title}, "now": now}
    raw = json.dumps({"data": data | {"lastUpdate": "2026/07/01 17:30"}})

    assert not _broken("weather/cma_json", raw.encode())


@_SOME
@given(
    st.lists(_TEXTS, min_size=6, max_size=6), st.lists(_NUMBERS, min_size=5, max_size=5), _COUNTS
)
def test_vehicles_keep_their_promise(texts: list[str], numbers: list[float], count: int) -> None:
    """Positions off the Earth are refused, other numbers out of bounds have no shape."""
    dataset = gtfs.FeedMessage()
    dataset.header.gtfs_realtime_version = texts[0]
    seen = dataset.entity.add(id=texts[1]).vehicle
    seen.vehicle.id, seen.vehicle.label, seen.stop_id, seen.trip.route_id = texts[2:]
    seen.position.latitude, seen.position.longitude = _floats(numbers[:2])
    seen.position.speed, seen.position.bearing, seen.position.odometer = _floats(numbers[2:])
    for _ in range(count):
        seen.multi_carriage_details.add(id=texts[3])

    assert not _broken("transport/gtfs_rt", dataset.SerializeToString())


def _floats(numbers: Iterable[float]) -> list[float]:
    """Return numbers as 32 bits hold them; larger ones are infinite."""
    return [value if abs(value) < 1e38 else value * 1e10 for value in numbers]
