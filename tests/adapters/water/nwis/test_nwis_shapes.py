"""Readings of a site that differ in numbers alone have one shape, and hold the schema."""

import json
from typing import Any

import protovalidate
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.sdk.adapter import Translated
from adapters.sdk.feed import FeedConfig
from adapters.sdk.message import Undecodable
from adapters.water.nwis import Nwis, NwisOptions


def document(value: str, *, parameter: str = "00065", title: str = "", **place: float) -> bytes:
    """Write one reading of one site."""
    series: dict[str, Any] = {
        "sourceInfo": {
            "siteName": title,
            "siteCode": [{"value": "01491000", "agencyCode": "USGS"}],
            "geoLocation": {"geogLocation": place},
        },
        "variable": {"variableCode": [{"value": parameter}], "unit": {"unitCode": "ft"}},
        "values": [
            {"value": [{"value": value, "dateTime": "2026-07-01T12:00:00Z", "qualifiers": ["P"]}]}
        ],
    }
    return json.dumps({"value": {"timeSeries": [series]}}).encode()


def translated(nwis: Nwis, raw: bytes) -> Translated:
    """Return the record of a document of one reading."""
    decoder = nwis.decoder()
    (message,) = [*decoder.feed(raw), *decoder.close()]
    assert not isinstance(message, Undecodable), message
    (found,) = nwis.translate(message)
    return found


def adapter() -> Nwis:
    """Return an adapter as a city configures it."""
    feed = FeedConfig(id="water.nwis", adapter="water/nwis", agency="water", source="drop:in")
    return Nwis(feed, NwisOptions())


@settings(deadline=None)
@given(
    st.floats().map(str) | st.sampled_from(["Ice", "", "-999999", "1e999"]),
    st.sampled_from(["00065", "00045", "00011", "99999"]),
)
@example("1.7e308", "00045")
def test_what_has_the_shape_of_a_valid_record_is_valid(value: str, parameter: str) -> None:
    """The pipeline checks the first of a shape and trusts the others, whatever their numbers."""
    nwis = adapter()
    shapes = {
        translated(nwis, document(good, parameter=parameter)).shape for good in ("1.5", "Ice")
    }

    found = translated(nwis, document(value, parameter=parameter))

    if found.shape in shapes:
        assert not protovalidate.collect_violations(found.record)


def test_a_site_at_another_place_has_another_shape() -> None:
    """The place comes from the document, and may be one that the schema refuses."""
    nwis = adapter()

    here = translated(nwis, document("1", latitude=39.0, longitude=-75.8))
    nowhere = translated(nwis, document("1", latitude=139.0, longitude=-75.8))

    assert here.shape != nowhere.shape
    assert not protovalidate.collect_violations(here.record)
    assert protovalidate.collect_violations(nowhere.record)


def test_a_product_that_is_not_finite_has_no_shape() -> None:
    """Inches to millimetres may leave what a double holds; the schema refuses it by name."""
    assert translated(adapter(), document("1.7e308", parameter="00045")).shape is None
