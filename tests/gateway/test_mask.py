"""Read masks: what is cut out, and what is refused."""

import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import InvalidRequest
from gateway.mask import Mask, mask_of
from liandong.quantity.v1.quantity_pb2 import QUALITY_LEVEL_VALID
from liandong.record.v1.record_pb2 import Record
from tests.gateway.state import polygon, reading, view_of

PATHS = (
    "name",
    "observed_at",
    "location",
    "location.point",
    "location.point.latitude_deg",
    "location.areas",
    "quality.level",
    "water_level.level_m",
    "water_level",
    "traffic_crowd.present",
)


def whole() -> Record:
    """Make a record with fields of every form."""
    record = reading("one", 32.0, 118.8)
    record.water_level.level_m = 9.5
    record.water_level.station_id = "one"
    record.quality.level = QUALITY_LEVEL_VALID
    record.location.areas.add().polygons.add(**polygon((1, 1), (1, 2), (2, 2)))
    return record


@settings(deadline=None)
@given(st.sets(st.sampled_from(PATHS), min_size=1))
def test_a_mask_keeps_what_protobuf_keeps_of_its_fields_and_the_name(paths: set[str]) -> None:
    """Beside the library's own, slower way."""
    expected = Record()
    FieldMask(paths=["name", *paths]).MergeMessage(whole(), expected)

    assert Record.FromString(Mask(paths).cut(whole().SerializeToString())) == expected


def test_no_paths_and_a_star_mean_everything() -> None:
    """As the API says, and as Google's conventions do."""
    assert mask_of(FieldMask()) is None
    assert mask_of(FieldMask(paths=["*", "name"])) is None


def test_the_bytes_of_a_revision_are_made_once() -> None:
    """A page that many ask for is cut once."""
    (entry,) = view_of([whole()]).entries()
    mask = mask_of(FieldMask(paths=["water_level.level_m"]))
    assert mask is not None

    first = mask.sized(entry)

    assert mask.sized(entry) is first
    assert mask_of(FieldMask(paths=["water_level.level_m"])) is mask
    assert Record.FromString(first[1:]).water_level.level_m == 9.5


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("water_level.levl_m", "did you mean water_level.level_m"),
        ("watr_level", "did you mean water_level"),
        ("location.areas.description", "location.areas is a list: name it whole"),
        ("name.x", "name has no fields of its own: name it whole"),
        ("", "a record has no field ''"),
        ("location..point", "location has no field ''"),
        ("waterLevel.levelM", "did you mean water_level"),
    ],
)
def test_a_path_that_leads_nowhere_is_refused_with_what_comes_near(path: str, said: str) -> None:
    """The sentence names the path."""
    with pytest.raises(InvalidRequest) as raised:
        mask_of(FieldMask(paths=[path]))

    ((field, sentence),) = raised.value.violations
    assert field == "read_mask"
    assert repr(path) in sentence
    assert said in sentence
