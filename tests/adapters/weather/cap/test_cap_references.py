"""Updates and cancellations change what they refer to."""

from collections.abc import Callable

import protovalidate
import pytest

from adapters.sdk.adapter import Translated
from adapters.weather.cap.earlier import EarlierWarnings
from liandong.record.v1.record_pb2 import Record
from liandong.weather.v1 import weather_pb2 as weather

Write = Callable[..., bytes]
Read = Callable[[bytes], list[Translated]]

FIRST = "observatory@weather.nanjing.example,NJ-RAIN-1,2026-07-01T17:30:00+08:00"
LATER = "2026-07-01T18:00:00+08:00"


def test_an_update_supersedes_what_it_refers_to(rainstorm: Write, read: Read) -> None:
    """The earlier warning stays whole, with a new state from the moment of the update."""
    read(rainstorm())

    update, earlier = read(rainstorm("NJ-RAIN-2", msgType="Update", sent=LATER, references=FIRST))

    assert update.record.weather_warning.state == weather.WARNING_STATE_IN_FORCE
    assert earlier.record.name == "weather/weather.warning/NJ-RAIN-1"
    assert earlier.record.weather_warning.state == weather.WARNING_STATE_SUPERSEDED
    assert earlier.record.weather_warning.infos[0].event == "暴雨"
    assert earlier.record.observed_at.ToJsonString() == "2026-07-01T10:00:00Z"
    assert earlier.record.expires_at.ToJsonString() == "2026-07-01T15:30:00Z"
    protovalidate.validate(earlier.record)


def test_a_cancellation_ends_what_it_refers_to(rainstorm: Write, read: Read) -> None:
    """It stops being true at the moment at which the cancellation was sent."""
    read(rainstorm())

    cancel, earlier = read(rainstorm("NJ-RAIN-3", msgType="Cancel", sent=LATER, references=FIRST))

    for translated in (cancel, earlier):
        assert translated.record.weather_warning.state == weather.WARNING_STATE_CANCELLED
        assert translated.record.expires_at.ToJsonString() == "2026-07-01T10:00:00Z"


def test_an_unknown_reference_makes_a_short_record(rainstorm: Write, read: Read) -> None:
    """After a restart the shared state is right all the same."""
    _, earlier = read(rainstorm("NJ-RAIN-2", msgType="Update", sent=LATER, references=FIRST))

    protovalidate.validate(earlier.record)
    assert earlier.record.name == "weather/weather.warning/NJ-RAIN-1"
    assert earlier.record.weather_warning.state == weather.WARNING_STATE_SUPERSEDED
    assert not earlier.record.weather_warning.infos


@pytest.mark.parametrize("kind", ["Ack", "Error", "Alert"])
def test_other_messages_change_nothing(rainstorm: Write, read: Read, kind: str) -> None:
    """An acknowledgement of a warning is no news about the warning."""
    read(rainstorm())

    assert len(read(rainstorm("NJ-RAIN-2", msgType=kind, sent=LATER, references=FIRST))) == 1


def test_several_references_make_a_record_each(rainstorm: Write, read: Read) -> None:
    """References are separated by blanks; the same twice counts once, itself never."""
    own = FIRST.replace("RAIN-1", "RAIN-9")
    references = f"{FIRST} {FIRST} {own}\n{FIRST.replace('RAIN-1', 'RAIN-0')}"

    found = read(rainstorm("NJ-RAIN-9", msgType="Update", sent=LATER, references=references))

    assert [one.record.weather_warning.identifier for one in found] == [
        "NJ-RAIN-9",
        "NJ-RAIN-1",
        "NJ-RAIN-0",
    ]
    assert len(found[0].record.weather_warning.references) == 4


def test_what_was_cancelled_is_not_superseded(rainstorm: Write, read: Read) -> None:
    """An update that names it again does not bring it back."""
    read(rainstorm())
    read(rainstorm("NJ-RAIN-3", msgType="Cancel", sent=LATER, references=FIRST))

    assert len(read(rainstorm("NJ-RAIN-4", msgType="Update", sent=LATER, references=FIRST))) == 1


def test_memory_of_earlier_warnings_is_bounded() -> None:
    """The oldest are forgotten first, by number and by bytes."""
    earlier = EarlierWarnings(most=2, most_bytes=40)
    for name in ("a", "b", "c", "d" * 39):
        earlier.remember(Record(name=name))

    assert [earlier.get(name) is not None for name in ("a", "b", "c")] == [False] * 3
    earlier.remember(Record(name="e"))
    assert earlier.get("e") == Record(name="e")


def test_blanks_without_end_part_references_too(rainstorm: Write, read: Read) -> None:
    """A list of references is gone through once, whatever stands between them."""
    blanks = " " * 1_000_000

    found = read(rainstorm("B", msgType="Update", references=f"A{blanks}C"))

    named = [one.record.weather_warning.identifier for one in found]
    assert named == ["B", "A", "C"]


def test_a_cancellation_need_not_say_how_grave_it_is(rainstorm: Write, read: Read) -> None:
    """What warns of nothing has effect, however little its info says."""
    read(rainstorm("A"))
    lifted = "<info><event>暴雨</event><severity/></info>"

    found = read(rainstorm("C", msgType="Cancel", references="A", info=lifted))

    states = [one.record.weather_warning.state for one in found]
    assert states == [weather.WARNING_STATE_CANCELLED] * 2
    assert found[0].record.weather_warning.infos[0].severity == weather.SEVERITY_UNKNOWN


def test_of_more_references_than_a_record_may_hold_the_latest_count(
    rainstorm: Write, read: Read
) -> None:
    """A long flood's update names all that went before; it warns all the same."""
    named = " ".join(
        f"a@x.example,R{number},2026-06-{1 + number % 30:02}T10:00:00+08:00"
        for number in range(600)
    )

    update, *replaced = read(rainstorm("U", msgType="Update", references=named))

    assert len(update.record.weather_warning.references) == 256
    assert update.record.quality.note == "of 600 references the latest 256 are kept"
    assert len(replaced) == 256
    kept = {one.record.weather_warning.identifier for one in replaced}
    assert {f"R{number}" for number in range(29, 600, 30)} <= kept
    assert not {f"R{number}" for number in range(0, 600, 30)} & kept
