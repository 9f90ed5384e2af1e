"""Rows become incidents."""

from collections.abc import Callable

import protovalidate
import pytest

from adapters.police.incident_csv import IncidentCsv
from adapters.sdk.adapter import Translated
from adapters.sdk.errors import FeedMisconfigured, Untranslatable
from adapters.sdk.privacy import masked
from liandong.incident.v1 import incident_pb2 as incident
from liandong.place.v1.place_pb2 import COORDINATE_SYSTEM_GCJ02
from liandong.quantity.v1.quantity_pb2 import QUALITY_LEVEL_SUSPECT

Make = Callable[..., IncidentCsv]
Read = Callable[[IncidentCsv, bytes], list[Translated]]

NAMES = (
    "接警编号", "报警时间", "事件类型", "事件级别", "经度", "纬度", "地址", "处置状态",
    "报警人", "联系电话", "死亡人数", "出警单位",
)  # fmt: skip
USUAL = {
    "接警编号": "NJ110-0042",
    "报警时间": "2026-07-01 20:15:30",
    "事件类型": "燃气泄漏",
    "事件级别": "较大",
    "经度": "118.7726185",
    "纬度": "32.0394612",
    "地址": "玄武区中山东路1号",
    "处置状态": "处置中",
    "报警人": "李四",
    "联系电话": "13912345678",
    "死亡人数": "",
    "出警单位": "玄武消防站、新街口派出所",
}


def _file(*changes: dict[str, str], encoding: str = "gb18030") -> bytes:
    """Write an export of usual rows, each with some cells changed."""
    rows = [",".join((USUAL | change)[name] for name in NAMES) for change in changes or ({},)]
    return "\r\n".join([",".join(NAMES), *rows]).encode(encoding)


def test_a_row_becomes_a_valid_record(make: Make, read: Read) -> None:
    """Header names in common use need no mapping; GCJ-02 becomes WGS-84."""
    (translated,) = read(make(coordinate_system="gcj02"), _file())

    found = translated.record
    protovalidate.validate(found)
    assert found.name == "police/incident.report/NJ110-0042"
    assert found.observed_at.ToJsonString() == "2026-07-01T12:15:30Z"
    assert found.location.point.latitude_deg == pytest.approx(32.0415, abs=1e-6)
    assert found.location.point.longitude_deg == pytest.approx(118.7674, abs=1e-6)
    assert found.location.point.source_coordinate_system == COORDINATE_SYSTEM_GCJ02
    assert (found.location.address, found.location.district) == ("玄武区中山东路1号", "320100")
    body = found.incident
    assert (body.type, body.category) == ("燃气泄漏", incident.CATEGORY_ACCIDENT)
    assert (body.level, body.lifecycle) == (incident.LEVEL_III, incident.LIFECYCLE_RESPONDING)
    assert [unit.call_sign for unit in body.units] == ["玄武消防站", "新街口派出所"]
    assert not body.HasField("casualties")


def test_callers_are_not_published(make: Make, read: Read) -> None:
    """What no mapping and no list names is dropped, for it may be personal."""
    encoded = read(make(), _file())[0].record.SerializeToString()

    assert "李四".encode() not in encoded
    assert b"13912345678" not in encoded


def test_listed_columns_are_kept_verbatim(make: Make, read: Read) -> None:
    """`attributes` says which."""
    (found,) = read(make(attributes=["报警人"]), _file())

    assert [(one.key, one.value) for one in found.record.incident.attributes] == [
        ("报警人", "李四")
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("电话13912345678回拨", "电话***回拨"),
        ("+86 139-1234-5678", "***"),
        ("025-84412345", "***"),
        ("身份证32010219900101123X。", "身份证***。"),
        ("中山东路128号3幢1201", "中山东路128号3幢1201"),
    ],
)
def test_free_texts_lose_numbers_of_people(text: str, expected: str) -> None:
    """A description is for departments, not a way to call who reported."""
    assert masked(text) == expected


def test_an_unchanged_row_is_a_duplicate_and_a_changed_one_a_revision(
    make: Make, read: Read
) -> None:
    """The next export holds the same rows; only what is mapped counts as a change."""
    adapter = make()
    first, caller, closed = read(adapter, _file({}, {"报警人": "王五"}, {"处置状态": "已结案"}))

    assert first.message_id == caller.message_id
    assert first.message_id != closed.message_id
    assert first.record.name == closed.record.name
    assert closed.record.incident.lifecycle == incident.LIFECYCLE_CLOSED


def test_an_incident_without_a_number_is_named_by_its_identity(make: Make, read: Read) -> None:
    """The same incident gets the same name each time, another another."""
    adapter = make()
    same, again, other = read(
        adapter,
        _file(
            {"接警编号": ""},
            {"接警编号": "", "处置状态": "已结案"},
            {"接警编号": "", "地址": "别处"},
        ),
    )

    assert same.record.name == again.record.name != other.record.name
    assert same.record.incident.number.startswith("sha256-")


@pytest.mark.parametrize(
    ("column", "value", "field"),
    [
        ("报警时间", "昨晚", "reported_at"),
        ("报警时间", "1970-01-01 00:00:00", "reported_at"),
        ("报警时间", "", "time"),
        ("纬度", "abc", "latitude"),
        ("纬度", "118.77", "latitude"),
        ("经度", "inf", "longitude"),
        ("经度", "190", "longitude"),
        ("死亡人数", "many", "casualties.dead"),
    ],
)
def test_a_cell_that_cannot_be_read_is_named(
    make: Make, read: Read, column: str, value: str, field: str
) -> None:
    """Nothing is guessed; the row goes to quarantine."""
    with pytest.raises(Untranslatable) as caught:
        read(make(), _file({column: value}))

    assert caught.value.field == field


@pytest.mark.parametrize("point", [("", ""), ("0", "0.0")])
def test_no_point_is_no_fault(make: Make, read: Read, point: tuple[str, str]) -> None:
    """A call may come before its place is known; 0, 0 stands for that, too."""
    (found,) = read(make(), _file({"经度": point[0], "纬度": point[1]}))

    assert not found.record.location.HasField("point")


def test_an_unknown_word_grades_nothing_and_is_told(make: Make, read: Read) -> None:
    """An incident is not lost over a word."""
    (found,) = read(make(), _file({"事件级别": "蛮严重"}))

    assert found.record.incident.level == incident.LEVEL_UNSPECIFIED
    assert found.record.quality.level == QUALITY_LEVEL_SUSPECT
    assert "蛮严重" in found.record.quality.note


def test_a_city_maps_its_own_columns_and_words(make: Make, read: Read) -> None:
    """Fields, constants, words, delimiter, formats, zone: all by configuration."""
    adapter = make(
        fields={
            "number": "no",
            "occurred_at": "at",
            "level": "grade",
            "casualties.injured": "hurt",
            "district": "area",
        },
        constants={"service": "119", "category": "ACCIDENT"},
        values={"level": {"三": "III"}, "district": {"玄武区": "320102"}},
        delimiter=";",
        time_formats=["%d.%m.%Y %H:%M"],
        time_zone="UTC",
    )

    (found,) = read(adapter, "no;at;grade;hurt;area\n7;01.07.2026 20:15;三;2人;玄武区\n".encode())

    body = found.record.incident
    assert found.record.observed_at.ToJsonString() == "2026-07-01T20:15:00Z"
    assert found.record.location.district == "320102"
    assert (body.service, body.category) == ("119", incident.CATEGORY_ACCIDENT)
    assert (body.level, body.casualties.injured) == (incident.LEVEL_III, 2)


def test_the_montgomery_preset_needs_no_options(make: Make, read: Read) -> None:
    """Service and type share a column; times are those of New York."""
    row = b"40.1,-75.3,Traffic: VEHICLE ACCIDENT -,2016-07-01 12:06,NORRISTOWN,MAIN ST\n"

    (found,) = read(make(preset="montgomery-911"), row)

    body = found.record.incident
    assert (body.service, body.type) == ("Traffic", "VEHICLE ACCIDENT")
    assert body.category == incident.CATEGORY_ACCIDENT
    assert found.record.observed_at.ToJsonString() == "2016-07-01T16:06:00Z"
    assert body.attributes[0].value == "NORRISTOWN"


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"fields": {"nummer": "a"}}, "fields.nummer"),
        ({"fields": {"number": "a"}}, "maps no time"),
        ({"fields": {"reported_at": "a", "latitude": "b"}}, "latitude and longitude"),
        (
            {"fields": {"reported_at": "at"}, "columns": ["when"]},
            "available columns: when",
        ),
        ({"attributes": ["name"], "preset": "montgomery-911"}, "attributes.0"),
        ({"values": {"level": {"三": "3"}}}, "values.level"),
        ({"constants": {"lifecycle": "open"}}, "values.lifecycle"),
        ({"delimiter": "::"}, "delimiter"),
        ({"time_zone": "Asia/Nanking"}, "time_zone"),
        ({"time_formats": []}, "time_formats"),
        ({"coordinate_system": "cgcs"}, "coordinate_system"),
        ({"preset": "paris"}, "preset"),
        ({"columns": ["a", "a"]}, "twice"),
        ({"max_row_bytes": 1}, "max_row_bytes"),
        ({"colums": []}, "colums"),
    ],
)
def test_wrong_options_are_named_before_the_feed_starts(
    make: Make, options: dict[str, object], named: str
) -> None:
    """The sentence names the key and what there is to choose from."""
    with pytest.raises(FeedMisconfigured, match=named):
        make(**options)
