"""Results stay in the hospital, but for those that must be notified."""

import pytest

from liandong.record.v1.record_pb2 import (
    CLASSIFICATION_INTERNAL,
    CLASSIFICATION_RESTRICTED,
    Record,
)
from liandong.station.v1.station_pb2 import REPORT_TYPE_EVENTS, REPORT_TYPE_REPLY
from tests.adapters.health.hl7v2.hl7_messages import SECRETS, adapter, message, translated

RESULT = message(
    "PID|1||P-77||欧阳^娜娜||19880707",
    "OBR|1|O1|F1|625-4^Stool culture^LN|||20260701060000+0800" + "|" * 15 + "20260701070000+0800",
    "OBX|1|CWE|625-4^Bacteria^LN||27268008^Salmonella^SCT||||||F",
    "OBX|2|NM|718-7^Hemoglobin^LN||12.5|g/dL^grams^UCUM|||||F",
    "OBX|3|TX|8251-1^Comment^LN||OUYANG has eaten raw eggs||||||F",
    "OBX|4|SN|600-7^Titre^LN||>^100^^||||||P",
    "NTE|1||OUYANG",
    kind="ORU^R01",
)


def _report(raw: bytes, *notifiable: str) -> Record:
    """Return the report that a message makes."""
    (found,) = translated(adapter(notifiable=notifiable), raw)
    return found.record


def _told(record: Record) -> dict[str, str]:
    """Return a report's results."""
    return {
        each.key: each.value
        for each in record.station_report.attributes
        if each.key.startswith("OBX:")
    }


def test_without_a_list_no_result_is_told() -> None:
    """That there were results is told, and what was ordered, by code."""
    record = _report(RESULT)
    said = {each.key: each.value for each in record.station_report.attributes}

    assert record.name == "health/station.report/NJ1"
    assert record.station_report.function == "ORU^R01"
    assert record.station_report.type == REPORT_TYPE_EVENTS
    assert said == {"segments": "MSH PID OBR OBX OBX OBX OBX NTE", "results": "4", "OBR-4": "625-4"}
    assert record.classification == CLASSIFICATION_INTERNAL
    assert record.observed_at.ToJsonString() == "2026-06-30T23:00:00Z"


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("625-4", {"OBX:625-4": "27268008 SCT F"}),
        ("27268008", {"OBX:625-4": "27268008 SCT F"}),
        ("718-7", {"OBX:718-7": "12.5 g/dL F"}),
        ("600-7", {"OBX:600-7": ">100 P"}),
        ("8251-1", {}),
        ("9999", {}),
    ],
)
def test_a_listed_code_is_told_as_code_or_number(code: str, told: dict[str, str]) -> None:
    """By the code of the test or of the finding; never a text."""
    record = _report(RESULT, code)

    assert _told(record) == told
    wanted = CLASSIFICATION_RESTRICTED if told else CLASSIFICATION_INTERNAL
    assert record.classification == wanted


def test_nothing_of_the_patient_is_in_a_report() -> None:
    """Also when all codes are listed."""
    record = _report(RESULT, "625-4", "718-7", "8251-1", "600-7")

    text = record.SerializeToString().decode("utf-8", "replace")
    assert not [secret for secret in (*SECRETS, "eggs") if secret in text]


@pytest.mark.parametrize(
    "value",
    [
        "CWE|1-1^x^L||OUYANG NANA^x^L",
        "CWE|1-1||OUYANG",
        "NM|1-1||OUYANG",
        "SN|1-1||>^OUYANG",
        "ST|1-1||OUYANG",
    ],
)
def test_a_listed_result_that_is_a_text_is_not_told(value: str) -> None:
    """A name in the place of a number stays inside."""
    record = _report(message(f"OBX|1|{value}||||||F", kind="ORU^R01"), "1-1")

    assert _told(record) == {}
    assert "OUYANG" not in str(record)


@pytest.mark.parametrize("kind", ["BAR^P01", "ORM^O01", "QRY^Q01", "SIU^S12", "MDM^T02"])
def test_every_other_message_is_a_report_of_its_sender(kind: str) -> None:
    """So that whatever a system said can be counted."""
    body = _report(message("PID|1||P-77", kind=kind)).station_report

    assert body.station_id == "NJ1"
    assert body.function == kind


def test_an_acknowledgement_is_a_reply() -> None:
    """Its code is told, its text is not."""
    body = _report(message("MSA|AE|1|OUYANG is unknown", kind="ACK")).station_report

    assert body.type == REPORT_TYPE_REPLY
    assert [each.value for each in body.attributes] == ["MSH MSA", "AE"]
