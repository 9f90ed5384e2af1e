"""CAP 1.1 and 1.2 alerts become warnings."""

from collections.abc import Callable

import protovalidate
import pytest

from adapters.sdk.adapter import Translated
from adapters.sdk.errors import Untranslatable
from liandong.quantity.v1.quantity_pb2 import QUALITY_LEVEL_SUSPECT
from liandong.record.v1 import record_pb2 as record
from liandong.weather.v1 import weather_pb2 as weather

Write = Callable[..., bytes]
Read = Callable[[bytes], list[Translated]]


def test_an_alert_becomes_a_valid_record(rainstorm: Write, read: Read) -> None:
    """Name, times, status, expiry and colour come from the alert; the schema holds."""
    (translated,) = read(rainstorm())

    found = translated.record
    protovalidate.validate(found)
    assert found.name == "weather/weather.warning/NJ-RAIN-1"
    assert found.observed_at.ToJsonString() == "2026-07-01T09:30:00Z"
    assert found.expires_at.ToJsonString() == "2026-07-01T15:30:00Z"
    assert (found.status, found.classification) == (1, record.CLASSIFICATION_PUBLIC)
    warning = found.weather_warning
    assert (warning.profile, warning.state) == ("CAP 1.2", weather.WARNING_STATE_IN_FORCE)
    assert (warning.color, warning.event) == (weather.COLOR_ORANGE, "暴雨")
    assert warning.infos[0].severity == weather.SEVERITY_SEVERE


def test_severity_alone_gives_no_colour(rainstorm: Write, read: Read) -> None:
    """Where colours are not used, none is invented."""
    info = (
        "<info><category>Met</category><event>Flood</event><urgency>Past</urgency>"
        "<severity>Severe</severity><certainty>Likely</certainty>"
        "<headline>Blue River rises</headline></info>"
    )

    (translated,) = read(rainstorm(info=info))

    assert translated.record.weather_warning.color == weather.COLOR_UNSPECIFIED


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("Actual", record.STATUS_ACTUAL),
        ("Exercise", record.STATUS_EXERCISE),
        ("System", record.STATUS_TEST),
        ("Test", record.STATUS_TEST),
        ("Draft", record.STATUS_TEST),
    ],
)
def test_only_actual_alerts_are_real(
    rainstorm: Write, read: Read, status: str, expected: int
) -> None:
    """A drill or a test never mixes with the real thing (CAP 1.2, 3.2.1)."""
    assert read(rainstorm(status=status))[0].record.status == expected


@pytest.mark.parametrize("scope", ["Restricted", "Private"])
def test_a_restricted_scope_restricts_the_record(rainstorm: Write, read: Read, scope: str) -> None:
    """The feed is public; an alert for some is not."""
    found = read(rainstorm(scope=scope))[0].record

    assert found.classification == record.CLASSIFICATION_RESTRICTED


@pytest.mark.parametrize("element", ["identifier", "sender", "sent", "status", "msgType", "scope"])
def test_a_missing_element_is_named(rainstorm: Write, read: Read, element: str) -> None:
    """What CAP demands of every alert must be there."""
    with pytest.raises(Untranslatable, match=f"alert.{element}"):
        read(rainstorm(without=element))


@pytest.mark.parametrize(
    ("element", "value"),
    [
        ("status", "Real"),
        ("msgType", "Notice"),
        ("scope", "All"),
        ("sent", "yesterday"),
        ("sent", "2026-02-30T00:00:00+08:00"),
        ("sent", "1970-01-01T00:00:00Z"),
        ("sent", "2036-07-01T00:00:00Z"),
    ],
)
def test_a_wrong_word_or_time_is_named(
    rainstorm: Write, read: Read, element: str, value: str
) -> None:
    """Nothing is guessed in place of a word that CAP does not know or a time that cannot be."""
    with pytest.raises(Untranslatable, match=f"alert.{element}"):
        read(rainstorm(**{element: value}))


def test_a_part_must_say_how_grave_it_is(rainstorm: Write, read: Read) -> None:
    """CAP demands urgency, severity and certainty of each info."""
    info = "<info><event>Flood</event><urgency>Past</urgency><certainty>Likely</certainty></info>"

    with pytest.raises(Untranslatable, match=r"info\.severity"):
        read(rainstorm(info=info))


def test_an_alert_without_info_is_a_warning_all_the_same(rainstorm: Write, read: Read) -> None:
    """CAP lets an alert have no info; it has no end then."""
    (translated,) = read(rainstorm(info=""))

    assert not translated.record.HasField("expires_at")
    assert not translated.record.weather_warning.infos


def test_several_parts_are_kept_and_the_last_end_counts(rainstorm: Write, read: Read) -> None:
    """Languages and phases all stay; the warning ends with its last part."""
    part = (
        "<info><language>{0}</language><category>Met</category><event>{1}</event>"
        "<urgency>Future</urgency><severity>Minor</severity><certainty>Possible</certainty>"
        "<expires>2026-07-0{2}T00:00:00Z</expires></info>"
    )
    info = part.format("en", "rain", 3) + part.format("zh-CN", "雨", 2)

    found = read(rainstorm(info=info))[0].record

    assert [one.language for one in found.weather_warning.infos] == ["en", "zh-CN"]
    assert found.expires_at.ToJsonString() == "2026-07-03T00:00:00Z"


def test_parameters_and_codes_are_kept_verbatim(rainstorm: Write, read: Read) -> None:
    """What a profile adds is not lost, and a colour in it counts."""
    info = (
        "<info><event>Wind</event><urgency>Future</urgency><severity>Moderate</severity>"
        "<certainty>Likely</certainty>"
        "<eventCode><valueName>GB/T 35965.1</valueName><value>11B06</value></eventCode>"
        "<parameter><valueName>awareness_level</valueName><value>2; yellow; Moderate</value>"
        "</parameter></info>"
    )

    warning = read(rainstorm(info=info))[0].record.weather_warning

    assert warning.event_type == "11B06"
    assert warning.color == weather.COLOR_YELLOW
    assert warning.infos[0].parameters[0].value == "2; yellow; Moderate"


def test_version_1_1_is_read_alike(rainstorm: Write, read: Read) -> None:
    """CAP 1.1 differs in nothing that matters here."""
    found = read(rainstorm(namespace="urn:oasis:names:tc:emergency:cap:1.1"))[0].record

    assert found.weather_warning.profile == "CAP 1.1"
    assert found.provenance.format_version == "1.1"


def test_a_resent_alert_has_the_same_id(rainstorm: Write, read: Read) -> None:
    """The stream keeps one of what is sent twice."""
    first, second = read(rainstorm())[0], read(rainstorm())[0]

    assert first.message_id == second.message_id


@pytest.mark.parametrize("element", ["effective", "onset", "expires"])
def test_a_time_that_cannot_be_read_costs_no_warning(
    rainstorm: Write, read: Read, element: str
) -> None:
    """It is left out, and the record says so: a warning without an end still warns."""
    info = (
        "<info><event>Flood</event><urgency>Future</urgency><severity>Severe</severity>"
        f"<certainty>Likely</certainty><{element}>soon</{element}></info>"
    )

    found = read(rainstorm(info=info))[0].record

    assert found.quality.level == QUALITY_LEVEL_SUSPECT
    assert found.quality.note.startswith(f"info.{element} is 'soon'")
    assert not found.HasField("expires_at")
