"""What exports look like after people and Excel had them in hand."""

# ruff: noqa: RUF001, RUF002 - full-width characters are meant.

from collections.abc import Callable

import pytest

from adapters.police.incident_csv import IncidentCsv, IncidentRow
from adapters.sdk.adapter import Translated
from adapters.sdk.errors import Untranslatable
from adapters.sdk.message import Undecodable
from adapters.sdk.privacy import masked
from adapters.sdk.tables.foreign import MAX_FOREIGN_BYTES
from liandong.incident.v1 import incident_pb2 as incident
from liandong.quantity.v1.quantity_pb2 import QUALITY_LEVEL_SUSPECT, QUALITY_LEVEL_VALID

Make = Callable[..., IncidentCsv]
Read = Callable[[IncidentCsv, bytes], list[Translated]]

HEADER = "接警编号,报警时间,警情类型,警情级别,处置状态,事发地址,经度,纬度"
ROW = "3201001,2026-06-05 07:03:00,火灾,三级,处置中,中山路1号,118.78,32.04"
FILE = f"{HEADER}\n{ROW}\n"


def changed(**cells: str) -> bytes:
    """Return a file whose row has other cells, by their English names."""
    names = ("number", "time", "type", "level", "state", "address", "longitude", "latitude")
    row = dict(zip(names, ROW.split(","), strict=True)) | cells
    return f"{HEADER}\n{','.join(row.values())}\n".encode()


def in_pieces(adapter: IncidentCsv, file: bytes) -> list[object]:
    """Decode a file byte by byte."""
    decoder = adapter.decoder()
    found: list[object] = [
        row for place in range(len(file)) for row in decoder.feed(file[place : place + 1])
    ]
    return found + list(decoder.close())


@pytest.mark.parametrize(
    "file",
    [
        FILE.replace(",", "\t").encode("utf-16"),
        FILE.replace(",", ";").encode("gb18030"),
        FILE.replace(",", "|").encode("gb18030"),
        f"\ufeff{FILE}".encode(),
        FILE.replace("\n", "\r").encode(),
        f"sep=,\r\n{FILE}".encode(),
        FILE.replace(ROW, f"{ROW},,").encode(),
        FILE.replace("报警时间", "报警 时间（年月日）").encode(),
        FILE.replace("3201001", '="3201001"').encode(),
        FILE.replace("3201001", "'3201001").encode(),
        FILE.replace("2026-06-05 07:03:00", "'2026-06-05 07:03:00").encode(),
        FILE.replace("2026-06-05 07:03:00", "202606050703").encode(),
        FILE.replace("118.78,32.04", "东经118.78°,北纬32.04").encode(),
    ],
)
def test_one_export_has_many_shapes(make: Make, read: Read, file: bytes) -> None:
    """Encoding, delimiter, line ends, trailing cells and Excel's own marks change nothing."""
    (one,) = read(make(), file)

    record = one.record
    assert record.name == "police/incident.report/3201001"
    assert record.observed_at.ToJsonString() == "2026-06-04T23:03:00Z"
    assert record.location.address == "中山路1号"
    assert record.quality.level == QUALITY_LEVEL_VALID
    (row,) = in_pieces(make(), file)
    assert isinstance(row, IncidentRow)
    assert row.get("number") == "3201001"


@pytest.mark.parametrize(
    "time",
    [
        "2026/6/5 7:03",
        "2026.6.5 7:03",
        "2026-6-5 上午 7:03:00",
        "2026/06/05 07:03:00 AM",
        "06/05/2026 07:03:00 AM",
        "２０２６－０６－０５　０７：０３",
        "20260605070300",
        "46178.29375",
        "1780614180",
        "1780614180000",
    ],
)
def test_a_time_has_many_shapes(make: Make, read: Read, time: str) -> None:
    """Numbers are Excel's days in the feed's zone, or seconds or milliseconds since 1970."""
    (one,) = read(make(), changed(time=time))

    assert one.record.incident.reported_at.ToJsonString() == "2026-06-04T23:03:00Z"


@pytest.mark.parametrize("time", ["2026060507030", "202606050703001", "3", "12:00"])
def test_a_time_that_lacks_digits_is_not_guessed(make: Make, read: Read, time: str) -> None:
    """Thirteen digits would make a time of some other century."""
    with pytest.raises(Untranslatable) as caught:
        read(make(), changed(time=time))

    assert caught.value.cause == "time"


def test_the_afternoon_is_twelve_hours_later(make: Make, read: Read) -> None:
    """12 下午 is noon, and 12 上午 midnight."""
    hours = [
        read(make(), changed(time=f"2026-06-05 {half}"))[0].record.observed_at.ToJsonString()[11:16]
        for half in ("下午 3:00:00", "下午 12:00:00", "上午 12:00:00")
    ]

    assert hours == ["07:00", "04:00", "16:00"]


def test_a_reports_title_may_stand_above_its_header(make: Make) -> None:
    """It is told, and the rows below the header are read."""
    decoder = make().decoder()

    title, row = decoder.feed(f"某市接警情况,,,,,,,\n{FILE}".encode()) + decoder.close()

    assert getattr(title, "cause", "") == "header"
    assert isinstance(row, IncidentRow)


def test_no_persons_row_is_shown_for_a_missing_header(make: Make) -> None:
    """The reason names the columns of the first row that has some, and no cell below it."""
    decoder = make().decoder()

    refused = decoder.feed("报表\n甲,乙\n张三,13800000000\n".encode()) + decoder.close()

    assert "甲, 乙" in getattr(refused[2], "reason", "")
    assert "张三" not in getattr(refused[2], "reason", "")


@pytest.mark.parametrize(
    ("longitude", "latitude"),
    [
        ("118°46′48″", "32°2'24\""),
        ("E118度46.8分", "N32度2.4分"),
        ("118.78°E", "32.04°N"),
        ("东118.78度", "北 32.04度"),
        ("32.04", "118.78"),
    ],
)
def test_a_point_has_many_shapes(make: Make, read: Read, longitude: str, latitude: str) -> None:
    """Minutes and seconds are parts of a degree; what can only be exchanged is put right."""
    (one,) = read(make(), changed(longitude=longitude, latitude=latitude))

    point = one.record.location.point
    assert point.latitude_deg == pytest.approx(32.04)
    assert point.longitude_deg == pytest.approx(118.78)
    exchanged = longitude == "32.04"
    assert (one.record.quality.level == QUALITY_LEVEL_SUSPECT) == exchanged


def test_south_and_west_are_negative_and_commas_are_points(make: Make, read: Read) -> None:
    """Letters say on which half of the globe; where a semicolon parts cells, commas are free."""
    file = FILE.replace(",", ";").replace("118.78", "W 70,5").replace("32.04", "33,25 S")

    (one,) = read(make(), file.encode())

    assert one.record.location.point.latitude_deg == -33.25
    assert one.record.location.point.longitude_deg == -70.5


@pytest.mark.parametrize("written", ["2", "2.0", "2人", "２", "2.00 人"])
def test_a_number_of_people_has_many_shapes(make: Make, read: Read, written: str) -> None:
    """Databases add decimals, and people full-width digits."""
    (one,) = read(make(), f"{HEADER},死亡人数\n{ROW},{written}\n".encode())

    assert one.record.incident.casualties.dead == 2


@pytest.mark.parametrize("written", ["2.5", "-1", "约3", "1e3", "99999999"])
def test_what_is_no_number_of_people_is_not_guessed(make: Make, read: Read, written: str) -> None:
    """Half a person or an estimate is for a person to read."""
    with pytest.raises(Untranslatable, match=r"casualties\.dead"):
        read(make(), f"{HEADER},死亡人数\n{ROW},{written}\n".encode())


def test_half_a_point_is_none_and_is_told(make: Make, read: Read) -> None:
    """The incident is known all the same."""
    (one,) = read(make(), changed(latitude="NULL"))

    assert not one.record.location.HasField("point")
    assert one.record.quality.level == QUALITY_LEVEL_SUSPECT


def test_a_number_that_excel_shortened_is_refused(make: Make, read: Read) -> None:
    """It would be the same for every incident of the day."""
    with pytest.raises(Untranslatable) as caught:
        read(make(), changed(number="3.20E+18"))

    assert caught.value.cause == "number"


@pytest.mark.parametrize("nothing", ["NULL", "null", "-", "--", "无", "N/A"])
def test_a_word_for_nothing_is_no_number(make: Make, read: Read, nothing: str) -> None:
    """All incidents without a number would share it, and each replace the one before."""
    rows = "\n".join(ROW.replace("3201001", nothing).replace("中山路1号", at) for at in "甲乙")

    first, second = read(make(), f"{HEADER}\n{rows}\n".encode())

    assert first.record.name != second.record.name
    assert first.record.incident.number.startswith("sha256-")


@pytest.mark.parametrize(
    ("written", "category"),
    [
        ("自然灾害", incident.CATEGORY_NATURAL_DISASTER),
        ("事故灾难", incident.CATEGORY_ACCIDENT),
        ("公共卫生事件", incident.CATEGORY_PUBLIC_HEALTH),
        ("社会安全事件类（扰序）", incident.CATEGORY_SOCIAL_SECURITY),
    ],
)
def test_the_laws_categories_are_known(make: Make, read: Read, written: str, category: int) -> None:
    """The columns 事件大类 and 突发事件类别 hold the four of the Emergency Response Law."""
    (one,) = read(make(), f"{HEADER},事件大类\n{ROW},{written}\n".encode())

    assert one.record.incident.category == category
    assert one.record.quality.level == QUALITY_LEVEL_VALID


def test_a_word_may_be_explained_in_brackets(make: Make, read: Read) -> None:
    """Ⅲ级（较大）is level III."""
    (one,) = read(make(), changed(level="Ⅲ级（较大）", state="已到达"))

    assert one.record.incident.level == incident.LEVEL_III
    assert one.record.incident.lifecycle == incident.LIFECYCLE_RESPONDING


@pytest.mark.parametrize(
    "number",
    [
        "02588888888",
        "025—88888888",
        "(025)88888888",
        "（025）88888888",
        "１３８０１５４５１０２",
        "32010219900101123x",
    ],
)
def test_numbers_of_people_are_masked_however_written(number: str) -> None:
    """With or without dashes and brackets, of any width."""
    assert masked(f"（急）请联系{number}。") == "（急）请联系***。"


def test_a_cell_full_of_halves_of_days_is_no_time(make: Make, read: Read) -> None:
    """Nothing but the reason comes out, however long the cell."""
    with pytest.raises(Untranslatable) as caught:
        read(make(), changed(time="上午" * 5000))

    assert caught.value.cause == "time"


@pytest.mark.parametrize(
    ("begins", "what"),
    [
        (b"PK\x03\x04\x14\x00", "xlsx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "xls"),
        (b"\x1f\x8b\x08\x00", "gzip"),
        (b"%PDF-1.7\n", "PDF"),
        (b"\xef\xbb\xbf<html><table>", "web page"),
        (b'[{"a": 1}]', "JSON"),
    ],
)
@pytest.mark.parametrize("size", [1, 1 << 20])
def test_a_file_of_another_kind_is_refused_once(
    make: Make, begins: bytes, what: str, size: int
) -> None:
    """It is no table of text: its bytes are not cut into hundreds of bad rows."""
    file = begins + b"\n\x00\xff,\r\n" * 200
    decoder = make().decoder()

    found = [one for at in range(0, len(file), size) for one in decoder.feed(file[at : at + size])]
    (refused,) = [*found, *decoder.close()]

    assert isinstance(refused, Undecodable)
    assert (refused.cause, refused.raw) == ("format", file)
    assert what in refused.reason


def test_of_a_large_file_of_another_kind_the_beginning_is_kept(make: Make) -> None:
    """Memory is bounded, and the reason says what was dropped."""
    decoder = make().decoder()

    decoder.feed(b"PK\x03\x04" + b"x" * (2 * MAX_FOREIGN_BYTES))
    (refused,) = decoder.close()

    assert isinstance(refused, Undecodable)
    assert len(refused.raw) == MAX_FOREIGN_BYTES
    assert f"of its {2 * MAX_FOREIGN_BYTES + 4} bytes" in refused.reason


def test_rows_of_utf_8_in_a_file_of_gbk_are_read_as_what_they_are(make: Make, read: Read) -> None:
    """A program has joined two exports; the other would be words that nobody wrote."""
    second = ROW.replace("3201001", "3201002").replace("火灾", "抢劫")

    _, joined = read(make(), FILE.encode("gb18030") + f"{second}\n".encode())

    assert joined.record.incident.type == "抢劫"


@pytest.mark.parametrize(
    ("state", "lifecycle"),
    [
        ("处警中", incident.LIFECYCLE_RESPONDING),
        ("已到现场", incident.LIFECYCLE_RESPONDING),
        ("已受理", incident.LIFECYCLE_REPORTED),
        ("办结", incident.LIFECYCLE_CLOSED),
        ("处置结束", incident.LIFECYCLE_CLOSED),
    ],
)
def test_states_go_by_many_words(make: Make, read: Read, state: str, lifecycle: int) -> None:
    """Dispatch systems have no common words."""
    (one,) = read(make(), changed(state=state))

    assert one.record.incident.lifecycle == lifecycle
    assert one.record.quality.level == QUALITY_LEVEL_VALID


@pytest.mark.parametrize("written", ["08:30:00", "8：30", "8时30分"])
def test_a_time_of_day_alone_is_refused_with_what_to_do(
    make: Make, read: Read, written: str
) -> None:
    """The day stands in another column, and this adapter joins none."""
    with pytest.raises(Untranslatable, match="`template` joins columns"):
        read(make(), changed(time=written))
