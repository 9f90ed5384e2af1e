"""A legacy format of our own: river stages, a JSON object a line, answered by a line."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import msgspec

from adapters.sdk import Adapter, Message, Outcome, Translated, Undecodable, Untranslatable


class StageOptions(msgspec.Struct, frozen=True):
    """It has none."""


@dataclass(frozen=True, slots=True)
class StageLine:
    """One line."""

    raw: bytes


class StageDecoder:
    """Cuts lines; holds a line."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[StageLine | Undecodable]:
        """Return whole lines."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [StageLine(line) for line in lines if line]

    def close(self) -> list[StageLine | Undecodable]:
        """Return the last line, whose end may be missing."""
        rest, self._rest = self._rest, b""
        return [StageLine(rest)] if rest else []


class Stage(Adapter[StageLine, StageOptions]):
    """Translates lines."""

    name = "water/stage"
    options_type = StageOptions

    def decoder(self) -> StageDecoder:
        """Return a decoder."""
        return StageDecoder()

    def translate(self, message: StageLine) -> Iterable[Translated]:
        """Return the reading that a line holds."""
        try:
            line = json.loads(message.raw)
            level_m = float(line["level_m"])
            station, at = str(line["station"]), datetime.fromisoformat(line["at"])
        except (ValueError, KeyError, TypeError) as error:
            raise Untranslatable("line", message.raw, expected="station, at, level_m") from error
        record = self.record("water.level", station, observed_at=at, raw=message.raw)
        record.water_level.station_id = station
        record.water_level.level_m = level_m
        yield Translated(record, f"{station} {at}")

    def answer(self, message: Message, outcome: Outcome) -> bytes:
        """Answer with what became of it."""
        return outcome.value.encode() + b"\n"


def reading(station: str, level_m: str = "3.5") -> bytes:
    """Write a line; a level that is no number makes it untranslatable."""
    line = {"station": station, "at": "2026-07-01T09:30:00+00:00", "level_m": level_m}
    return json.dumps(line).encode()
