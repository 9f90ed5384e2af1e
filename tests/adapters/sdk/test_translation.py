"""What becomes of one message: valid records, or a reason that a person understands."""

import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from adapters.sdk import Adapter, Decoder, FeedConfig, Translated, Undecodable, Untranslatable
from adapters.sdk.translation import Translation

NOW = datetime(2026, 7, 17, 9, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Note:
    """A message that is its bytes."""

    raw: bytes


class NoOptions(msgspec.Struct, frozen=True):
    """No options."""


class Gauge(Adapter[Note, NoOptions]):
    """Translates as a test tells it to."""

    name = "water/gauge"
    options_type = NoOptions

    def __init__(self, say: "Callable[[Gauge, Note], Iterable[Translated]]") -> None:
        feed = FeedConfig(id="water.gauge", adapter=self.name, agency="water", source="drop:in")
        super().__init__(feed, NoOptions())
        self.say = say

    def decoder(self) -> Decoder[Note]:
        """Refuse: nothing is decoded here."""
        raise NotImplementedError

    def translate(self, message: Note) -> Iterable[Translated]:
        """Do as told."""
        return self.say(self, message)

    def level(self, station: str, shape: tuple[object, ...] | None = None) -> Translated:
        """Make a record; one without a station is against the schema."""
        record = self.record("water.level", station or "0", observed_at=NOW, raw=b"")
        record.water_level.station_id = station
        return Translated(record, station, shape)


def of(say: Callable[[Gauge, Note], Iterable[Translated]]) -> tuple[list[str], str, str]:
    """Return the stations of the records, and cause and reason of the refusal."""
    translated, refused = Translation(Gauge(say)).of(Note(b"raw"))
    assert refused is None or refused.raw == b"raw"
    stations = [one.record.water_level.station_id for one in translated]
    return stations, refused.cause if refused else "", refused.reason if refused else ""


def test_valid_records_are_given_as_they_were_made() -> None:
    """Nothing is refused of a good message."""
    assert of(lambda gauge, _: [gauge.level("1"), gauge.level("2")]) == (["1", "2"], "", "")


def test_what_is_no_message_stays_what_it_is() -> None:
    """The decoder's reason is the refusal."""
    piece = Undecodable(b"?", "crc", "damaged")

    assert Translation(Gauge(lambda *_: [])).of(piece) == ((), piece)


def test_an_untranslatable_message_gives_its_field() -> None:
    """Records that came before the fault are not given: a message is taken whole or not."""

    def half(gauge: Gauge, _: Note) -> Iterable[Translated]:
        yield gauge.level("1")
        raise Untranslatable("stage", "high", expected="metres")

    assert of(half) == ([], "value", "stage is 'high', expected metres")


def test_the_schema_refuses_one_record_and_keeps_the_others() -> None:
    """The message goes to quarantine once, with the field that is wrong."""
    stations, cause, reason = of(
        lambda gauge, _: [gauge.level("1"), gauge.level(""), gauge.level(""), gauge.level("2")]
    )

    assert (stations, cause) == (["1", "2"], "constraint")
    assert "water_level.station_id" in reason
    assert "records refused: 2" in reason


def test_a_time_that_cannot_be_is_refused_with_its_field() -> None:
    """At whatever depth: no reader could say it."""

    def broken(gauge: Gauge, _: Note) -> Iterable[Translated]:
        for path in ("observed_at", "provenance.sent_at"):
            one = gauge.level("1")
            stamp = operator.attrgetter(path)(one.record)
            stamp.nanos = -1
            yield one
        yield gauge.level("2")

    stations, cause, reason = of(broken)

    assert (stations, cause) == (["2"], "constraint")
    assert reason == "observed_at: has -1 nanos, expected 0 to 999999999 (records refused: 2)"


def test_a_time_more_than_a_day_ahead_of_its_message_is_refused() -> None:
    """As every adapter's own times are."""

    def early(gauge: Gauge, _: Note) -> Iterable[Translated]:
        gauge.take_for_now(NOW - timedelta(days=1, seconds=1))
        return [gauge.level("1")]

    assert of(early)[2] == "observed_at: lies more than a day ahead: set the source's clock"


def test_a_shape_that_is_refused_once_is_checked_again() -> None:
    """Only what was found valid is remembered."""
    translation = Translation(Gauge(lambda gauge, note: [gauge.level(note.raw.decode(), ("s",))]))

    refused = [translation.of(Note(raw))[1] for raw in (b"", b"", b"1", b"2")]

    assert [one.cause if one else "" for one in refused] == ["constraint", "constraint", "", ""]


def test_a_fault_of_the_adapter_is_told_by_its_line_without_the_content() -> None:
    """Who reads the quarantine can report it; what the message held is not repeated."""

    def broken(*_: object) -> list[Translated]:
        raise KeyError("13812345678")

    stations, cause, reason = of(broken)

    assert (stations, cause) == ([], "bug")
    assert f"KeyError at sdk/{Path(__file__).name}:" in reason
    assert "13812345678" not in reason


def test_a_message_without_records_is_a_fault() -> None:
    """Nothing is dropped in silence."""
    assert of(lambda *_: [])[:2] == ([], "bug")
