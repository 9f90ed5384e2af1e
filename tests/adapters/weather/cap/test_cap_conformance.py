"""Published alerts of many services, and XML that is none, go through the adapter."""

import os
from pathlib import Path

import protovalidate
import pytest

from adapters.sdk.message import Undecodable
from adapters.weather.cap import Cap, CapDocument
from liandong.record.v1.record_pb2 import Record
from liandong.weather.v1 import weather_pb2 as weather

FEEDS = Path(os.environ.get("LIANDONG_FEEDS", Path(__file__).parents[5] / "shared" / "feeds"))

pytestmark = pytest.mark.skipif(
    not (FEEDS / "cap").is_dir(), reason=f"no samples in {FEEDS}; set LIANDONG_FEEDS"
)

# Sample: when it was sent, and how many records it makes (an update one for each it refers to).
SAMPLES = {
    "australia.cap": ("2011-10-05T13:04:00Z", 1),
    "canada.cap": ("2012-05-02T23:21:04Z", 3),
    "cn_henan_wind_blue_20200205.xml": ("2020-02-05T02:45:00Z", 2),
    "defra_nws-alert.xml": ("2025-11-06T08:00:27Z", 1),
    "earthquake-iso8859-1.cap": ("2012-10-14T22:53:04Z", 1),
    "no_optional_fields.cap": ("2010-08-31T05:09:25Z", 1),
    "wcatwc-warning.cap": ("2011-09-02T11:36:50Z", 2),
    "weather.cap": ("2010-08-30T10:07:00Z", 1),
}


def _records(cap: Cap, sample: str) -> list[Record]:
    """Return a sample's records."""
    decoder = cap.decoder()
    decoder.feed((FEEDS / "cap" / sample).read_bytes())
    (document,) = decoder.close()
    assert isinstance(document, CapDocument)
    return [translated.record for translated in cap.translate(document)]


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_sample_becomes_valid_records(cap: Cap, sample: str) -> None:
    """None is lost, and all hold what the schema demands."""
    sent, count = SAMPLES[sample]

    records = _records(cap, sample)

    assert len(records) == count
    for record in records:
        protovalidate.validate(record)
        assert record.observed_at.ToJsonString() == sent


def test_every_sample_is_tried() -> None:
    """A new sample in the folder asks for its line here."""
    found = {path.name for path in (FEEDS / "cap").iterdir() if path.suffix != ".md"}

    assert found == set(SAMPLES)


def test_the_chinese_sample_is_mapped_whole(cap: Cap) -> None:
    """Colour, event, issuer, channels, reference and place."""
    record, earlier = _records(cap, "cn_henan_wind_blue_20200205.xml")

    warning = record.weather_warning
    assert record.name.endswith("/41000041600000_20200205105119")
    assert record.location.district == "410000"
    assert (warning.color, warning.event_type) == (weather.COLOR_BLUE, "11B06")
    assert (warning.event, warning.sender) == ("大风", "河南省气象局")
    assert warning.message_type == weather.MESSAGE_TYPE_UPDATE
    assert list(warning.codes) == ["SPEAKER", "SMS", "WEB"]
    (info,) = warning.infos
    assert info.severity == weather.SEVERITY_MINOR
    assert info.effective_at.ToJsonString() == "2020-02-05T02:57:42Z"
    assert info.areas[0].geocodes[0].code == "410000000000"
    assert earlier.name.endswith("/41000041600000_20200204121842")
    assert earlier.weather_warning.state == weather.WARNING_STATE_SUPERSEDED


def test_a_truncated_polygon_is_left_out_of_the_flood_sample(cap: Cap) -> None:
    """The British sample's ring ends in dots; its words and code still warn."""
    (record,) = _records(cap, "defra_nws-alert.xml")

    assert "54.54509" in record.quality.note
    assert record.location.areas[0].geocodes[0].code == "TESTWREA1"


def test_declared_latin_1_is_honoured(cap: Cap) -> None:
    """The earthquake's place keeps its accent."""
    (record,) = _records(cap, "earthquake-iso8859-1.cap")

    assert "Usulután" in record.weather_warning.infos[0].headline
    assert record.location.areas[0].circles[0].radius_m == 0.0


def test_xml_in_gbk_that_is_no_alert_is_refused_for_what_it_is(cap: Cap) -> None:
    """Its encoding is settled; the reason names its root."""
    decoder = cap.decoder()
    decoder.feed((FEEDS / "gb18030" / "gb212_params.xml").read_bytes())
    (refused,) = decoder.close()

    assert isinstance(refused, Undecodable)
    assert refused.cause == "not_cap"
    assert "<params>" in refused.reason
