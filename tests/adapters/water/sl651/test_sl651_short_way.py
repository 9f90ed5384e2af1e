"""The short way and the long way give equal records, and hold what a shape promises."""

from typing import Any

import protovalidate
from buf.validate import validate_pb2
from buf.validate.validate_pb2 import DoubleRules
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.sdk.adapter import Translated
from adapters.sdk.errors import Untranslatable
from adapters.water.sl651 import Sl651
from liandong.quantity.v1.quantity_pb2 import Measurement
from liandong.water.v1.water_pb2 import Level, Rainfall, WaterQuality
from tests.adapters.water.sl651.sl651_frames import STATION, adapter, body, framed, only_frame

SITES = {STATION: {"title": "秦淮河", "datum": "Wusong", "warning_level_m": 8.5}}
CODES = st.sampled_from(
    ["20", "26", "39", "3B", "27", "38", "46", "4C", "02", "76", "05", "09", "45", "F2", "04"]
)


@st.composite
def elements(draw: st.DrawFn) -> str:
    """Draw an element, mostly as stations write it."""
    size, decimals = draw(st.integers(1, 5)), draw(st.integers(0, 3))
    content = draw(
        st.text("0123456789", min_size=2 * size, max_size=2 * size)
        | st.sampled_from(
            ["F" * 2 * size, "9" * 2 * size, "FF" + "1" * 2 * (size - 1), "0" * 2 * size]
        )
    )
    return f"{draw(CODES)}{size << 3 | decimals:02X}{content}"


def translated(sl651: Sl651, raw: bytes) -> list[Translated]:
    """Return what a frame becomes."""
    return list(sl651.translate(only_frame(raw)))


@settings(max_examples=300, deadline=None)
@given(
    st.lists(elements(), min_size=1, max_size=6).map("".join),
    st.sampled_from(["30", "32", "33", "34", "37"]),
    st.sampled_from(["48", "50", "51"]),
    st.sampled_from(["240601120005", "591011161403", "240601120060", "24060A120005"]),
)
@example("39230001049038121260", "32", "48", "240601120005")
def test_a_layout_seen_before_changes_nothing(
    content: str, function: str, station_class: str, sent: str
) -> None:
    """A first frame goes the long way, later ones by template: the records are equal."""
    sl651 = adapter(sites=SITES)
    raw = framed(body(content, station_class=station_class, sent=sent), function=function)

    outcomes: list[object] = []
    for _ in range(3):
        try:
            outcomes.append([(one.record, one.message_id) for one in translated(sl651, raw)])
        except Untranslatable as error:
            outcomes.append(str(error))

    assert outcomes[0] == outcomes[1] == outcomes[2]


@settings(max_examples=200, deadline=None)
@given(st.lists(elements(), min_size=1, max_size=6).map("".join), st.data())
def test_what_has_a_shape_holds_the_schema(content: str, data: st.DataObject) -> None:
    """The pipeline checks the first of a shape and trusts the others."""
    sl651 = adapter(sites=SITES)
    for _ in range(4):
        digits = data.draw(st.text("0123456789", min_size=8, max_size=8))
        raw = framed(body(f"2019000005{content}3923{digits}"))
        try:
            found = translated(sl651, raw)
        except Untranslatable:
            return
        for one in found:
            if one.shape is not None:
                assert not protovalidate.collect_violations(one.record)


def test_records_of_one_shape_differ_in_numbers_and_times_alone() -> None:
    """Cleared of both, they are equal: that is the promise of a shape."""
    sl651 = adapter(sites=SITES)
    shapes: dict[object, bytes] = {}
    for serial in range(1, 40):
        raw = framed(body(f"20190000{serial:02d}3923000104{serial:02d}38121260", serial=serial))
        for one in translated(sl651, raw):
            if one.shape is None:
                assert serial <= 2
                continue
            for field in ("current_mm", "level_m", "supply_voltage_v"):
                kept: Any
                for kept in (one.record.water_level, one.record.water_rainfall):
                    if field in kept.DESCRIPTOR.fields_by_name and kept.HasField(field):
                        kept.ClearField(field)
            one.record.provenance.ClearField("raw_sha256")
            one.record.provenance.ClearField("source_message_id")
            rest = one.record.SerializeToString(deterministic=True)
            assert shapes.setdefault(one.shape, rest) == rest

    assert len(shapes) == 2


def test_no_number_of_these_bodies_has_bounds() -> None:
    """A bound in the schema would make the shape's promise false: then take it back."""
    for kind in (Level, Rainfall, WaterQuality, Measurement):
        for field in kind.DESCRIPTOR.fields:
            rules = field.GetOptions().Extensions[validate_pb2.field]
            assert field.type != field.TYPE_DOUBLE or rules.double == DoubleRules(finite=True)


def test_another_layout_of_the_same_length_is_read_as_what_it_is() -> None:
    """A rain gauge may begin to send another element of the same size."""
    sl651 = adapter()
    for code, field in [("20", "current_mm"), ("20", "current_mm"), ("1A", "last_1h_mm")] * 2:
        (one,) = translated(sl651, framed(body(f"{code}190000053812126038121260")))
        assert getattr(one.record.water_rainfall, field) == 0.5


def test_a_missing_value_leaves_the_layout_for_the_next_frame() -> None:
    """A fault of an hour does not cost the short way."""
    sl651 = adapter()
    frames = [framed(body(f"3923{value}38121260")) for value in ["00000001"] * 2 + ["FFFFFFFF"]]

    shapes = [translated(sl651, raw)[0].shape for raw in (*frames, frames[0])]

    assert [shape is not None for shape in shapes] == [False, True, False, True]


def test_stations_beyond_the_bound_are_forgotten_not_kept() -> None:
    """Endless station numbers fill no memory."""
    sl651 = adapter()
    for number in range(9000):
        raw = framed(body("3923000000013812 1260".replace(" ", "")), station=f"00{number:08d}")
        assert len(translated(sl651, raw)) == 1

    assert len(sl651._short_way._layouts) <= 8192
