"""Adapters of documents and tables keep to the contract that third parties are held to."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from liandong.testing import AdapterContract
from tests.adapters.transport.gtfs_rt import gtfs_feeds as gtfs

SMALL = {"max_document_bytes": 4 << 20}
NOW = datetime.now(UTC)
"""METAR and SYNOP say no month."""
ALERT = (
    '<?xml version="1.0" encoding="UTF-8"?>'
    '<alert xmlns="urn:oasis:names:tc:emergency:cap:1.2"><identifier>{identifier}</identifier>'
    "<sender>observatory@weather.example</sender><sent>{sent}</sent><status>Actual</status>"
    "<msgType>Alert</msgType><scope>Public</scope><info><category>Met</category>"
    "<event>暴雨</event><urgency>Immediate</urgency><severity>Severe</severity>"
    "<certainty>Observed</certainty><area><areaDesc>南京市</areaDesc></area></info></alert>"
)
SENT = "2024-06-01T12:00:00+08:00"


def alert(identifier: str, sent: str = SENT) -> bytes:
    """Write a warning."""
    return ALERT.format(identifier=identifier, sent=sent).encode()


class TestCap(AdapterContract):
    """Warnings, one document each."""

    adapter = "weather/cap"
    options = SMALL
    filler = b""
    good = (alert("NJ-1"), alert("NJ-2"))
    bad = {
        alert("NJ-3", "yesterday"): "sent",
        alert(""): "identifier",
        b"<alert>": "XML",
    }


class TestIncidentCsv(AdapterContract):
    """Exports of dispatch systems; empty rows hold nothing."""

    adapter = "police/incident_csv"
    prologue = "接警编号,报警时间,事件类型,经度,纬度\n".encode()
    filler = rb'(?:[\s,"\x1c-\x1f]|\xc2[\x85\xa0]|\xe3\x80\x80|\xa1\xa1)*'
    good = (
        "A-1,2024-06-01 12:00:00,道路积水,118.7886,32.0436\n".encode(),
        "A-2,2024-06-01 12:00:00,道路积水,118.7886,32.0436\n".encode(),
    )
    bad = {
        "A-3,昨天,道路积水,118.7886,32.0436\n".encode(): "reported_at",
        b"A-4,2024-06-01 12:00:00,fire\n": "columns",
    }


def have(hospital: str, updated: str = SENT) -> bytes:
    """Write an EDXL-HAVE 1.0 document of one hospital."""
    return (
        '<HospitalStatus xmlns="urn:oasis:names:tc:emergency:EDXL:HAVE:1.0"><Hospital>'
        "<Organization><OrganizationInformation "
        'xmlns:xnl="urn:oasis:names:tc:ciq:xnl:3"><xnl:OrganisationName xnl:ID="' + hospital + '">'
        f"<xnl:NameElement>{hospital}</xnl:NameElement></xnl:OrganisationName>"
        "</OrganizationInformation></Organization>"
        f"<LastUpdateTime>{updated}</LastUpdateTime></Hospital></HospitalStatus>"
    ).encode()


class TestHave(AdapterContract):
    """Hospitals' capacities, one document each."""

    adapter = "health/have"
    filler = rb"\s*"
    good = (have("H1"), have("H2"))
    bad = {have("H3", "yesterday"): "LastUpdateTime", b"<Hospital>": "XML"}


class TestGtfsRt(AdapterContract):
    """Public transport, one dataset each."""

    adapter = "transport/gtfs_rt"
    parts = True
    options = SMALL
    good = (gtfs.dataset(gtfs.bus()), gtfs.dataset(gtfs.bus("8802"), at=gtfs.START + 1))
    bad = {gtfs.dataset(gtfs.bus())[:-4]: "FeedMessage"}


def metar(station: str, day: str = f"{NOW:%d}", kind: str = "METAR") -> bytes:
    """Write an aerodrome's report of midnight."""
    return f"{kind} {station} {day}0000Z 14007MPS 9999 FEW010 24/12 Q1003=\n".encode()


class TestMetar(AdapterContract):
    """Aerodromes' reports."""

    adapter = "weather/metar"
    filler = rb"[\x00-\x20=]*"
    good = (metar("ZSNJ"), metar("ZSPD"))
    bad = {metar("ZSNJ", "99"): "time", metar("ZSNJ", kind="TAF"): "METAR"}


def synop(station: str, day: str = f"{NOW:%d}") -> bytes:
    """Write a station's report of midnight."""
    return f"AAXX {day}001 {station} 11458 61506 10094 40197=\n".encode()


class TestSynop(AdapterContract):
    """Surface stations' reports."""

    adapter = "weather/synop"
    filler = rb"[\x00-\x20=]*"
    good = (synop("58238"), synop("58240"))
    bad = {synop("58238", "99"): "YYGG"}


def page(station: str, updated: str = "2024/06/01 12:00") -> bytes:
    """Write a station's page."""
    now = {"temperature": 24.6, "humidity": 96.0}
    data = {"location": {"id": station}, "now": now, "alarm": [], "lastUpdate": updated}
    return json.dumps({"msg": "success", "code": 0, "data": data}).encode()


class TestCmaJson(AdapterContract):
    """The weather service's pages."""

    adapter = "weather/cma_json"
    parts = True
    options = SMALL
    filler = rb"\s*"
    good = (page("58238"), page("58240"))
    bad = {page("58238", "yesterday"): "lastUpdate", b"{": "JSON"}


def series(site: str, at: str = "2024-06-01T05:15:00.000-04:00") -> bytes:
    """Write a site's level as the USGS serves it."""
    told = {
        "sourceInfo": {"siteName": site, "siteCode": [{"value": site, "agencyCode": "USGS"}]},
        "variable": {"variableCode": [{"value": "00065"}], "unit": {"unitCode": "ft"}},
        "values": [{"value": [{"value": "6.48", "dateTime": at, "qualifiers": ["P"]}]}],
    }
    return json.dumps({"value": {"timeSeries": [told]}}).encode()


class TestNwis(AdapterContract):
    """The USGS's stations."""

    adapter = "water/nwis"
    parts = True
    options = SMALL
    filler = rb"(\xef\xbb\xbf)?\s*"
    good = (series("01491000"), series("01491001"))
    bad = {series("01491000", "yesterday"): "datetime", b"{": "JSON"}


class TestMapping(AdapterContract):
    """Tables by a mapping."""

    adapter = "mapping"
    agency = "safety"
    options: ClassVar[Mapping[str, Any]] = {
        "mapping": {
            "kind": "safety.hazard",
            "entity": "{number}",
            "format": {"type": "csv"},
            "fields": {
                "observed_at": "time",
                "body.number": "number",
                "body.description": "description",
            },
        }
    }
    prologue = b"number,time,description\n"
    filler = rb'(?:[\s,"\x1c-\x1f]|\xc2[\x85\xa0]|\xe3\x80\x80|\xa1\xa1)*'
    good = (b"1,2024-06-01 12:00:00,crack\n", b"2,2024-06-01 12:00:00,leak\n")
    bad = {b"3,yesterday,leak\n": "time", b"4,2024-06-01 12:00:00\n": "columns"}
