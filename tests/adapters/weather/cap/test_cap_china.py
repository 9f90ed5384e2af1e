"""The Chinese national warning message becomes a warning, too."""

from collections.abc import Callable

import protovalidate
import pytest

from adapters.sdk.adapter import Translated
from adapters.sdk.errors import Untranslatable
from liandong.record.v1 import record_pb2 as record
from liandong.weather.v1 import weather_pb2 as weather

Write = Callable[..., bytes]
Read = Callable[[bytes], list[Translated]]


def test_a_message_becomes_a_valid_record(chinese: Write, read: Read) -> None:
    """Time with a blank and without a zone, colour, event code and division lists are read."""
    (translated,) = read(chinese())

    found = translated.record
    protovalidate.validate(found)
    assert found.observed_at.ToJsonString() == "2026-07-01T09:30:00Z"
    assert found.location.district == "320100"
    warning = found.weather_warning
    assert warning.profile == "GB/T 35965.1"
    assert (warning.event_type, warning.event) == ("11B03", "暴雨")
    assert warning.color == weather.COLOR_ORANGE
    (info,) = warning.infos
    assert (info.severity, info.source_severity) == (weather.SEVERITY_SEVERE, "Orange")
    assert info.areas[0].description == "玄武区,秦淮区"
    assert [code.code for code in info.areas[0].geocodes] == ["320102000000", "320104000000"]


@pytest.mark.parametrize(
    ("word", "color", "severity"),
    [
        ("Red", weather.COLOR_RED, weather.SEVERITY_EXTREME),
        ("Yellow", weather.COLOR_YELLOW, weather.SEVERITY_MODERATE),
        ("BLUE", weather.COLOR_BLUE, weather.SEVERITY_MINOR),
        ("红色", weather.COLOR_RED, weather.SEVERITY_EXTREME),
        ("Unknown", weather.COLOR_ORANGE, weather.SEVERITY_SEVERE),
    ],
)
def test_a_colour_is_a_severity(
    chinese: Write, read: Read, word: str, color: int, severity: int
) -> None:
    """Where the severity says nothing, the headline's colour does."""
    (info,) = read(chinese(severity=word))[0].record.weather_warning.infos

    assert (info.color, info.severity) == (color, severity)


@pytest.mark.parametrize(
    ("word", "color"),
    [
        ("1", weather.COLOR_RED),
        ("Ⅱ级", weather.COLOR_ORANGE),
        ("III级/较大", weather.COLOR_YELLOW),
        ("四级", weather.COLOR_BLUE),
        ("IV", weather.COLOR_BLUE),
        ("五级", weather.COLOR_UNSPECIFIED),
    ],
)
def test_a_level_is_a_colour_where_nothing_names_one(
    chinese: Write, read: Read, word: str, color: int
) -> None:
    """The law has four levels, and a colour for each."""
    written = chinese(severity=word).decode().replace("橙色", "").encode()

    (info,) = read(written)[0].record.weather_warning.infos

    assert info.color == color
    assert info.source_severity == word


def test_a_bare_reference_is_superseded(chinese: Write, read: Read) -> None:
    """References are identifiers without sender and time."""
    earlier = "32010041600000_20260701120000"

    _, other = read(chinese(msg_type="Update", references=earlier + "\\"))

    assert other.record.name == f"weather/weather.warning/{earlier}"
    assert other.record.weather_warning.state == weather.WARNING_STATE_SUPERSEDED
    assert other.record.location.district == "320100"


@pytest.mark.parametrize(
    "geocode",
    ["320102000000\\320104000000", "320102000000;320104000000,320102000000", "320102 320104"],
)
def test_lists_of_codes_have_many_separators(chinese: Write, read: Read, geocode: str) -> None:
    """Real lists repeat themselves and are separated as it pleases the sender."""
    found = read(chinese(geocode=geocode))[0].record

    assert len(found.location.areas[0].geocodes) == 2
    assert found.location.district == "320100"


def test_the_person_on_duty_is_not_published(chinese: Write, read: Read) -> None:
    """What senderName holds is a person's name in practice; the office takes its place."""
    found = read(chinese())[0].record

    assert found.weather_warning.infos[0].sender_title == "南京市气象局"
    assert "张三".encode() not in found.SerializeToString()


def test_messages_of_channels_are_kept(chinese: Write, read: Read) -> None:
    """Each channel's text is a parameter, its escapes undone; recipients stay out."""
    found = read(chinese())[0].record
    parameters = {one.key: one.value for one in found.weather_warning.infos[0].parameters}

    assert parameters["method.SMS"] == "请注意\n防范"
    assert b"6d5c" not in found.SerializeToString()


def test_a_classified_message_is_restricted(chinese: Write, read: Read) -> None:
    """Its secClassification says how far a message may travel."""
    document = chinese().replace(b"Classification>None", "Classification>秘密".encode())

    found = read(document)[0].record

    assert found.classification == record.CLASSIFICATION_RESTRICTED


def test_a_wrong_time_is_named(chinese: Write, read: Read) -> None:
    """The element is named as the profile names it."""
    with pytest.raises(Untranslatable, match=r"alert\.sendTime"):
        read(chinese(sent="2026-13-01 17:30:00"))


def test_blanks_without_end_part_places_too(chinese: Write, read: Read) -> None:
    """A list of places is gone through once, whatever stands between them."""
    blanks = " " * 1_000_000
    places = f"玄武区{blanks}x \N{FULLWIDTH COMMA}秦淮区"
    message = chinese().replace("玄武区,秦淮区,玄武区".encode(), places.encode())

    (found,) = read(message)

    (area,) = found.record.weather_warning.infos[0].areas
    assert area.description.endswith("x,秦淮区")
