"""What a department would gain or lose, on records of any origin."""

from datetime import UTC, datetime
from typing import Any

from gateway.agreement import Agreement
from gateway.terms import Terms
from ops.rehearsal import Change, Scenario, Traffic, rehearse
from tests.gateway.town import level

_FLOW = "water_level.flow_m3_s"
_NOW = datetime.now(UTC)


def _terms(name: str = "a", **fields: object) -> Terms:
    given: dict[str, Any] = {
        "provider": "water",
        "consumer": "police",
        "kinds": ("water.level",),
        **fields,
    }
    return Terms(Agreement(id=name, **given))


def _traffic() -> Traffic:
    """Return three stations, the last of which states no flow; the first spoke twice."""
    traffic = Traffic({_FLOW})
    for station, flow in (("1", 5.0), ("1", 6.0), ("2", 7.0), ("3", None)):
        record = level(station, 9.0)
        if flow is not None:
            record.water_level.flow_m3_s = flow
        traffic.add(record.SerializeToString())
    return traffic


def _changes(before: list[Terms], after: list[Terms]) -> list[Change]:
    return rehearse(before, after, _traffic(), ("police", "health", "water"), _NOW)


def test_the_same_agreements_make_no_difference() -> None:
    """Also when they are written anew."""
    assert _changes([_terms()], [_terms("b")]) == []


def test_whole_records_are_counted_once_each() -> None:
    """Whoever is named gains; the owner reads its own anyway."""
    (gain,) = _changes([], [_terms(consumer="*")])[:1]

    assert (gain.consumer, gain.gained, gain.fields, gain.when) == ("police", True, (), ())
    assert len(gain.names) == 3
    assert gain.samples[0] == "water/water.level/1"


def test_a_field_is_lost_by_those_records_that_state_it() -> None:
    """And gained the other way round."""
    (lost,) = _changes([_terms()], [_terms(hidden=(_FLOW,))])
    (gained,) = _changes([_terms(hidden=("water_level.flow_m3_s",))], [_terms()])

    assert (lost.gained, lost.fields, len(lost.names)) == (False, (_FLOW,), 2)
    assert (gained.gained, gained.fields, len(gained.names)) == (True, (_FLOW,), 2)


def test_what_depends_on_a_purpose_or_an_emergency_says_so() -> None:
    """A purpose that becomes needed is a loss for those who state none."""
    (lost,) = _changes([_terms()], [_terms(purposes=("flood",))])
    (urgent,) = _changes([], [_terms(opens_at_level="I")])

    assert (lost.gained, lost.when) == (False, (Scenario("", emergency=False),))
    assert str(lost.when[0]) == "without a purpose"
    assert (urgent.gained, urgent.when) == (True, (Scenario("", emergency=True),))


def test_bytes_that_are_no_record_are_not_counted() -> None:
    """The city's stream is read as it is."""
    assert not Traffic(()).add(b"\xff")
