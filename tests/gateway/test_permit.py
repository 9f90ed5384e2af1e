"""What a permit decides, and what it tells of what is missing."""

from typing import Any

import pytest

from gateway.agreement import Agreement
from gateway.errors import InvalidRequest, NoAgreement, NotFound
from gateway.identity import Caller
from gateway.key import Key
from gateway.permit import Opening, Permit, Shut
from gateway.terms import Terms
from liandong.gateway.v1.shared_state_pb2 import Selection

_POLICE = Caller("police", "client", "")
_KEY = Key("water", "water.level", 2, "320102", 1)
_FLOW = "water_level.flow_m3_s"


def _terms(name: str = "a", **fields: object) -> Terms:
    given: dict[str, Any] = {
        "provider": "water",
        "consumer": "police",
        "kinds": ("water.level",),
        **fields,
    }
    return Terms(Agreement(id=name, **given))


def _permit(*terms: Terms, **emergency: dict[int, str]) -> Permit:
    openings = [Opening(one, emergency.get(one.agreement.id)) for one in terms]
    return Permit(_POLICE, tuple(openings))


def test_a_field_is_hidden_only_if_all_agreements_that_open_the_record_hide_it() -> None:
    """One that hides all of the place and one that hides its point both hide the point."""
    permit = _permit(
        _terms("a", hidden=(_FLOW, "location")),
        _terms("b", hidden=("location.point",)),
        _terms("c", kinds=("water.rainfall",)),
    )

    disclosure = permit.disclosure(_KEY)

    assert disclosure is not None
    assert (disclosure.agreements, disclosure.hidden) == (("a", "b"), ("location.point",))


def test_an_emergency_is_named_only_where_it_opens_more() -> None:
    """Its use is marked; what is open anyway is no use of it."""
    ordinary, hiding = _terms("a"), _terms("a", hidden=(_FLOW,))
    urgent, incident = _terms("e", opens_at_level="I"), {1: "police/incident.report/7"}

    alone = _permit(urgent, e=incident).disclosure(_KEY)
    needless = _permit(ordinary, urgent, e=incident).disclosure(_KEY)
    fuller = _permit(hiding, urgent, e=incident).disclosure(_KEY)

    assert alone is not None
    assert needless is not None
    assert fuller is not None
    assert (alone.agreements, alone.emergency) == (("e",), "police/incident.report/7")
    assert (needless.agreements, needless.emergency) == (("a",), "")
    assert (fuller.agreements, fuller.hidden) == (("a", "e"), ())
    assert fuller.emergency == "police/incident.report/7"


def test_a_drill_opens_records_of_drills_only() -> None:
    """An incident opens what has its own status."""
    permit = _permit(_terms("e", opens_at_level="I"), e={2: "police/incident.report/drill"})

    assert permit.disclosure(_KEY) is None
    assert permit.disclosure(Key("water", "water.level", 2, "320102", 2)) is not None


def test_a_key_with_a_hidden_district_is_decided_by_the_true_one() -> None:
    """The provider's agreement is about where the record is, not about what is shown of it."""
    permit = _permit(_terms("a", districts=("320102",), hidden=("location.district",)))
    disclosure = permit.disclosure(_KEY)
    assert disclosure is not None

    shown = disclosure.key(_KEY)

    assert shown.district == ""
    assert permit.disclosure(shown) is not None
    assert permit.disclosure(Key("water", "water.level", 2, "", 1)) is None


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("water/water.quality/1", NoAgreement),
        ("health/water.level/1", NoAgreement),
        ("nobody/water.level/1", NoAgreement),
        ("health/no.kind/1", NotFound),
        ("water/water.level/1", NotFound),
        ("police/incident.report/1", NotFound),
        ("water", NotFound),
        ("", NotFound),
    ],
)
def test_a_missing_record_is_told_by_its_name_and_the_agreements_alone(
    name: str, answer: type[Exception]
) -> None:
    """Closed entirely: the agreement is missing. Else: there is no such record to be seen."""
    assert type(_permit(_terms()).missing(name)) is answer


_AGENCIES = ("health", "police", "water")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("watr/water.level/1", "its department is 'watr', which is no department of the city; "),
        ("health/health.bed/1", "its kind is 'health.bed', which is no kind; did you mean health."),
    ],
)
def test_a_name_that_cannot_be_is_no_missing_agreement(name: str, said: str) -> None:
    """Nobody could grant it."""
    error = Permit(_POLICE, (), (), _AGENCIES).missing(name)

    assert isinstance(error, NotFound)
    assert said in str(error)


@pytest.mark.parametrize("agencies", [_AGENCIES, ()])
def test_a_selection_of_a_department_that_cannot_be_is_told_with_those_near(
    agencies: tuple[str, ...],
) -> None:
    """Where the city's departments are known; an empty one never is."""
    permit = Permit(_POLICE, (), (), agencies)
    asked = ["police", "", "watr"] if agencies else ["police", ""]

    with pytest.raises(InvalidRequest) as raised:
        permit.require_selection(Selection(agencies=asked))

    wrong = dict(raised.value.violations)
    assert wrong["selection.agencies[1]"].startswith("is '', which is no department of the city")
    assert wrong.get("selection.agencies[2]", "").endswith("did you mean water") is bool(agencies)


def test_a_missing_agreement_is_named_with_one_that_would_open() -> None:
    """What it would take: a purpose, a time, an incident."""
    shut = Shut(_terms("flood"), "only while an incident of level II or graver is open", True)

    error = Permit(_POLICE, (), (shut,)).missing("water/water.level/1")

    assert isinstance(error, NoAgreement)
    assert str(error) == (
        "no agreement lets police read water.level of water: flood would, "
        "but holds only while an incident of level II or graver is open"
    )
    assert error.metadata() == {"consumer": "police", "provider": "water", "kind": "water.level"}


@pytest.mark.parametrize(
    ("selection", "is_open"),
    [
        (Selection(), True),
        (Selection(kinds=["water.quality"]), True),
        (Selection(agencies=["water"]), True),
        (Selection(agencies=["health"]), False),
        (Selection(agencies=["health", "water"]), True),
        (Selection(agencies=["police"]), True),
        (Selection(agencies=["water"], kinds=["water.quality"]), False),
        (Selection(agencies=["water"], kinds=["water.*"]), True),
        (Selection(agencies=["water", "health"], kinds=["water.quality"]), False),
    ],
)
def test_a_selection_is_refused_when_all_that_it_names_is_closed(
    selection: Selection, *, is_open: bool
) -> None:
    """Otherwise it returns what is open."""
    permit = _permit(_terms())
    if is_open:
        permit.require_selection(selection)
        return

    with pytest.raises(NoAgreement):
        permit.require_selection(selection)


def test_a_watch_may_wait_for_an_agreement_that_can_open_later() -> None:
    """Or else nobody could be told at once when an emergency opens a door."""
    shut = Shut(_terms("flood"), "only in an emergency", may_open=True)
    permit, selection = Permit(_POLICE, (), (shut,)), Selection(agencies=["water"])

    permit.require_selection(selection, later=True)
    with pytest.raises(NoAgreement):
        permit.require_selection(selection)
