"""What goes into quarantine says nothing of the patient."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sdk.adapter import Outcome
from adapters.sdk.message import Undecodable
from tests.adapters.health.hl7v2.hl7_messages import (
    SECRETS,
    adapter,
    adt,
    decoded,
    framed,
    message,
    one,
    translated,
)


def test_the_patient_is_blanked_and_the_fault_stays_to_be_seen() -> None:
    """Times, codes, types and wards stay; all else is a mask, and its place remains."""
    concealed = adapter().conceal(adt(ward="ICU", account="A-1")).decode()

    assert not [secret for secret in (*SECRETS, "V-1", "A-1") if secret in concealed]
    lines = concealed.split("\r")
    assert lines[0].startswith("MSH|^~\\&|HIS|NJ1|BUS|CITY|20260701083100+0800||ADT^A01|C1|P|2.5.1")
    assert lines[1] == "EVN|A01|20260701083000+0800"
    assert lines[2].startswith("PID|***||***||***||***|***|||***||***")
    assert lines[4].startswith("PV1|***|I|ICU^***^***^NJ1|")


def test_messages_that_differ_stay_different() -> None:
    """Else the quarantine would take the second for a resend of the first."""
    reader = adapter()

    assert reader.conceal(adt(visit="V-1")) != reader.conceal(adt(visit="V-2"))
    assert reader.conceal(adt()) == reader.conceal(adt())
    assert reader.conceal(adt()) != adapter().conceal(adt())


@pytest.mark.parametrize(
    "raw",
    [
        "欧阳娜娜 320102198807072345".encode(),
        "PID|1||P-77||欧阳^娜娜".encode("gb18030"),
        b"MSH|^^^^|OUYANG|19880707",
        b"OUYANG|13912345678",
        b"MSH|^~\\&|||||\xff\xff OUYANG",
    ],
)
def test_what_cannot_be_read_is_not_kept(raw: bytes) -> None:
    """Left are its length, a digest that needs the key, and the first segment's name."""
    concealed = adapter().conceal(raw).decode()

    assert re.fullmatch(
        rf"ZLD\|[0-9a-f]{{32}}\|{len(raw)} bytes that cannot be read as HL7, first segment "
        r"(PID|MSH|unknown), not kept\r",
        concealed,
    )


def test_segments_and_lines_that_nobody_knows_are_masked_whole() -> None:
    """Neither a Z segment's name nor a broken line may be told: it may be a word."""
    raw = message("ZOE|OUYANG", "NTE|1||OUYANG", "OUYANG went home", "LEE")

    concealed = adapter().conceal(raw).decode().split("\r")

    assert concealed[1:5] == ["***", "NTE|***||***", "***", "***"]


@pytest.mark.parametrize(
    "segment",
    [
        "EVN|OU YANG|OUYANG",
        "PV1|1|OU YANG|x^OUYANG^OUYANG^x^OUYANG",
        "OBX|1|TX|OU YANG^OUYANG^L||OUYANG",
        "OBR|1|OUYANG|OUYANG|9^OUYANG^L|||OUYANG",
        "MSA|OU YANG|1|OUYANG",
    ],
)
def test_a_field_stays_only_while_it_looks_as_it_should(segment: str) -> None:
    """A name in the place of a time or a code is blanked like any other."""
    concealed = adapter().conceal(message(segment)).decode()

    assert "OUYANG" not in concealed
    assert "OU YANG" not in concealed


@pytest.mark.parametrize("name", ["OUYANG_A01.hl7", "320102198807072345", "19880707", "P-77:1"])
def test_names_of_files_are_not_told(name: str) -> None:
    """Systems name files after patients."""
    shown = adapter().conceal_source(name)

    assert re.fullmatch(r"file [0-9a-f]{32}", shown)
    assert adapter().conceal_source(name) != shown


@pytest.mark.parametrize(
    "address", ["127.0.0.1:50312", "::1:50312", "fe80::1:50312", "https://lab.example.org/hl7"]
)
def test_addresses_of_senders_stay(address: str) -> None:
    """An operator must know whom to call."""
    assert adapter().conceal_source(address) == address


@given(
    patient=st.text(
        alphabet=st.characters(codec="utf-8", categories=["Lu", "Ll", "Lo", "Nd"]),
        min_size=5,
        max_size=20,
    ),
    place=st.integers(min_value=1, max_value=40),
    name=st.sampled_from(["PID", "NK1", "GT1", "IN1", "IN2", "MRG", "PD1", "ROL", "NTE", "AL1"]),
)
def test_no_field_of_a_segment_about_people_stays(patient: str, place: int, name: str) -> None:
    """Whatever field of such a segment a name stands in, and in whatever script."""
    concealed = adapter().conceal(message(f"{name}{'|' * place}{patient}^{patient}~{patient}&x"))

    assert f"{name}{'|' * place}***" in concealed.decode()
    assert patient not in concealed.decode().replace("20260701083100", "")


@given(
    raw=st.one_of(
        st.binary(max_size=300), st.binary(max_size=100).map(lambda tail: adt()[:120] + tail)
    )
)
def test_any_bytes_can_be_concealed(raw: bytes) -> None:
    """The quarantine takes everything, so this may never fail."""
    assert b"ZLD|" in adapter().conceal(raw)


def test_reasons_do_not_repeat_what_was_sent() -> None:
    """The reason of what cannot be decoded goes into a header, unconcealed."""
    reader = adapter()
    for raw in (
        b"OUYANG",
        b"\x0bMSH|OUYANG|\x1c\r",
        framed(b"PID|1||OUYANG"),
        b"\x0bMSH|^~\\&|OUYANG",
    ):
        for item in decoded(reader, raw):
            assert isinstance(item, Undecodable)
            assert "OUYANG" not in item.reason
            assert b"OUYANG" not in item.answer


@pytest.mark.parametrize(
    "control_id",
    ["P-77", "20260701083000P-77", "V-20260", "13912345678", "欧阳20260701", "320102198807072345"],
)
def test_a_control_id_that_names_the_patient_is_a_pseudonym(control_id: str) -> None:
    """Some systems make MSH-10 of the patient's number; the sender alone gets it back."""
    reader, raw = adapter(), adt(control_id=control_id, visit="V-20260")

    (found,) = translated(reader, raw)

    assert control_id not in str(found.record)
    assert re.fullmatch("[0-9a-f]{32}", found.record.provenance.source_message_id)
    assert control_id.encode() not in reader.conceal(raw)
    assert f"MSA|AA|{control_id}".encode() in reader.answer(one(reader, raw), Outcome.STORED)


def test_a_control_id_of_the_sender_s_own_is_told() -> None:
    """By it people find the message; authorities and sexes are in many of them."""
    (found,) = translated(adapter(), adt(control_id="NJ1-MR-F-0001"))

    assert found.record.provenance.source_message_id == "NJ1-MR-F-0001"
    assert b"|NJ1-MR-F-0001|" in adapter().conceal(adt(control_id="NJ1-MR-F-0001"))
