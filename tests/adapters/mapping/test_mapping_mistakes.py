"""Everything that is wrong with a mapping is told before the first row, with its line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.mapping import MappedTable, MappingOptions
from adapters.sdk.errors import FeedMisconfigured
from adapters.sdk.feed import FeedConfig
from tests.adapters.mapping.conftest import HAZARDS, LEVELS, feed_of

Make = Callable[[str], MappedTable]


def _complaint(make: Make, text: str) -> str:
    """Return what a mapping is refused with."""
    with pytest.raises(FeedMisconfigured) as caught:
        make(text)
    return str(caught.value)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('body.gade = "等级"', ("line 12", "no field 'body.gade'", "did you mean body.grade")),
        ('body.due = "期限"', ("line 12", "no field 'body.due'", "body.due_at")),
        ('location.pont = "x"', ("line 12", "did you mean location.point")),
        ('"name" = "x"', ("line 12", "no field 'name'")),
        (
            'body.grade = { column = "等级", values = { "重" = "MAYOR" } }',
            ("line 12", "fields.body.grade.values.重", "'MAYOR'", "did you mean MAJOR"),
        ),
        (
            'body.grade = { column = "等级", otherwise = "ORDINAR" }',
            ("line 12", "otherwise", "did you mean ORDINARY"),
        ),
        (
            'body.due_at = { column = "期限", format = "%Y-%b-%d" }',
            ("line 12", "fields.body.due_at.format", "has %b"),
        ),
        ('body.due_at = { column = "期限", format = "%H:%M" }', ("no day of a year",)),
        ('body.due_at = { column = "期限", format = "%Y-%m-%d %m" }', ("has %m twice",)),
        ('body.due_at = { column = "期限", time_zone = "Asia/Nanking" }', ("Asia/Nanking",)),
        ('body.owner = { column = "单位", unit = "m" }', ("line 12", "has no unit")),
        ('body.owner = { column = "单位", format = "iso" }', ("says nothing about a text",)),
        ('body.due_at = { column = "期限", mask = true }', ("says nothing about a time",)),
        ('body.grade = { colum = "等级" }', ("line 12", "`colum` is no key", "mean column")),
        ('body.grade = { column = "等级", vales = {} }', ("line 12", "did you mean values")),
        ('body.grade = { column = "a", template = "{b}" }', ("column and template",)),
        ("body.grade = { mask = true }", ("names no column",)),
        ('body.owner = { template = "单位" }', ("names no column", "{编号}")),
        ("body.owner = 7", ("line 12", "fields.body.owner")),
        ('location.point = "坐标"', ("names no coordinates",)),
        ('location.point = { latitude = "纬度" }', ("names one coordinate",)),
        (
            'location.point = { column = "站", points = { a = [118.7, 32.0] } }',
            ("line 12", "points.a", "[latitude, longitude]"),
        ),
        ('"body.description" = "内容"', ("line 10", "is there twice")),
        ('[constants]\nbody.grade = "3"', ("line 13", "constants.body.grade", "MAJOR")),
        ('[constants]\nbody.grad = "MAJOR"', ("line 13", "did you mean body.grade")),
        ('[constants]\nbody.number = ["a"]', ("line 13", "is list")),
        ('[constants]\nlocation.point = "0"', ("line 13", "cannot be the same")),
    ],
)
def test_a_wrong_line_is_named_with_what_was_perhaps_meant(
    make: Make, line: str, said: tuple[str, ...]
) -> None:
    """File, line, key, what was found, what was expected, what is spelled nearly so."""
    complaint = _complaint(make, f"{HAZARDS}\n{line}\n")

    assert "x.mapping.toml" in complaint
    for words in said:
        assert words in complaint


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"safety.hazard"', '"safety.hazzard"', ("line 1", "did you mean safety.hazard")),
        ('type = "csv"', 'type = "cvs"', ("line 5", "did you mean csv")),
        ('type = "csv"', 'type = "csv"\ndelimeter = ";"', ("line 6", "did you mean delimiter")),
        ('type = "csv"', 'type = "csv"\ndelimiter = "::"', ("line 6", "format.delimiter")),
        ('type = "csv"', 'type = "csv"\ncolumns = ["编号", "编号"]', ("'编号' twice",)),
        (
            'type = "csv"',
            'type = "csv"\ncolumns = ["编号", "描写"]',
            ("did you mean 描写",),
        ),
        ('type = "csv"', 'type = "fixed_width"\ncolumns = { "编号" = [3, 1] }', ("is [3, 1]",)),
        ("entity", "entiti", ("line 2", "did you mean entity")),
        ('"{编号}"', '"编号"', ("line 2", "names no column")),
        ("[fields]", "[feilds]", ("did you mean fields",)),
        ('observed_at = "时间"', "", ("line 7", "nothing fills observed_at")),
        ('body.number = "编号"', "", ("nothing fills body.number",)),
        ('entity = "{编号}"', 'entity = "{编号}"\nclassification = "secret"', ("'secret'",)),
        ('entity = "{编号}"', 'entity = "{编号}"\ntime_zone = "Nanjing"', ("line 3", "'Nanjing'")),
        ('entity = "{编号}"', 'entity = "{编号}"\nencoding = "gbk"', ("line 3", "encoding")),
        ('entity = "{编号}"', 'entity = "{编号}"\nattributes = ["a"]', ("has no attributes",)),
        ('entity = "{编号}"', 'entity = "{编号}"\nrequired = [1]', ("line 3", "required")),
        ('"{编号}"', '"{编号}', ("is no TOML", "line 2")),
    ],
)
def test_what_the_whole_table_needs_is_checked(
    make: Make, old: str, new: str, said: tuple[str, ...]
) -> None:
    """Kind, format, keys, zones, what the schema demands."""
    complaint = _complaint(make, HAZARDS.replace(old, new, 1))

    for words in said:
        assert words in complaint


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        ("furlong", "there is no unit 'furlong'"),
        ("kg", "there is no unit 'kg'"),
        ("m/s", "'m/s' does not convert to m"),
        ("Cel", "does not convert to m, expected one of m, mm, cm, dm, km"),
    ],
)
def test_a_unit_that_does_not_convert_is_refused(make: Make, unit: str, said: str) -> None:
    """What does is listed."""
    complaint = _complaint(
        make, f'{LEVELS}\nbody.level_m = {{ column = "level", unit = "{unit}" }}\n'
    )

    assert said in complaint
    assert "line 11" in complaint


def test_everything_is_told_at_once(make: Make) -> None:
    """Nobody starts a feed five times to find five mistakes."""
    text = f'{HAZARDS}body.gade = "a"\nbody.due_at = {{ column = "b", format = "%Q" }}\n'

    complaint = _complaint(make, text)

    assert "line 11" in complaint
    assert "line 12" in complaint


def test_keys_and_values_that_are_none_are_told_with_the_rest(make: Make) -> None:
    """Whatever is wrong with a file, one start tells it."""
    wrong = HAZARDS.replace('"{编号}"', '"{编号}"\nencoding = "gbk"\ncoordinate_system = "gcj"')
    wrong = wrong.replace('type = "csv"', 'type = "csv"\ndelimeter = ";"\nskip_rows = "two"')
    text = f'{wrong}body.gade = "a"\nlocation.point = {{ latitude = "y", longitude = "x", '
    text += 'coordinate_system = "bd9" }\n'

    complaint = _complaint(make, text)

    for words in (
        "line 3: encoding: is 'gbk', expected one of auto, gb18030, utf-8",
        "line 4: coordinate_system: is 'gcj', expected one of wgs84, gcj02, bd09",
        "line 8: format.delimeter: is no key",
        "line 9: format.skip_rows: is a `str`, expected an `int`",
        "line 15: fields.body.gade",
        "line 16: fields.location.point",
        "one of wgs84, gcj02, bd09 for `coordinate_system`; did you mean bd09?",
    ):
        assert words in complaint


@pytest.mark.parametrize("key", ["kind", "entity", "fields"])
def test_what_must_be_there_hides_no_other_mistake(make: Make, key: str) -> None:
    """Nor is a key that is spelled wrong told twice."""
    text = HAZARDS.replace(key, f"{key}z", 1).replace('"csv"', '"cvs"')

    complaint = _complaint(make, text)

    assert f"did you mean {key}" in complaint
    assert "is 'cvs', expected one of csv, fixed_width, json_lines, rows, json, xml" in complaint
    assert "is not there" not in complaint


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With its whole path, for relative ones begin at the city file's folder."""
    with pytest.raises(FeedMisconfigured, match=str(tmp_path / "none.toml")):
        MappedTable(feed_of(tmp_path), MappingOptions(file="none.toml"))


@pytest.mark.parametrize("options", [{}, {"file": "x", "mapping": {"kind": "x"}}])
def test_there_is_one_mapping(tmp_path: Path, options: dict[str, Any]) -> None:
    """A file or the options, not both and not neither."""
    with pytest.raises(FeedMisconfigured, match="name one"):
        MappedTable(feed_of(tmp_path), MappingOptions(**options))


def test_a_mapping_in_the_city_file_is_checked_alike(tmp_path: Path) -> None:
    """It has no file of its own; the key is named."""
    feed = FeedConfig(id="safety.x", adapter="mapping", agency="safety", source="drop:x")
    mapping = {
        "kind": "safety.hazard",
        "entity": "{a}",
        "format": {"type": "json_lines"},
        "fields": {"observed_at": "t", "body": {"number": "a", "gade": "g"}},
    }

    with pytest.raises(FeedMisconfigured, match=r"\[feed.options.mapping\]: fields.body.gade"):
        MappedTable(feed, MappingOptions(mapping=mapping))
