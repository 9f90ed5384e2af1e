"""What NWIS says of one site at one time is one record of each kind, in SI units."""

import contextlib
import json
from datetime import UTC, datetime
from typing import Any

import protovalidate
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.sdk.adapter import Translated
from adapters.sdk.errors import Untranslatable
from adapters.sdk.feed import FeedConfig
from adapters.sdk.message import Undecodable
from adapters.water.nwis import Nwis, NwisOptions
from adapters.water.nwis.readings import NwisMessage
from liandong.quantity.v1 import quantity_pb2 as quantity
from liandong.record.v1.record_pb2 import Record
from liandong.water.v1 import water_pb2 as water
from tests.adapters.water.nwis.waterml import series_of

NOW = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
HEADER = (
    "# retrieved: 2026-07-01 05:00:00 -04:00\t(sdas01)\n"
    "#    USGS 01491000 CHOPTANK RIVER NEAR GREENSBORO, MD\n"
    "#    69512       00060     Discharge, cubic feet per second\n"
)
TABLE = HEADER + (
    "agency_cd\tsite_no\tdatetime\ttz_cd\t69512_00060\t69512_00060_cd\t69513_00065\t"
    "69513_00065_cd\t7_00045\t7_00045_cd\t8_00010\t8_00010_cd\t9_00010\t9_00010_cd\n"
    "5s\t15s\t20d\t6s\t14n\t10s\t14n\t10s\t14n\t10s\t14n\t10s\t14n\t10s\n"
)
SITES = (
    "agency_cd\tsite_no\tstation_nm\tsite_tp_cd\tdec_lat_va\tdec_long_va\tdec_coord_datum_cd\t"
    "alt_va\talt_datum_cd\n5s\t15s\t50s\t7s\t16s\t16s\t10s\t8s\t10s\n"
    "USGS\t01491000\tCHOPTANK RIVER\tST\t38.99719444\t-75.7858056\tNAD83\t 2.73\tNAVD88\n"
)


@pytest.fixture
def nwis() -> Nwis:
    """Return an adapter as the city configures it."""
    return _Nwis(
        FeedConfig(
            id="water.nwis",
            adapter="water/nwis",
            agency="water",
            source="drop:in",
            time_zone="America/New_York",
        ),
        NwisOptions(),
    )


class _Nwis(Nwis):
    def now(self) -> datetime:
        return NOW


def _json(*series: Any) -> bytes:
    return json.dumps({"value": {"timeSeries": series}}).encode()


def _messages(nwis: Nwis, *pieces: bytes) -> list[NwisMessage | Undecodable]:
    decoder = nwis.decoder()
    return [one for piece in pieces for one in decoder.feed(piece)] + decoder.close()


def _read(nwis: Nwis, *pieces: bytes) -> list[Translated]:
    found: list[Translated] = []
    for message in _messages(nwis, *pieces):
        assert not isinstance(message, Undecodable), message
        found += nwis.translate(message)
    for one in found:
        protovalidate.validate(one.record)
    return found


def _one(nwis: Nwis, document: bytes) -> Record:
    (translated,) = _read(nwis, document)
    return translated.record


AT = "2026-07-01T05:15:00.000-04:00"


def test_level_and_flow_of_one_time_are_one_record(nwis: Nwis) -> None:
    """Feet become metres, cubic feet cubic metres; what was said is kept."""
    both = _one(
        nwis,
        _json(
            series_of("00060", "ft3/s", ("974", AT, "P")),
            series_of("00065", "ft", ("6.48", AT, "P")),
        ),
    )

    level = both.water_level
    assert both.name == "water/water.level/01491000"
    assert both.observed_at.ToJsonString() == "2026-07-01T09:15:00Z"
    assert level.flow_m3_s == pytest.approx(974 * 0.028316846592, rel=1e-8)
    assert level.level_m == pytest.approx(6.48 * 0.3048, rel=1e-12)
    assert level.station_type == water.STATION_TYPE_RIVER
    flow = level.measurements[0]
    assert (flow.code, flow.unit, flow.title) == ("00060", "m3/s", "Streamflow, ft³/s")
    said = {one.key: one.value for one in flow.attributes}
    assert said == {"source_value": "974", "source_unit": "ft3/s"}
    assert both.quality.level == quantity.QUALITY_LEVEL_VALID
    assert both.quality.source_flag == "P"
    assert both.location.point.latitude_deg == 38.997


@pytest.mark.parametrize(
    ("parameter", "text", "field", "expected"),
    [
        ("00010", "7.1", "temperature_c", 7.1),
        ("00011", "50", "temperature_c", 10.0),
        ("00095", "312", "conductivity_us_cm", 312),
        ("00300", "9.8", "dissolved_oxygen_mg_l", 9.8),
        ("00400", "7.4", "ph", 7.4),
        ("63680", "3.2", "turbidity_ntu", 3.2),
    ],
)
def test_water_quality_has_its_fields(
    nwis: Nwis, parameter: str, text: str, field: str, expected: float
) -> None:
    """By the parameter's code, which fixes the unit."""
    record = _one(nwis, _json(series_of(parameter, "", (text, AT, "A"))))

    assert record.name == "water/water.quality/01491000"
    assert getattr(record.water_quality, field) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("parameter", "datum"), [("00065", ""), ("62614", "NGVD29"), ("63160", "NAVD88")]
)
def test_a_level_counts_from_its_parameter_s_datum(nwis: Nwis, parameter: str, datum: str) -> None:
    """A gauge height counts from the gauge's own zero."""
    level = _one(nwis, _json(series_of(parameter, "ft", ("10", AT, "P")))).water_level

    assert (level.level_m, level.datum) == (3.048, datum)


def test_rain_is_in_millimetres(nwis: Nwis) -> None:
    """Over what time it fell, the parameter does not say; of a day it is the day's."""
    moment = _one(nwis, _json(series_of("00045", "in", ("0.10", AT, "P")))).water_rainfall
    day = ("1.5", "2026-06-30T00:00:00.000", "P")
    daily = _one(nwis, _json(series_of("00045", "in", day, statistic="00006")))

    assert (moment.measurements[0].value, moment.measurements[0].unit) == (2.54, "mm")
    assert daily.water_rainfall.day_mm == 38.1
    assert daily.name.endswith("/01491000:daily")
    assert daily.observed_at.ToJsonString() == "2026-06-30T05:00:00Z"


def test_daily_statistics_are_one_measurement(nwis: Nwis) -> None:
    """The mean stands for the day; the greatest and least do not."""
    day = "2026-06-30T00:00:00.000"
    body = _one(
        nwis,
        _json(
            series_of("00010", "deg C", ("24.1", day, "P"), statistic="00001"),
            series_of("00010", "deg C", ("19.8", day, "P"), statistic="00002"),
            series_of("00010", "deg C", ("21.7", day, "P"), statistic="00003"),
        ),
    ).water_quality

    (measured,) = body.measurements
    assert (measured.max, measured.min, measured.mean) == (24.1, 19.8, 21.7)
    assert body.temperature_c == 21.7


@pytest.mark.parametrize(
    ("text", "qualifiers", "level"),
    [
        ("1.5", "A", quantity.QUALITY_LEVEL_VALID),
        ("1.5", "A [91]", quantity.QUALITY_LEVEL_VALID),
        ("1.5", "P e", quantity.QUALITY_LEVEL_ESTIMATED),
        ("1.5", "A:e", quantity.QUALITY_LEVEL_ESTIMATED),
        ("1.5", "P Ice", quantity.QUALITY_LEVEL_SUSPECT),
        ("1.5", "P odd", quantity.QUALITY_LEVEL_SUSPECT),
        ("1.5", "P Eqp", quantity.QUALITY_LEVEL_INVALID),
        ("-999999", "P Eqp", quantity.QUALITY_LEVEL_MISSING),
        ("-999999", "P", quantity.QUALITY_LEVEL_MISSING),
        ("Ice", "P", quantity.QUALITY_LEVEL_MISSING),
        ("nan", "P", quantity.QUALITY_LEVEL_MISSING),
    ],
)
def test_qualifiers_are_quality(nwis: Nwis, text: str, qualifiers: str, level: int) -> None:
    """Provisional is how all values begin; doubts are named."""
    record = _one(nwis, _json(series_of("00065", "ft", (text, AT, qualifiers))))

    assert record.quality.level == level
    assert record.quality.source_flag.startswith(qualifiers)
    missing = level == quantity.QUALITY_LEVEL_MISSING
    assert record.water_level.HasField("level_m") != missing
    assert bool(record.quality.note) == (level != quantity.QUALITY_LEVEL_VALID)


def test_a_missing_value_beside_a_good_one_does_not_mark_the_record(nwis: Nwis) -> None:
    """The measurement says that it is missing."""
    record = _one(
        nwis,
        _json(
            series_of("00060", "ft3/s", ("-999999", AT, "P Eqp")),
            series_of("00065", "ft", ("6.48", AT, "P")),
        ),
    )

    assert record.quality.level == quantity.QUALITY_LEVEL_VALID
    assert record.water_level.measurements[0].quality.level == quantity.QUALITY_LEVEL_MISSING


def test_two_sensors_of_one_parameter_are_told_apart(nwis: Nwis) -> None:
    """The first fills the field."""
    body = _one(nwis, _json(series_of("00010", "deg C", ("7.1", AT, "P"), methods=2))).water_quality

    methods = [one.attributes[0].value for one in body.measurements]
    assert methods == ["100", "101"]


def test_a_parameter_that_is_not_known_keeps_its_own_unit(nwis: Nwis) -> None:
    """Nothing is known of it but what the message says."""
    (measured,) = _one(
        nwis, _json(series_of("99999", "bar", ("2", AT, "P")))
    ).water_quality.measurements

    assert (measured.code, measured.value, measured.unit) == ("99999", 2, "bar")
    assert measured.unit_basis == quantity.UNIT_BASIS_MESSAGE


def test_a_poll_that_says_the_same_is_the_same_message(nwis: Nwis) -> None:
    """A value that is revised, or approved, is another."""
    ids = [
        _read(nwis, _json(series_of("00065", "ft", (text, AT, qualifier))))[0].message_id
        for text, qualifier in [("6.48", "P"), ("6.48", "P"), ("6.49", "P"), ("6.48", "A")]
    ]

    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


def test_a_row_of_rdb_becomes_a_record_of_each_kind(nwis: Nwis) -> None:
    """Its zone is an abbreviation; sensors that said nothing are left out."""
    row = "USGS\t01491000\t2026-03-08 01:45\tEST\t466\tP\t6.48\tP:e\t0.10\tP\t\t\t7.1\tA\n"

    level, rain, quality = (one.record for one in _read(nwis, (TABLE + row).encode()))

    assert level.observed_at.ToJsonString() == "2026-03-08T06:45:00Z"
    assert level.water_level.flow_m3_s == pytest.approx(13.1956505)
    assert level.quality.level == quantity.QUALITY_LEVEL_ESTIMATED
    assert level.water_level.station_title == "CHOPTANK RIVER NEAR GREENSBORO, MD"
    assert level.water_level.measurements[0].title == "Discharge, cubic feet per second"
    assert rain.water_rainfall.measurements[0].value == 2.54
    (temperature,) = quality.water_quality.measurements
    assert temperature.attributes[0].value == "9"


def test_summer_time_is_told_by_the_row(nwis: Nwis) -> None:
    """The hour that is skipped in spring does not exist; the abbreviations say which it is."""
    rows = (
        "USGS\t01491000\t2026-03-08 01:59\tEST\t1\tP\t\t\t\t\t\t\t\t\n"
        "USGS\t01491000\t2026-03-08 03:00\tEDT\t1\tP\t\t\t\t\t\t\t\t\n"
    )

    before, after = (one.record.observed_at for one in _read(nwis, (TABLE + rows).encode()))

    assert after.seconds - before.seconds == 60


def test_a_daily_table_has_no_zone(nwis: Nwis) -> None:
    """Its day begins in the feed's."""
    table = (
        "agency_cd\tsite_no\tdatetime\t68479_00060_00003\t68479_00060_00003_cd\n"
        "5s\t15s\t20d\t14n\t10s\nUSGS\t01491000\t2026-06-30\t466\tA\n"
    )

    record = _one(nwis, table.encode())

    assert record.name.endswith("/01491000:daily")
    assert record.observed_at.ToJsonString() == "2026-06-30T04:00:00Z"


def test_a_site_file_tells_where_the_sites_of_tables_are(nwis: Nwis) -> None:
    """Each site becomes a station's report; later rows of values have its place."""
    row = "USGS\t01491000\t2026-07-01 05:00\tEDT\t466\tP\t\t\t\t\t\t\t\t\n"

    report = _one(nwis, (HEADER + SITES).encode())
    level = _one(nwis, (TABLE + row).encode())

    assert report.name == "water/station.report/01491000"
    assert report.observed_at.ToJsonString() == "2026-07-01T09:00:00Z"
    assert report.location.point.altitude_m == pytest.approx(0.8321, abs=1e-4)
    assert {one.key: one.value for one in report.station_report.attributes}["alt_va"] == "2.73"
    assert level.location.point.longitude_deg == -75.7858056
    assert level.water_level.station_title == "CHOPTANK RIVER"


@pytest.mark.parametrize(
    ("document", "cause"),
    [
        (b"<html>\n", "xml"),
        (b"<html/>", "waterml"),
        (b"<!DOCTYPE html><html/>", "xml"),
        (b"no table\n", "header"),
        (b"#  No sites found matching all criteria\n", "no_data"),
        (TABLE.encode() + b"USGS\t01491000\t2026-07-01 05:00\n", "columns"),
        (b'{"value": {}}', "json"),
        (b"{", "json"),
        (_json({"variable": {}}), "json"),
        (_json(series_of() | {"sourceInfo": {"siteCode": []}}), "missing"),
        (b"x" * 70000 + b"\n", "oversize"),
        (b'{"value":' * 20000, "json"),
    ],
)
def test_what_is_no_table_and_no_waterml_is_refused(
    nwis: Nwis, document: bytes, cause: str
) -> None:
    """With a sentence that says what was expected."""
    (found,) = _messages(nwis, document)

    assert isinstance(found, Undecodable)
    assert found.cause == cause
    assert "expected" in found.reason


def test_a_bad_value_costs_no_other(nwis: Nwis) -> None:
    """It is refused with its own bytes."""
    series = series_of("00065", "ft", ("6.48", AT, "P"))
    series["values"][0]["value"].append({"value": [], "dateTime": AT})

    refused, good = _messages(nwis, _json(series))

    assert isinstance(refused, Undecodable)
    assert json.loads(refused.raw) == {"value": [], "dateTime": AT}
    assert not isinstance(good, Undecodable)


@pytest.mark.parametrize(
    ("time", "zone"),
    [("2026-07-01 05:00", "XYZ"), ("yesterday", "EST"), ("2027-07-01 05:00", "EST"), ("", "EST")],
)
def test_a_time_that_cannot_be_is_refused(nwis: Nwis, time: str, zone: str) -> None:
    """Its cause is the time."""
    row = f"USGS\t01491000\t{time}\t{zone}\t466\tP\t\t\t\t\t\t\t\t\n"
    (message,) = _messages(nwis, (TABLE + row).encode())
    assert not isinstance(message, Undecodable)

    with pytest.raises(Untranslatable) as refusal:
        list(nwis.translate(message))

    assert refusal.value.cause == "time"


def test_a_series_without_values_says_nothing(nwis: Nwis) -> None:
    """NWIS lists all that a site measures, also what it did not."""
    assert _read(nwis, _json(series_of("00065", "ft"))) == []


CELL = st.sampled_from(
    ["USGS", "01491000", "2026-06-30 05:00", "EST", "466", "-999999", "P", "Ice", "", "1e999"]
) | st.text(max_size=6)
LINES = st.lists(
    st.lists(CELL, max_size=15).map("\t".join) | st.sampled_from(TABLE.splitlines()), max_size=12
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    LINES.map(lambda lines: "\n".join(lines).encode())
    | LINES.map(lambda lines: (TABLE + "\n".join(lines)).encode())
    | st.binary(max_size=80),
    st.integers(0, 600),
)
def test_no_table_breaks_it(nwis: Nwis, document: bytes, cut: int) -> None:
    """Whatever comes is a valid record, or refused with a reason; parting changes nothing."""
    messages = _messages(nwis, document[:cut], document[cut:])

    assert messages == _messages(nwis, document)
    _try_all(nwis, messages)


JSON = st.recursive(
    st.none() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=4), below),
    max_leaves=8,
)
VALUE = st.tuples(CELL, st.sampled_from([AT, "2026-06-30T00:00:00.000", "x"]), CELL)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        JSON
        | st.builds(
            lambda code, values, statistic: series_of(code, "ft", *values, statistic=statistic),
            st.sampled_from(["00065", "00060", "00045", "00010", "99999"]),
            st.lists(VALUE, max_size=4),
            st.sampled_from(["00000", "00001", "00003", "x"]),
        ),
        max_size=4,
    )
)
def test_no_waterml_breaks_it(nwis: Nwis, series: list[Any]) -> None:
    """Whatever comes is a valid record, or refused with a reason."""
    _try_all(nwis, _messages(nwis, _json(*series)))


def _try_all(nwis: Nwis, messages: list[NwisMessage | Undecodable]) -> None:
    for message in messages:
        if isinstance(message, Undecodable):
            assert message.reason
            continue
        with contextlib.suppress(Untranslatable):
            for translated in nwis.translate(message):
                assert translated.record.name


def test_the_number_for_no_value_is_none_in_tables_either(nwis: Nwis) -> None:
    """RDB has no ``noDataValue``, and yet writes -999999 where nothing was measured."""
    table = (
        b"agency_cd\tsite_no\tdatetime\ttz_cd\t1_00060\t1_00060_cd\n"
        b"5s\t15s\t20d\t6s\t14n\t10s\n"
        b"USGS\t01491000\t2026-07-01 08:00\tEDT\t-999999\tP\n"
    )

    found = _one(nwis, table)

    assert found.quality.level == quantity.QUALITY_LEVEL_MISSING
    assert not found.water_level.HasField("flow_m3_s")


def test_long_comments_are_gone_through_once(nwis: Nwis) -> None:
    """What a table says of its sites is read, whatever blanks stand within."""
    blanks = " " * 60_000
    comments = "".join(
        f"# retrieved: x{blanks}x\n#  USGS 01491000 x{blanks}x\n#  1 00065 x{blanks}x\n"
        for _ in range(100)
    )

    (found,) = _messages(nwis, comments.encode())

    assert isinstance(found, Undecodable)
    assert found.cause == "no_data"


def test_a_unit_that_is_ours_already_is_not_converted(nwis: Nwis) -> None:
    """A level of 00065 is in feet, unless whoever sends it says that it is in metres."""
    levels = [
        _one(nwis, _json(series_of("00065", unit, ("1.5", AT, "P")))).water_level.level_m
        for unit in ("ft", "m")
    ]

    assert levels == [0.4572, 1.5]


@pytest.mark.parametrize(("written", "flow"), [(12.5, 0.35396), (12, 0.339802), (None, None)])
def test_a_value_may_be_a_number_or_nothing(nwis: Nwis, written: Any, flow: float | None) -> None:
    """WaterML as JSON writes text; copies of it, made by other programs, write numbers."""
    value = {"value": written, "qualifiers": ["P"], "dateTime": "2026-07-01T05:00:00.000-05:00"}
    series = series_of("00060", "ft3/s") | {"values": [{"value": [value]}]}

    (found,) = _messages(nwis, _json(series))

    assert not isinstance(found, Undecodable)
    (made,) = nwis.translate(found)
    body = made.record.water_level
    assert body.HasField("flow_m3_s") == (flow is not None)
    assert body.flow_m3_s == pytest.approx(flow or 0, rel=1e-4)


def test_the_newer_interface_is_called_by_its_name(nwis: Nwis) -> None:
    """Whoever polls it learns where the form is that is read."""
    (found,) = _messages(nwis, b'{"type": "FeatureCollection", "features": []}')

    assert isinstance(found, Undecodable)
    assert "api.waterdata.usgs.gov" in found.reason
    assert "waterservices.usgs.gov" in found.reason


@pytest.mark.parametrize(
    ("parameter", "unit", "written", "value"),
    [
        ("00065", "ft", "10", 3.048),
        ("00065", "m", "10", 10.0),
        ("00065", "cm", "120", 1.2),
        ("00065", "Feet", "10", 3.048),
        ("00060", "cfs", "100", 2.83168466),
        ("00060", "ft^3/s", "100", 2.83168466),
        ("00060", "m³/s", "100", 100.0),
        ("00060", "L/s", "1500", 1.5),
        ("00060", "gauge units", "100", 2.83168466),
        ("00010", "deg C", "5", 5.0),
        ("00010", "deg F", "41", 5.0),
        ("00011", "deg C", "5", 5.0),
        ("00045", "mm", "5", 5.0),
        ("00045", "cm", "1.5", 15.0),
        ("00095", "uS/cm @25C", "500", 500.0),
        ("00095", "mS/cm", "0.5", 500.0),
    ],
)
def test_the_unit_that_a_message_says_is_the_value_s(
    nwis: Nwis, parameter: str, unit: str, written: str, value: float
) -> None:
    """USGS has one unit for each code; programs that copy its form have their own."""
    (made,) = _read(nwis, _json(series_of(parameter, unit, (written, AT, "P"))))

    body = getattr(made.record, made.record.WhichOneof("body") or "")
    (measurement,) = body.measurements
    assert measurement.value == pytest.approx(value, rel=1e-8)
    said = {one.key: one.value for one in measurement.attributes}
    assert (said["source_value"], said["source_unit"]) == (written, unit)
