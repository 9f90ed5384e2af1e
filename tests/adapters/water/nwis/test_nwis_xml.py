"""WaterML 1.1 as XML, which NWIS sends unasked, says what it says as JSON."""

import contextlib
import json
from typing import Any

import protovalidate
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.sdk.errors import Untranslatable
from adapters.sdk.feed import FeedConfig
from adapters.sdk.message import Undecodable
from adapters.water.nwis import Nwis, NwisOptions
from adapters.water.nwis.readings import NwisMessage
from liandong.quantity.v1 import quantity_pb2 as quantity
from liandong.record.v1.record_pb2 import Record
from tests.adapters.water.nwis.waterml import series_of

AT = "2026-07-01T08:00:00.000-04:00"
SITE = """<w:sourceInfo xsi:type="w:SiteInfoType"><w:siteName>CHOPTANK RIVER</w:siteName>
<w:siteCode network="NWIS" agencyCode="USGS">01491000</w:siteCode>
<w:timeZoneInfo siteUsesDaylightSavingsTime="true">
<w:defaultTimeZone zoneOffset="-05:00" zoneAbbreviation="EST"/></w:timeZoneInfo>
<w:geoLocation><w:geogLocation xsi:type="w:LatLonPointType" srs="EPSG:4326">
<w:latitude>38.997</w:latitude><w:longitude>-75.786</w:longitude></w:geogLocation></w:geoLocation>
<w:siteProperty name="siteTypeCd">ST</w:siteProperty></w:sourceInfo>"""
VARIABLE = """<w:variable w:oid="1"><w:variableCode network="NWIS">{code}</w:variableCode>
<w:variableName>Streamflow, ft&amp;#179;/s</w:variableName>
<w:unit><w:unitCode>{unit}</w:unitCode></w:unit>
<w:options><w:option name="Statistic" optionCode="{statistic}"/></w:options>
<w:noDataValue>-999999.0</w:noDataValue></w:variable>"""


def _adapter() -> Nwis:
    """Return an adapter as a city configures it."""
    feed = FeedConfig(id="water.nwis", adapter="water/nwis", agency="water", source="drop:in")
    return Nwis(feed, NwisOptions())


def _xml(*series: str) -> bytes:
    """Return a document of series."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?><w:timeSeriesResponse '
        'xmlns:w="http://www.cuahsi.org/waterML/1.1/" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><w:queryInfo/>'
        f"{''.join(series)}</w:timeSeriesResponse>"
    ).encode()


def _series(
    code: str, unit: str, *values: tuple[str, str, str], statistic: str = "00000", methods: int = 1
) -> str:
    """Return a series as XML; values are text, time and qualifiers."""
    said = "".join(
        f'<w:value qualifiers="{codes}" dateTime="{time}">{text}</w:value>'
        for text, time, codes in values
    )
    of = [f'<w:values>{said}<w:method methodID="{100 + n}"/></w:values>' for n in range(methods)]
    variable = VARIABLE.format(code=code, unit=unit, statistic=statistic)
    return f"<w:timeSeries>{SITE}{variable}{''.join(of)}</w:timeSeries>"


def _messages(nwis: Nwis, *pieces: bytes) -> list[NwisMessage | Undecodable]:
    """Decode a document in pieces."""
    decoder = nwis.decoder()
    return [one for piece in pieces for one in decoder.feed(piece)] + decoder.close()


def _told(*pieces: bytes) -> list[tuple[str, Record]]:
    """Return a good document's records, less where they came from."""
    nwis, found = _adapter(), []
    for message in _messages(nwis, *pieces):
        assert not isinstance(message, Undecodable), message
        for translated in nwis.translate(message):
            protovalidate.validate(translated.record)
            translated.record.ClearField("received_at")
            translated.record.provenance.ClearField("raw_sha256")
            found.append((translated.message_id, translated.record))
    return found


def test_xml_says_what_json_says() -> None:
    """Levels and flow of one time, days, two sensors, and what was not measured."""
    series: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
        (("00065", "ft", ("1.5", AT, "P"), ("-999999", AT.replace("08", "09"), "P Ice")), {}),
        (("00060", "ft3/s", ("100", AT, "P e")), {}),
        (("00010", "deg C", ("20.5", AT, "A")), {"methods": 2}),
        (("00060", "ft3/s", ("90", "2026-06-30T00:00:00.000", "A")), {"statistic": "00003"}),
        (("00045", "in"), {}),
    ]
    document = _xml(*(_series(*given, **more) for given, more in series))
    same = [series_of(*given, **more) for given, more in series]

    found = _told(document[:700], document[700:])

    assert found == _told(json.dumps({"value": {"timeSeries": same}}).encode())
    names = [record.name.removeprefix("water/") for _, record in found]
    assert names == [
        "water.level/01491000",
        "water.quality/01491000",
        "water.level/01491000",
        "water.level/01491000:daily",
    ]
    assert found[2][1].quality.level == quantity.QUALITY_LEVEL_MISSING


def test_no_series_is_no_reading() -> None:
    """Where nothing was measured, there is nothing to tell."""
    assert _messages(_adapter(), _xml()) == []


@pytest.mark.parametrize(
    ("series", "reason"),
    [
        ("<w:timeSeries/>", "lacks siteCode"),
        (_series("", "ft", ("1.5", AT, "P")), "lacks siteCode or variableCode"),
        (_series("00065", "ft", ("1.5", "", "P")), "has no dateTime"),
    ],
)
def test_what_lacks_its_name_or_time_is_refused(series: str, reason: str) -> None:
    """And costs no other series."""
    refused, kept = _messages(_adapter(), _xml(series, _series("00060", "ft3/s", ("1", AT, "P"))))

    assert isinstance(refused, Undecodable)
    assert refused.cause == "missing"
    assert reason in refused.reason
    assert not isinstance(kept, Undecodable)


@settings(deadline=None)
@given(
    st.tuples(
        st.integers(0, 1700),
        st.integers(0, 30),
        st.text('<>/&;. 0123456789-:TwvalueP"=', max_size=8),
    ),
    st.integers(0, 1700),
)
def test_damaged_documents_raise_nothing_but_their_own_error(
    damage: tuple[int, int, str], cut: int
) -> None:
    """Whatever is wrong becomes records or goes to quarantine; parting changes nothing."""
    at, length, new = damage
    text = _xml(_series("00065", "ft", ("1.5", AT, "P"))).decode()
    document = (text[:at] + new + text[at + length :]).encode()
    nwis = _adapter()

    messages = _messages(nwis, document[:cut], document[cut:])

    assert messages == _messages(nwis, document)
    for message in messages:
        if not isinstance(message, Undecodable):
            with contextlib.suppress(Untranslatable):
                assert [one.record.name for one in nwis.translate(message)]
