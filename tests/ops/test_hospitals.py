"""The hospitals of the demo, through the adapter that reads them."""

from datetime import UTC, datetime

from adapters.health.have import Have, HaveOptions
from adapters.sdk.feed import FeedConfig
from adapters.sdk.translation import Translation
from ops.demo import hospitals

AT = datetime(2026, 7, 1, 20, 0, tzinfo=UTC)


def intensive(minute: float) -> dict[str, int]:
    """Return the free beds in intensive care that are read, by hospital."""
    feed = FeedConfig(id="health.have", adapter="health/have", agency="health", source="drop:x")
    adapter = Have(feed, HaveOptions())
    decoder = adapter.decoder()
    messages = [*decoder.feed(hospitals.document(AT, minute)), *decoder.close()]
    free = {}
    for message in messages:
        translated, refused = Translation(adapter).of(message)
        assert refused is None, refused
        for one in translated:
            facility = one.record.health_facility
            assert one.record.location.HasField("point")
            (beds,) = (each for each in facility.beds if each.bed_type == "AdultICU")
            free[facility.facility_id] = beds.available
    return free


def test_every_hospital_is_read_with_its_beds_and_place() -> None:
    """As the evening begins."""
    assert intensive(0.0) == {one.number: one.intensive for one in hospitals.HOSPITALS}


def test_beds_fill_as_the_storm_goes_on() -> None:
    """Never below none."""
    later, late = intensive(30.0), intensive(6_000.0)

    assert sum(later.values()) < sum(intensive(0.0).values())
    assert min(late.values()) == 0
