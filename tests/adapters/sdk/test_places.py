"""What options say of a place is checked before the feed starts."""

from typing import Any

import pytest

from adapters.sdk.errors import FeedMisconfigured
from adapters.testing.trial import trial_of

WITH_PLACES = {
    "environment/hj212": ("sites", "320102000000A00000000001"),
    "police/gb28181": ("devices", "32010200001320000007"),
    "water/sl651": ("sites", "0063212345"),
    "weather/cma_json": ("sites", "58238"),
    "weather/metar": ("sites", "ZSNJ"),
    "weather/synop": ("sites", "58238"),
}


@pytest.mark.parametrize("adapter", WITH_PLACES)
@pytest.mark.parametrize("wrong", [{"latitude": 3194}, {"longitude": -181}, {"district": "3201"}])
def test_a_place_that_no_record_can_hold_stops_the_feed_at_its_start(
    adapter: str, wrong: dict[str, object]
) -> None:
    """Else each record of that station would go to quarantine."""
    option, entity = WITH_PLACES[adapter]
    places: dict[str, Any] = {option: {entity: wrong}}

    with pytest.raises(FeedMisconfigured, match=next(iter(wrong))):
        trial_of(adapter, **places)


@pytest.mark.parametrize("adapter", WITH_PLACES)
@pytest.mark.parametrize("district", ["", "320102", "320102005", "320102005001"])
def test_a_place_within_bounds_is_taken(adapter: str, district: str) -> None:
    """A feed's own district stands where a site has none."""
    option, entity = WITH_PLACES[adapter]
    place = {"latitude": 90, "longitude": -180, "district": district}
    places: dict[str, Any] = {option: {entity: place}}

    assert trial_of(adapter, **places)
