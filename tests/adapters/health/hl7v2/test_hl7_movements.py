"""ADT messages become movements of stays that nobody can be found by."""

import contextlib
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.health.hl7v2 import Hl7Message
from adapters.sdk.errors import Untranslatable
from liandong.health.v1 import health_pb2 as health
from liandong.quantity.v1.quantity_pb2 import QUALITY_LEVEL_SUSPECT, QUALITY_LEVEL_VALID
from liandong.record.v1 import record_pb2 as record
from tests.adapters.health.hl7v2.hl7_messages import (
    SECRETS,
    Hl7,
    adapter,
    adt,
    framed,
    message,
    one,
    translated,
)


def _movement(reader: Hl7, raw: bytes) -> record.Record:
    """Return the one record that a message makes."""
    (found,) = translated(reader, raw)
    return found.record


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ("A01", health.MOVEMENT_TYPE_ADMIT),
        ("A02", health.MOVEMENT_TYPE_TRANSFER),
        ("A03", health.MOVEMENT_TYPE_DISCHARGE),
        ("A04", health.MOVEMENT_TYPE_REGISTER),
        ("A06", health.MOVEMENT_TYPE_ADMIT),
        ("A08", health.MOVEMENT_TYPE_UPDATE),
        ("A11", health.MOVEMENT_TYPE_CANCEL),
        ("A12", health.MOVEMENT_TYPE_CANCEL),
        ("A13", health.MOVEMENT_TYPE_CANCEL),
        ("A40", health.MOVEMENT_TYPE_UPDATE),
        ("A31", health.MOVEMENT_TYPE_UPDATE),
    ],
)
def test_events_are_told_by_type_and_by_name(
    event: str, kind: "health.MovementType.ValueType"
) -> None:
    """The type is liandong's, the trigger event stays to be seen."""
    body = _movement(adapter(), adt(event, ward="ICU", from_ward="ER")).health_movement

    assert body.type == kind
    assert body.trigger_event == event
    assert (body.facility_id, body.ward, body.from_ward) == ("NJ1", "ICU", "ER")
    assert body.patient_class == "I"


@pytest.mark.parametrize("event", ["A01", "A03", "A08", "A40"])
def test_nothing_of_the_patient_is_in_a_record(event: str) -> None:
    """Neither in the record nor in its name or the id of its message."""
    for found in translated(adapter(), adt(event, account="ACC-9")):
        text = found.record.SerializeToString().decode("utf-8", "replace") + found.message_id
        for secret in (*SECRETS, "V-1", "ACC-9", "ICU^12"):
            assert secret not in text


def test_one_stay_is_one_record_from_admission_to_discharge() -> None:
    """The shared state holds where a stay is now, and that it has ended."""
    reader = adapter()
    names = {
        _movement(reader, adt(event, control_id=event)).name for event in ("A01", "A02", "A03")
    }

    assert len(names) == 1
    assert _movement(reader, adt(visit="V-2")).name not in names


def test_a_stay_without_visit_number_goes_by_its_account() -> None:
    """PID-18 stands in for PV1-19."""
    reader = adapter()
    first, last = adt("A01", visit="", account="9"), adt("A03", visit="", account="9")

    assert _movement(reader, first).name == _movement(reader, last).name


def test_a_stay_without_any_number_is_not_tied_to_others() -> None:
    """The patient's own number would tie together all stays of a life."""
    reader = adapter()
    first, last = adt("A01", visit=""), adt("A03", visit="")

    assert _movement(reader, first).name != _movement(reader, last).name
    assert _movement(reader, first).name == _movement(reader, first).name


def test_names_of_stays_cannot_be_made_without_the_key() -> None:
    """Another key gives another name, and no plain digest of what is known gives it."""
    name = _movement(adapter(), adt()).name.rpartition("/")[2]

    assert name != _movement(adapter(), adt()).name.rpartition("/")[2]
    known = ["V-1", "NJ1V-1", "NJ1|V-1", "stayNJ1V-1", "P-77"]
    for text in known:
        for algorithm in ("md5", "sha1", "sha256", "sha512", "blake2b"):
            digest = hashlib.new(algorithm, text.encode()).hexdigest()
            assert name not in digest


@given(st.text(min_size=1, max_size=40), st.text(min_size=1, max_size=40))
def test_the_border_between_what_is_named_matters(left: str, right: str) -> None:
    """Two hospitals whose names and numbers run together do not share a stay."""
    names = adapter()._pseudonyms

    assert names.of("stay", left, right) != names.of("stay", left + right, "")
    assert names.of("stay", left, right) == names.of("stay", left, right)
    assert names.of("stay", left, right) != names.of("message", left, right)


def test_a_message_about_several_patients_makes_a_movement_of_each() -> None:
    """A17 swaps the beds of two patients."""
    raw = message(
        "EVN|A17|20260701083000",
        "PID|1||1",
        "PV1|1|I|ICU^1^1^NJ1" + "|" * 16 + "V-1",
        "PID|2||2",
        "PV1|2|I|ER^1^1^NJ1" + "|" * 16 + "V-2",
        kind="ADT^A17",
    )
    found = [each.record.health_movement for each in translated(adapter(), raw)]

    assert [body.ward for body in found] == ["ICU", "ER"]
    assert found[0].movement_id != found[1].movement_id


def test_a_visit_may_stand_before_its_patient() -> None:
    """One patient is one movement, in whichever order a sender tells of her."""
    visit = "PV1|1|I|ICU^1^1^NJ1" + "|" * 16 + "V-1"
    usual = translated(adapter(), message("PID|1||1", visit))
    (turned,) = translated(adapter(), message(visit, "PID|1||1"))

    assert turned.record.health_movement.ward == "ICU"
    assert len(usual) == 1


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("20260701083000Z", "2026-07-01T08:30:00Z"),
        ("202607010830+08", "2026-07-01T00:30:00Z"),
        ("2026-07-01 08:30:00", "2026-07-01T00:30:00Z"),
        ("2026-07-01T08:30:00.25+08:00", "2026-07-01T00:30:00.250Z"),
        ("2026-07-01T00:30Z", "2026-07-01T00:30:00Z"),
        ("2026-07-01", "2026-06-30T16:00:00Z"),
    ],
)
def test_times_as_databases_write_them_are_read(written: str, expected: str) -> None:
    """Interface engines copy them; there is one reading."""
    found = _movement(adapter(), message("PV1|1|I|ICU", time=written))

    assert found.observed_at.ToJsonString() == expected
    assert found.quality.level == QUALITY_LEVEL_VALID


def test_a_movement_is_when_it_happened() -> None:
    """EVN-6 before EVN-2 before MSH-7; what cannot be true is told."""
    raw = message(
        "EVN|A01|20990101000000|||| 20260701080000.5+0700".replace("| 2", "|2"),
        "PV1|1|I|ICU",
    )
    found = _movement(adapter(), raw)
    assert found.observed_at.ToJsonString() == "2026-07-01T01:00:00.500Z"
    assert found.quality.level == QUALITY_LEVEL_VALID

    found = _movement(adapter(), message("EVN|A01|20990101000000", "PV1|1|I|ICU"))
    assert found.observed_at.ToJsonString() == "2026-07-01T00:31:00Z"
    assert found.quality.level == QUALITY_LEVEL_SUSPECT
    assert "EVN-2 is 20990101000000" in found.quality.note


@pytest.mark.parametrize("written", ["", "19650101", "20261301", "2026", "欧阳", "99999999999999"])
def test_a_message_without_a_time_is_refused(written: str) -> None:
    """The sentence says which field; what is no digit is not repeated."""
    with pytest.raises(Untranslatable, match="MSH-7") as error:
        translated(adapter(), message("PV1|1|I|ICU", time=written))

    assert error.value.cause == "time"
    assert "欧阳" not in str(error.value)


@pytest.mark.parametrize(
    ("processing", "status"),
    [
        ("P", record.STATUS_ACTUAL),
        ("", record.STATUS_ACTUAL),
        ("T", record.STATUS_EXERCISE),
        ("D", record.STATUS_TEST),
        ("P^T", record.STATUS_ACTUAL),
    ],
)
def test_training_never_mixes_with_the_real_thing(
    processing: str, status: "record.Status.ValueType"
) -> None:
    """MSH-11 tells them apart (HL7 table 0103)."""
    assert _movement(adapter(), adt(processing=processing)).status == status


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ({"processing": "X"}, "MSH-11"),
        ({"processing": "欧阳"}, "MSH-11"),
        ({"control_id": ""}, "MSH-10"),
        ({"kind": ""}, "MSH-9"),
        ({"kind": "欧阳^娜娜"}, "MSH-9"),
        ({"kind": "ADT^欧阳"}, "MSH-9"),
    ],
)
def test_what_a_header_lacks_is_said_without_repeating_a_name(
    header: dict[str, str], field: str
) -> None:
    """A name in the wrong field must not get into the quarantine's reason."""
    with pytest.raises(Untranslatable, match=field) as error:
        translated(adapter(), message("EVN||20260701083000", "PV1|1|I|ICU", **header))

    assert "欧阳" not in str(error.value)


def test_movements_are_restricted_at_least() -> None:
    """Time and ward of a stay may lead to somebody who knows the patient."""
    assert _movement(adapter(), adt()).classification == record.CLASSIFICATION_RESTRICTED


def test_a_resend_has_the_id_that_it_had() -> None:
    """Framed or not; another message under the same control id has its own."""
    reader = adapter()
    (first,), (again,) = translated(reader, adt()), translated(reader, framed(adt()))
    (other,) = translated(reader, adt("A03"))

    assert first.message_id == again.message_id
    assert first.message_id != other.message_id


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["EVN", "PID", "PV1", "OBR", "OBX", "MSA", "ZZZ", "X"]),
            st.lists(st.text(alphabet="AB1^&~\\|\"'\r中Z", max_size=12), max_size=8),
        ),
        max_size=6,
    ),
    st.sampled_from(["ADT^A01", "ORU^R01", "ACK", "BAR^P01", "ADT"]),
)
def test_only_untranslatable_comes_out_of_any_message(
    segments: list[tuple[str, list[str]]], kind: str
) -> None:
    """Whatever is in the fields, there is a record or a sentence."""
    raw = message(*("|".join((name, *fields)) for name, fields in segments), kind=kind)
    reader = adapter(notifiable=("A", "1"))
    for item in reader.decoder().feed(framed(raw)):
        if isinstance(item, Hl7Message):
            with contextlib.suppress(Untranslatable):
                assert list(reader.translate(item))


def test_what_was_concealed_does_not_tie_stays_together() -> None:
    """A message from quarantine has a mask where the visit number was."""
    reader = adapter()
    first = one(reader, reader.conceal(adt(visit="V-1")))
    other = one(reader, reader.conceal(adt(visit="V-2")))

    names = {next(iter(reader.translate(each))).record.name for each in (first, other)}
    assert len(names) == 2


@pytest.mark.parametrize(
    ("written", "status"), [("t", record.STATUS_EXERCISE), ("d", record.STATUS_TEST)]
)
def test_a_drill_is_one_in_small_letters_too(written: str, status: int) -> None:
    """MSH-11 is a code; what a system writes it with says nothing of patients."""
    (found,) = translated(adapter(), adt(processing=written))

    assert found.record.status == status


def test_a_message_of_very_many_patients_is_gone_through_once() -> None:
    """Each has a name of its own, and all have the message's time."""
    raw = message(*["PID|1||P-77", "PV1|1|I|ICU^1^1^NJ1"] * 20_000, kind="ADT^A08")

    found = translated(adapter(), raw)

    assert len({one.record.name for one in found}) == 20_000
    assert len({one.record.observed_at.ToJsonString() for one in found}) == 1
