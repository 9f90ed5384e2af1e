"""The short way and the long way give equal records."""

import protovalidate
from buf.validate import validate_pb2
from buf.validate.validate_pb2 import DoubleRules
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.environment.hj212 import Hj212
from liandong.environment.v1.environment_pb2 import Air, Discharge
from liandong.quantity.v1.quantity_pb2 import Measurement
from liandong.record.v1.record_pb2 import Record
from liandong.water.v1.water_pb2 import WaterQuality
from tests.adapters.environment.hj212.hj212_frames import NOON, adapter, only_frame, upload

CODES = st.sampled_from(
    ["a34004", "a21005", "a01006", "w01018", "w00000", "011", "zz9", "Leq", "LA", "a-b"]
)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False).map(repr) | st.sampled_from(
    [
        "0",
        "-0",
        "-0.0",
        "+5",
        ".5",
        "5.",
        "007",
        "1e5",
        "31.500",
        "1e400",
        "nan",
        "",
        "----",
        " 7",
        "1_0",
        "5=6",
    ]
)
FLAGS = st.sampled_from(["N"] * 8 + ["D", "", "n", "T"])
SUBFIELDS = st.lists(
    st.sampled_from(["Rtd", "Avg", "Min", "Max", "Cou", "ZsRtd", "rtd"]), min_size=1, max_size=3
)


@st.composite
def readings(draw: st.DrawFn) -> str:
    """Draw one factor's item, mostly as loggers write it."""
    code = draw(CODES)
    fields = [f"{code}-{name}={draw(NUMBERS)}" for name in draw(SUBFIELDS)]
    if draw(st.integers(0, 9)):
        fields.append(f"{code}-Flag={draw(FLAGS)}")
    return draw(st.sampled_from([",", ",", ",", ";"])).join(fields)


def record_of(hj212: Hj212, raw: bytes) -> Record:
    """Return a frame's record, less the moment when it was made."""
    (one,) = hj212.translate(only_frame(raw))
    one.record.ClearField("received_at")
    return one.record


@settings(max_examples=150, deadline=None)
@given(
    st.lists(readings(), min_size=1, max_size=5),
    st.sampled_from(["21", "22", "31", "32"]),
    st.sampled_from(["2011", "2051"]),
    st.sampled_from([NOON, f"{NOON}123"]),
)
@example(["a34004-Rtd="], "22", "2011", NOON)
@example(["a34004-Rtd=-0"], "22", "2011", NOON)
@example(["a34004-Rtd=nan,a34004-Flag=N"], "22", "2011", NOON)
def test_a_layout_seen_before_changes_nothing(
    items: list[str], system: str, command: str, time: str
) -> None:
    """A first message goes the long way, later ones by template: the records are equal."""
    raw = upload(*items, st=system, cn=command, at=time)
    hj212 = adapter(units={"a34004": "mg/m3"})

    first, second, third = (record_of(hj212, raw) for _ in range(3))

    assert first == second == third


def test_a_usual_layout_does_go_the_short_way() -> None:
    """The template is made at the second sight and used from then on."""
    hj212 = adapter()
    for value in (1, 2, 3):
        raw = upload(f"a34004-Rtd={value},a34004-Flag=N", "a21005-Rtd=0.5,a21005-Flag=N")
        assert record_of(hj212, raw).environment_air.pm2_5_ug_m3 == value

    (template,) = hj212._translator._templates.values()
    assert template is not None


def test_a_fault_leaves_the_template_for_one_message() -> None:
    """A flag other than N goes the long way, and the next message the short one again."""
    hj212 = adapter()
    levels = [
        record_of(hj212, upload(f"a34004-Rtd=1,a34004-Flag={flag}")).quality.source_flag
        for flag in "NNNDN"
    ]

    assert levels == list("NNNDN")


@given(
    st.lists(readings(), min_size=1, max_size=5),
    st.sampled_from(["21", "22", "31", "32"]),
    st.sampled_from(["1", "2.5", "1e308", "-3"]),
)
def test_what_goes_the_short_way_holds_the_schema(items: list[str], system: str, last: str) -> None:
    """The shape's promise: the pipeline checks the first of a shape and trusts the others."""
    hj212 = adapter(units={"a34004": "g/m3"})
    for number in ("7", "7", last):
        raw = upload(*items, f"a34004-Rtd={number}", st=system, cn="2011", at=NOON)
        (one,) = hj212.translate(only_frame(raw))
        if one.shape is not None:
            assert not protovalidate.collect_violations(one.record)


def test_no_number_of_these_bodies_has_bounds() -> None:
    """A bound in the schema would make the shape's promise false: then take it back."""
    for body in (Air, Discharge, WaterQuality, Measurement):
        for field in body.DESCRIPTOR.fields:
            rules = field.GetOptions().Extensions[validate_pb2.field]
            assert field.type != field.TYPE_DOUBLE or rules.double == DoubleRules(finite=True)
