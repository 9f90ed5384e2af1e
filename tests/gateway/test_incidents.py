"""Which incidents open an agreement."""

from typing import Any

import pytest

from broker.delivery import Delivery
from broker.subjects import share_subject
from gateway.agreement import Agreement
from gateway.entry import Entry, entry_of
from gateway.incidents import Incidents
from gateway.terms import Terms
from liandong.incident.v1 import incident_pb2
from liandong.place.v1.place_pb2 import Location
from liandong.record.v1 import record_pb2
from liandong.record.v1.record_pb2 import Record

_NANO = 1_000_000_000
_AT = 1_780_000_000
_NAME = "police/incident.report/7"


def _incident(
    *,
    at: int = _AT,
    expires: int = 0,
    status: record_pb2.Status.ValueType = record_pb2.STATUS_ACTUAL,
    **fields: Any,
) -> Entry:
    record = Record(
        name=_NAME,
        classification=record_pb2.CLASSIFICATION_INTERNAL,
        status=status,
        location=Location(district="320102"),
        incident=incident_pb2.Incident(
            number="7",
            level=fields.get("level", incident_pb2.LEVEL_II),
            lifecycle=fields.get("lifecycle", incident_pb2.LIFECYCLE_RESPONDING),
        ),
    )
    record.observed_at.seconds = at
    if expires:
        record.expires_at.seconds = expires
    return entry_of(record.SerializeToString(), 1, at * _NANO)


def _terms(**fields: Any) -> Terms:
    given: dict[str, Any] = {
        "provider": "water",
        "consumer": "health",
        "kinds": ("*",),
        "opens_at_level": "II",
    }
    return Terms(Agreement(id="e", **{**given, **fields}))


def _known(*entries: Entry) -> Incidents:
    incidents = Incidents(lambda _: None)
    for entry in entries:
        incidents.take(entry)
    return incidents


@pytest.mark.parametrize(
    ("given", "terms", "opens"),
    [
        ({}, {}, True),
        ({"level": incident_pb2.LEVEL_I}, {}, True),
        ({"level": incident_pb2.LEVEL_III}, {}, False),
        ({"level": incident_pb2.LEVEL_UNSPECIFIED}, {}, False),
        ({"lifecycle": incident_pb2.LIFECYCLE_REPORTED}, {}, True),
        ({"lifecycle": incident_pb2.LIFECYCLE_CLOSED}, {}, False),
        ({"lifecycle": incident_pb2.LIFECYCLE_FALSE_ALARM}, {"closes_after": "1h"}, False),
        ({}, {"districts": ("320102",)}, True),
        ({}, {"districts": ("320104",)}, False),
        ({}, {"consumer": "police"}, False),
        ({}, {"consumer": "police", "declared_by": ("police",)}, True),
        ({}, {"declared_by": ("emergency",)}, False),
    ],
)
def test_an_incident_opens_what_its_level_place_and_declarer_say(
    given: dict[str, Any], terms: dict[str, object], *, opens: bool
) -> None:
    """A graver one opens too; nobody opens a door for itself, unless the provider says so."""
    emergency = _terms(**terms)

    opening = _known(_incident(**given)).opening(
        emergency, emergency.agreement.consumer, (_AT + 1) * _NANO
    )

    assert opening == ({1: _NAME} if opens else {})


def test_it_holds_for_a_while_after_the_incident() -> None:
    """From when it was closed; also after a restart, for that is in the record."""
    incidents = _known(_incident(), _incident(lifecycle=incident_pb2.LIFECYCLE_CLOSED))
    terms = _terms(closes_after="2h")
    ends = (_AT + 7200) * _NANO

    assert incidents.opening(terms, "health", ends - 1)
    assert not incidents.opening(terms, "health", ends)
    assert list(incidents.turns(terms)) == [ends]


def test_an_incident_that_expires_is_over() -> None:
    """What is no longer true opens nothing."""
    incidents = _known(_incident(expires=_AT + 60))

    assert incidents.opening(_terms(), "health", (_AT + 59) * _NANO)
    assert not incidents.opening(_terms(), "health", (_AT + 60) * _NANO)


def test_a_drill_is_told_apart_from_the_real_thing() -> None:
    """By status, which is that of the records that are opened."""
    incidents = _known(_incident(status=record_pb2.STATUS_EXERCISE))

    assert set(incidents.opening(_terms(), "health", _AT * _NANO)) == {record_pb2.STATUS_EXERCISE}


def test_only_what_makes_a_difference_is_told() -> None:
    """Casualties that are counted anew open nothing; a closed incident does."""
    told: list[int] = []
    incidents = Incidents(lambda _: told.append(1))

    incidents.take(_incident())
    incidents.take(_incident(at=_AT + 5))
    assert len(told) == 1
    incidents.take(_incident(at=_AT + 6, lifecycle=incident_pb2.LIFECYCLE_CLOSED))
    assert len(told) == 2


def test_what_ended_long_ago_is_forgotten() -> None:
    """No agreement holds for longer than seven days after an incident."""
    incidents = _known(_incident(lifecycle=incident_pb2.LIFECYCLE_CLOSED))

    incidents.forget((_AT + 7 * 86400) * _NANO)

    assert not incidents._known


def test_nobody_opens_a_door_by_an_incident_under_anothers_name() -> None:
    """A department writes what it likes on its own subjects: what counts is whose they are."""
    emergency, payload = _terms(), _incident().payload
    own, true = "share.health.incident.report.7", share_subject(_NAME)

    def opening(subject: str) -> dict[int, str]:
        incidents = Incidents(lambda _: None)
        incidents.take_told(Delivery(subject, payload, {}, 1, _AT * _NANO, 0))
        return incidents.opening(emergency, "health", (_AT + 1) * _NANO)

    assert opening(own) == {}
    assert opening(true) == {1: _NAME}
