"""Which fields can be hidden, and what several agreements hide together."""

import pytest

from gateway.hidden import FieldWrong, hidden_by_all, of_kind, steps_of


@pytest.mark.parametrize(
    "path",
    [
        "location",
        "location.point",
        "location.address",
        "location.district",
        "provenance.raw_sha256",
        "incident.casualties",
        "incident.units",
        "incident.units.arrived_at",
        "water_level.flow_m3_s",
    ],
)
def test_fields_whole_messages_and_repeated_fields_can_be_hidden(path: str) -> None:
    """The steps are the path's names."""
    assert ".".join(step.name for step in steps_of(path)) == path


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("water_level.flow", "there is no field flow in water_level; did you mean flow_m3_s"),
        ("location.adress", "there is no field adress in location; did you mean address or areas?"),
        ("casualties", "there is no field casualties in a record"),
        ("name.x", "name has no fields of its own: leave out .x"),
        ("name", "a record is none without name"),
        ("observed_at", "a record is none without observed_at"),
        ("classification", "a record is none without classification"),
        ("status", "a record is none without status"),
        ("expires_at", "a record is none without expires_at"),
        ("quality", "a record is none without quality"),
        ("quality.level", "quality is none without level: hide quality whole"),
        ("incident", "it is all that the record states: leave its kind out of kinds"),
        ("incident.units.call_sign", "incident.units is none without call_sign: hide incident"),
        ("location.point.latitude_deg", "would say that it is 0: hide location.point whole"),
        ("incident.closed_at.seconds", "would say that it is 0: hide incident.closed_at whole"),
        ("", "there is no field  in a record"),
    ],
)
def test_what_cannot_be_hidden_is_told_in_words(path: str, said: str) -> None:
    """What comes near, or what to hide instead."""
    with pytest.raises(FieldWrong) as raised:
        steps_of(path)

    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("sets", "hidden"),
    [
        ([{"location"}, {"location.point"}], ("location.point",)),
        ([{"location"}, set()], ()),
        ([{"location", "location.point"}], ("location",)),
        ([{"a.b", "c"}, {"a", "c.d"}, {"a.b.e", "c"}], ("a.b.e", "c.d")),
        ([], ()),
    ],
)
def test_hidden_is_what_all_agreements_hide(sets: list[set[str]], hidden: tuple[str, ...]) -> None:
    """As the shortest paths."""
    assert hidden_by_all([frozenset(one) for one in sets]) == hidden


def test_paths_of_other_kinds_are_left_out() -> None:
    """What all records share is in every kind."""
    paths = {"location.point", "incident.casualties", "water_level.flow_m3_s"}

    assert of_kind(paths, "incident.report") == {"location.point", "incident.casualties"}
