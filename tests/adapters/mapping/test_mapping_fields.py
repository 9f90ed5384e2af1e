"""Columns fill fields: numbers, words, times, points, lists, and what stands for nothing."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
import protovalidate
import pytest

from adapters.mapping import MappedTable
from adapters.sdk.adapter import Translated
from adapters.sdk.errors import Untranslatable
from liandong.place.v1.place_pb2 import COORDINATE_SYSTEM_GCJ02
from liandong.quantity.v1.quantity_pb2 import (
    QUALITY_LEVEL_INVALID,
    QUALITY_LEVEL_SUSPECT,
    QUALITY_LEVEL_VALID,
)
from liandong.record.v1.record_pb2 import (
    CLASSIFICATION_CONFIDENTIAL,
    STATUS_EXERCISE,
    Record,
)
from liandong.safety.v1 import safety_pb2 as safety
from tests.adapters.mapping.conftest import LEVELS

Make = Callable[[str], MappedTable]
Read = Callable[[MappedTable, bytes], list[Translated]]

HAZARD = """\
kind = "safety.hazard"
entity = "{{n}}"
nulls = ["", "-", "9999"]
{top}

[format]
type = "json_lines"

[fields]
observed_at = {{ column = "at", format = "unix" }}
body.number = "n"
{fields}
"""
INCIDENT = HAZARD.replace("safety.hazard", "incident.report")


@pytest.fixture
def one(make: Make, read: Read) -> Callable[..., Record]:
    """Return what makes the record of one row under a mapping with some more lines."""

    def record(fields: str, text: str = HAZARD, *, top: str = "", **row: Any) -> Record:
        adapter = make(text.format(fields=fields, top=top))
        usual = {"n": "H1", "at": 1751364000, "station": "S1"}
        (found,) = read(adapter, msgspec.json.encode(usual | row))
        protovalidate.validate(found.record)
        return found.record

    return record


def _level(line: str) -> str:
    """Return a mapping of water levels with one more line."""
    return LEVELS.replace("{", "{{").replace("}", "}}") + line + "\n{fields}{top}"


@pytest.mark.parametrize(
    ("field", "unit", "written", "value"),
    [
        ("level_m", "", "8.70", 8.7),
        ("level_m", "cm", "1234", 12.34),
        ("level_m", "厘米", 870, 8.7),
        ("level_m", "mm", "-15", -0.015),
        ("flow_m3_s", "m³/h", "3600", 1.0),
        ("velocity_m_s", "km/h", "18", 5.0),
        ("supply_voltage_v", "mV", "12100", 12.1),
    ],
)
def test_numbers_come_in_the_fields_unit(
    one: Callable[..., Record], field: str, unit: str, written: Any, value: float
) -> None:
    """The field's name says its unit; what the column has is converted exactly."""
    said = f', unit = "{unit}"' if unit else ""
    text = _level(f'body.{field} = {{{{ column = "x"{said} }}}}')

    record = one("", text, x=written)

    assert getattr(record.water_level, field) == value


@pytest.mark.parametrize(
    ("written", "value"),
    [("12,34", 12.34), ("-1.234,5", -1234.5), ("1.234.567", 1234567), ("7", 7), (",5", None)]
    + [(bad, None) for bad in ("12.34", "1,2,3", "1.23,4", "", "1e3,0", "inf")],
)
def test_a_comma_parts_a_fraction_where_the_mapping_says(
    one: Callable[..., Record], written: str, value: float | None
) -> None:
    """Points are then of thousands, and one that stands elsewhere is refused."""
    text = _level('body.level_m = {{ column = "x", decimal = "," }}')
    if value is None and written:
        with pytest.raises(Untranslatable, match="expected a number with a comma"):
            one("", text, x=written)
        return

    level = one("", text, x=written).water_level

    assert level.HasField("level_m") == (value is not None)
    assert level.level_m == (value or 0)


def test_temperatures_have_an_offset(make: Make, read: Read) -> None:
    """Not every conversion is a factor."""
    text = LEVELS.replace("water.level", "weather.observation")
    adapter = make(text + 'body.temperature_c = { column = "t", unit = "°F" }\n')

    (found,) = read(adapter, b'{"station": "S1", "at": 1751364000, "t": "212"}')

    assert found.record.weather_observation.temperature_c == pytest.approx(100.0, abs=1e-12)


@pytest.mark.parametrize("written", ["abc", "nan", "inf", "1_0", "1,2"])
def test_what_is_no_number_is_refused_with_its_column(
    one: Callable[..., Record], written: str
) -> None:
    """Column, value, what was expected, which field."""
    text = _level('body.level_m = "水位"')

    with pytest.raises(Untranslatable) as caught:
        one("", text, 水位=written)

    assert str(caught.value) == (
        f"line 1: column 水位 is {written!r}, expected a number for body.level_m"
    )


@pytest.mark.parametrize(
    ("written", "value"), [("7", 7), (7, 7), ("7.0", 7), ("0", 0), ("4294967295", 4294967295)]
)
def test_whole_numbers_are_whole(one: Callable[..., Record], written: Any, value: int) -> None:
    """A spreadsheet's 7.0 is one; nought is a value."""
    record = one('body.casualties.dead = "d"', INCIDENT, d=written)

    assert record.incident.casualties.dead == value
    assert record.incident.casualties.HasField("dead")


@pytest.mark.parametrize("written", ["1.5", "-1", "4294967296", "9" * 30, "两"])
def test_what_is_no_whole_number_is_refused(one: Callable[..., Record], written: str) -> None:
    """Nothing is rounded or cut."""
    with pytest.raises(Untranslatable, match=r"column d is .* expected a (whole )?number"):
        one('body.casualties.dead = "d"', INCIDENT, d=written)


GRADE = 'body.grade = {{ column = "g", values = {{ "重大" = "MAJOR" }}{more} }}'


@pytest.mark.parametrize(
    ("more", "written", "grade", "is_suspect"),
    [
        ("", "重大", safety.GRADE_MAJOR, False),
        ("", "-", safety.GRADE_UNSPECIFIED, False),
        (', otherwise = "ORDINARY"', "小", safety.GRADE_ORDINARY, True),
        (', otherwise = "keep"', "ORDINARY", safety.GRADE_ORDINARY, False),
    ],
)
def test_words_have_meanings(
    one: Callable[..., Record], more: str, written: str, grade: int, is_suspect: bool
) -> None:
    """What `otherwise` stands for is told in the record's quality."""
    record = one(GRADE.format(more=more), g=written)

    assert record.safety_hazard.grade == grade
    assert (record.quality.level == QUALITY_LEVEL_SUSPECT) is is_suspect
    assert ("小" in record.quality.note) is is_suspect


def test_a_word_without_meaning_is_refused(one: Callable[..., Record]) -> None:
    """And what to do about it is said."""
    with pytest.raises(Untranslatable, match=r"column g is '小', expected one of 重大 .*`values`"):
        one(GRADE.format(more=""), g="小")


def test_an_enumerations_own_words_need_no_table(one: Callable[..., Record]) -> None:
    """For feeds that speak the schema's language."""
    assert one('body.grade = "g"', g="MAJOR").safety_hazard.grade == safety.GRADE_MAJOR
    with pytest.raises(Untranslatable, match="expected one of UNSPECIFIED, ORDINARY, MAJOR"):
        one('body.grade = "g"', g="major")


@pytest.mark.parametrize(
    ("form", "written", "utc"),
    [
        ("%Y-%m-%d %H:%M:%S", "2025-07-01 18:00:00", "2025-07-01T10:00:00Z"),
        ("%Y/%m/%d %H:%M", "2025/7/1 8:05", "2025-07-01T00:05:00Z"),
        ("%Y年%m月%d日%H时", "2025年7月1日18时", "2025-07-01T10:00:00Z"),
        ("%Y%m%d%H%M%S", "20250701180000", "2025-07-01T10:00:00Z"),
        ("%Y/%m/%d %p%H:%M", "2025/7/1 下午6:05", "2025-07-01T10:05:00Z"),
        ("%Y/%m/%d %p%H:%M", "2025/7/1 上午 12:05", "2025-06-30T16:05:00Z"),
        ("%m/%d/%Y %I:%M:%S %p", "7/1/2025 12:05:00 pm", "2025-07-01T04:05:00Z"),
        ("%Y/%m/%d %p%H:%M", "2025/7/1 下午18:05", "2025-07-01T10:05:00Z"),
        ("%y%m%d", "250701", "2025-06-30T16:00:00Z"),
        ("%Y-%m-%dT%H:%M:%S.%f", "2025-07-01T18:00:00.25", "2025-07-01T10:00:00.250Z"),
        ("%Y-%m-%d %H:%M%z", "2025-07-01 18:00+09:00", "2025-07-01T09:00:00Z"),
        ("iso", "2025-07-01T18:00:00", "2025-07-01T10:00:00Z"),
        ("iso", "2025-07-01T18:00:00Z", "2025-07-01T18:00:00Z"),
        ("unix", "1751364000", "2025-07-01T10:00:00Z"),
        ("unix_ms", 1751364000500, "2025-07-01T10:00:00.500Z"),
        ("excel", "45839.75", "2025-07-01T10:00:00Z"),
        ("excel", "45839.7500115741", "2025-07-01T10:00:01Z"),
        ("excel", 45839, "2025-06-30T16:00:00Z"),
    ],
)
def test_times_become_utc(one: Callable[..., Record], form: str, written: Any, utc: str) -> None:
    """Those without a zone are in the feed's."""
    record = one(f'body.due_at = {{ column = "d", format = "{form}" }}', d=written)

    assert record.safety_hazard.due_at.ToJsonString() == utc


def test_a_time_has_its_own_zone_and_its_own_end_of_day(one: Callable[..., Record]) -> None:
    """A deadline on a day ends with it."""
    line = 'body.due_at = {{ column = "d", time_zone = "{}", end_of_day = true }}'

    utc = one(line.format("UTC"), d="2025-07-03")
    shanghai = one(line.format("Asia/Shanghai"), d="2025-07-03")
    noon = one(line.format("UTC"), d="2025-07-03 12:00")

    assert utc.safety_hazard.due_at.ToJsonString() == "2025-07-03T23:59:59Z"
    assert shanghai.safety_hazard.due_at.ToJsonString() == "2025-07-03T15:59:59Z"
    assert noon.safety_hazard.due_at.ToJsonString() == "2025-07-03T12:00:00Z"


@pytest.mark.parametrize(
    "written", ["2025-13-01 00:00", "2025-07-01", "morgen", "2025-07-01 18:00 ", "02025-07-01 1:2"]
)
def test_what_is_no_such_time_is_refused(one: Callable[..., Record], written: str) -> None:
    """Formats are taken at their word."""
    line = 'body.due_at = { column = "d", format = "%Y-%m-%d %H:%M%z" }'

    with pytest.raises(Untranslatable, match=r"column d is .*expected a time as"):
        one(line, d=written)


@pytest.mark.parametrize("at", [0, 33_000_000_000, None])
def test_the_time_of_observation_must_be_true(one: Callable[..., Record], at: Any) -> None:
    """Before 1990, in the far future, or not there: the row goes to quarantine."""
    with pytest.raises(Untranslatable, match="column at is"):
        one("", at=at)


def test_a_table_without_times_is_of_now(make: Make, read: Read) -> None:
    """`received` dates a row by when it was read."""
    text = HAZARD.format(top="", fields="").replace(
        'observed_at = { column = "at", format = "unix" }', "observed_at = { received = true }"
    )
    before = datetime.now(UTC)

    (found,) = read(make(text), b'{"n": "H1"}')

    observed = found.record.observed_at.ToDatetime(tzinfo=UTC)
    assert before <= observed <= datetime.now(UTC)


def test_points_become_wgs84(one: Callable[..., Record]) -> None:
    """The mapping, or the field, says which system the source uses."""
    line = 'location.point = { latitude = "y", longitude = "x" }'

    record = one(line, top='coordinate_system = "gcj02"', y="32.0394612", x="118.7726185")

    point = record.location.point
    assert point.latitude_deg == pytest.approx(32.0415, abs=1e-6)
    assert point.longitude_deg == pytest.approx(118.7674, abs=1e-6)
    assert point.source_coordinate_system == COORDINATE_SYSTEM_GCJ02


@pytest.mark.parametrize(("y", "x"), [("-", "-"), (None, None), ("9999", "9999"), ("0", "0.0")])
def test_no_point_is_no_fault(one: Callable[..., Record], y: Any, x: Any) -> None:
    """0, 0 stands for none, too, and is told."""
    record = one('location.point = { latitude = "y", longitude = "x" }', y=y, x=x)

    assert not record.location.HasField("point")
    assert ("0, 0" in record.quality.note) is (y == "0")


@pytest.mark.parametrize(
    ("y", "x", "said"),
    [
        ("118.7", "32", "column y is '118.7', expected degrees of latitude from -90 to 90"),
        ("32", "-", "column x is '', expected degrees of longitude from -180 to 180"),
        ("north", "118", "column y is 'north', expected degrees of latitude from -90 to 90"),
        ("32", "200", "column x is '200', expected degrees of longitude from -180 to 180"),
        ("32", "1_18", "column x is '1_18', expected degrees of longitude from -180 to 180"),
        ("nan", "118", "column y is 'nan', expected degrees of latitude from -90 to 90"),
    ],
)
def test_half_a_point_is_refused(one: Callable[..., Record], y: str, x: str, said: str) -> None:
    """The column that is wrong is named; an exchange only where it explains the number."""
    with pytest.raises(Untranslatable) as refused:
        one('location.point = { latitude = "y", longitude = "x" }', y=y, x=x)

    assert said in str(refused.value)
    assert ("exchanged" in str(refused.value)) == (y == "118.7")


def test_a_word_may_stand_for_a_place(one: Callable[..., Record]) -> None:
    """Counters send a number; where it hangs the mapping knows."""
    line = 'location.point = { column = "s", points = { A1 = [32.0, 118.5] }'

    assert one(f"{line} }}", s="A1").location.point.latitude_deg == 32.0
    kept = one(f'{line}, otherwise = "keep" }}', s="B2")
    assert not kept.location.HasField("point")
    assert "B2" in kept.quality.note
    with pytest.raises(Untranslatable, match="column s is 'B2', expected one of A1"):
        one(f"{line} }}", s="B2")


def test_the_quality_keeps_the_sources_flag(one: Callable[..., Record]) -> None:
    """What the source wrote stands beside what it means."""
    line = 'quality = { column = "q", values = { N = "VALID", F = "INVALID" } }'

    good, bad, none = one(line, q="N"), one(line, q="F"), one(line, q=None)

    assert (good.quality.level, good.quality.source_flag) == (QUALITY_LEVEL_VALID, "N")
    assert (bad.quality.level, bad.quality.source_flag) == (QUALITY_LEVEL_INVALID, "F")
    assert none.quality.level == QUALITY_LEVEL_VALID


def test_one_column_may_hold_several(one: Callable[..., Record]) -> None:
    """Units of an incident, however they are parted."""
    usual = one('body.units.call_sign = "u"', INCIDENT, u="一队、二队; 三队")
    by_slash = one('body.units.call_sign = { column = "u", separator = "/" }', INCIDENT, u="a,b/c")
    from_list = one('body.units.call_sign = "u"', INCIDENT, u=["a", "b"])

    assert [unit.call_sign for unit in usual.incident.units] == ["一队", "二队", "三队"]
    assert [unit.call_sign for unit in by_slash.incident.units] == ["a,b", "c"]
    assert [unit.call_sign for unit in from_list.incident.units] == ["a", "b"]


def test_templates_join_columns(one: Callable[..., Record]) -> None:
    """One that is null makes the whole null."""
    line = 'body.description = { template = "{a}（{b.c}）" }'  # noqa: RUF001

    whole, part = one(line, a="漏水", b={"c": "三楼"}), one(line, a="漏水", b={})

    assert whole.safety_hazard.description == "漏水（三楼）"  # noqa: RUF001
    assert not part.safety_hazard.description


def test_texts_lose_numbers_of_people_where_the_mapping_says(one: Callable[..., Record]) -> None:
    """A number of an incident may look like one of a person, so it is said field by field."""
    bare = one('body.description = "d"', d="回拨13912345678")
    masked = one('body.description = { column = "d", mask = true }', d="回拨13912345678")

    assert bare.safety_hazard.description == "回拨13912345678"
    assert masked.safety_hazard.description == "回拨***"


def test_constants_stand_where_no_column_fills(one: Callable[..., Record]) -> None:
    """They are what a null leaves behind."""
    line = 'body.owner = "o"\n[constants]\nbody.owner = "不详"\nbody.grade = "MAJOR"'

    assert one(line, o="某厂").safety_hazard.owner == "某厂"
    assert one(line, o="-").safety_hazard.owner == "不详"
    assert one(line).safety_hazard.grade == safety.GRADE_MAJOR


def test_yes_and_no_have_many_words(make: Make, read: Read) -> None:
    """In two languages."""
    text = LEVELS.replace("water.level", "traffic.vehicle").replace("station_id", "vehicle_id")
    adapter = make(f'{text}body.has_fix = "f"\n')
    rows = "\n".join(
        f'{{"station": "{n}", "at": 1751364000, "f": {flag}}}'
        for n, flag in enumerate(['"是"', "false", "1", '"N"'])
    )

    found = [one.record.traffic_vehicle.has_fix for one in read(adapter, rows.encode())]

    assert found == [True, False, True, False]


def test_what_the_mapping_says_of_all_its_records(one: Callable[..., Record]) -> None:
    """Classification and version; a drill is one by its column."""
    record = one(
        'status = { column = "drill", values = { 1 = "EXERCISE", 0 = "ACTUAL" } }',
        top='classification = "confidential"\nversion = "3"',
        drill=1,
    )

    assert record.classification == CLASSIFICATION_CONFIDENTIAL
    assert record.status == STATUS_EXERCISE
    assert record.provenance.format_version == "3"
    assert record.location.district == "320100"


@pytest.mark.parametrize(
    ("top", "row", "column"),
    [
        ('required = ["x"]', {"x": "-"}, "x"),
        ('required = ["x"]', {}, "x"),
        ("", {"n": ""}, "n"),
    ],
)
def test_a_row_without_what_it_must_have_is_refused(
    one: Callable[..., Record], top: str, row: dict[str, str], column: str
) -> None:
    """Also without a word in `required`, where the schema demands it."""
    with pytest.raises(Untranslatable, match=f"column {column} is .* expected a value"):
        one("", top=top, **row)


def test_an_entity_must_have_a_name(make: Make, read: Read) -> None:
    """What it is made of is told."""
    adapter = make(HAZARD.format(top="", fields="").replace('"{n}"', '"{n}-{part}"'))

    with pytest.raises(Untranslatable, match="names what the row describes"):
        read(adapter, b'{"n": "H1", "at": 1751364000}')


def test_unchanged_rows_are_duplicates_and_changed_ones_revisions(make: Make, read: Read) -> None:
    """Only what is mapped counts, unless `row_id` says what does."""
    plain = make(HAZARD.format(top="", fields='body.owner = "o"'))
    by_id = make(HAZARD.format(top='row_id = ["n", "v"]', fields='body.owner = "o"'))
    rows = (
        b'{"n": "H1", "at": 1751364000, "o": "a", "v": 1, "other": 1}\n'
        b'{"n": "H1", "at": 1751364000, "o": "a", "v": 1, "other": 2}\n'
        b'{"n": "H1", "at": 1751364000, "o": "b", "v": 1}\n'
        b'{"n": "H1", "at": 1751364000, "o": "b", "v": 2}\n'
    )

    digests = [one.message_id for one in read(plain, rows)]
    ids = [one.message_id for one in read(by_id, rows)]

    assert digests[0] == digests[1] != digests[2] == digests[3]
    assert ids[0] == ids[1] == ids[2] != ids[3]
    assert read(by_id, rows)[0].record.provenance.source_message_id == "H1 1"


def test_attributes_are_kept_verbatim_and_all_else_is_dropped(make: Make, read: Read) -> None:
    """A column that nothing names may hold what nobody agreed to share."""
    adapter = make(INCIDENT.format(top='attributes = ["网格"]', fields=""))
    row = '{"n": "A", "at": 1751364000, "网格": "07", "报警人": "李四"}'.encode()

    (found,) = read(adapter, row)

    assert [(one.key, one.value) for one in found.record.incident.attributes] == [("网格", "07")]
    assert "李四".encode() not in found.record.SerializeToString()
