"""An adapter that keeps the contract, and others that each break one clause of it."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

import msgspec

from adapters.sdk import Adapter, Outcome, Translated, Undecodable, Untranslatable
from adapters.testing.contract import AdapterContract


@dataclass(frozen=True, slots=True)
class Line:
    """One line."""

    raw: bytes


class Lines:
    """Cuts lines of at most 4,096 bytes."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Line | Undecodable]:
        """Return the lines that are complete."""
        *whole, rest = (self._rest + data).split(b"\n")
        found = [piece for line in whole for piece in self._pieces(line)]
        at = len(rest) // 4096 * 4096
        self._rest = rest[at:]
        return found + self._pieces(rest[:at])

    def close(self) -> list[Line | Undecodable]:
        """Return the last line."""
        rest, self._rest = self._rest, b""
        return self._pieces(rest)

    def _pieces(self, line: bytes) -> list[Line | Undecodable]:
        parts = [line[at : at + 4096] for at in range(0, len(line), 4096)]
        return [
            Undecodable(one, "long", "a long line") if one[4095:] else Line(one) for one in parts
        ]


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One option."""

    datum: str = ""


class Gauge(Adapter[Line, Options]):
    """Reads ``station,metres``."""

    name = "water/gauge"
    options_type = Options

    def decoder(self) -> Any:
        """Cut lines."""
        return Lines()

    def translate(self, message: Line) -> Iterator[Translated]:
        """Yield the level."""
        station, _, level = message.raw.decode("latin-1").partition(",")
        if not station.isalnum() or not station.isascii():
            raise Untranslatable("station", station, expected="letters and digits")
        try:
            metres = float(level)
        except ValueError as error:
            raise Untranslatable("level", level, expected="metres") from error
        at = datetime(2026, 7, 17, 9, 0, tzinfo=UTC)
        record = self.record("water.level", station, observed_at=at, raw=message.raw)
        record.water_level.station_id = station[:64]
        record.water_level.level_m = metres
        record.water_level.datum = self.options.datum
        yield Translated(record, level)

    def answer(self, message: Line, outcome: Outcome) -> bytes:
        """Thank."""
        return b"OK\n"


class GaugeContract(AdapterContract):
    """The contract with a gauge's samples."""

    adapter: ClassVar[type[Adapter[Any, Any]]] = Gauge
    good: ClassVar[tuple[bytes, ...]] = (b"1001,3.21\n", b"1002,4.05\n", b"1001,4.05\n")
    bad: ClassVar[dict[bytes, str]] = {b"1001,high\n": "level", b",1.0\n": "station"}


class Forgetful(Gauge):
    """Drops what is no line of two fields."""

    def decoder(self) -> Any:
        """Cut lines, and let some go."""

        class Dropping(Lines):
            def _pieces(self, line: bytes) -> list[Line | Undecodable]:
                return super()._pieces(line) if b"," in line else []

        return Dropping()


class Stripping(Gauge):
    """Takes off a mark without which its decoder reads nothing."""

    def decoder(self) -> Any:
        """Cut lines that begin with 1, and keep what is behind it."""

        class Marked(Lines):
            def _pieces(self, line: bytes) -> list[Line | Undecodable]:
                if not line.startswith(b"1"):
                    return [Undecodable(line, "mark", "a line begins with 1")]
                return [Line(line[1:])]

        return Marked()


class Impatient(Gauge):
    """Takes each chunk for whole lines."""

    def decoder(self) -> Any:
        """Keep nothing between chunks."""

        class Chunks(Lines):
            def feed(self, data: bytes) -> list[Line | Undecodable]:
                return super().feed(data) + super().close()

        return Chunks()


class Hoarding(Gauge):
    """Holds a line however long it grows."""

    def decoder(self) -> Any:
        """Wait for the end of the line."""

        class Endless(Lines):
            def feed(self, data: bytes) -> list[Line | Undecodable]:
                *whole, self._rest = (self._rest + data).split(b"\n")
                return [piece for line in whole for piece in self._pieces(line)]

        return Endless()


class Raising(Gauge):
    """Has a decoder that raises on bytes that are no ASCII."""

    def decoder(self) -> Any:
        """Believe that all is ASCII."""

        class Ascii(Lines):
            def feed(self, data: bytes) -> list[Line | Undecodable]:
                data.decode("ascii")
                return super().feed(data)

        return Ascii()


class Buggy(Gauge):
    """Trusts that each line has a comma."""

    def translate(self, message: Line) -> Iterator[Translated]:
        """Fail on others."""
        _, _ = message.raw.split(b",")
        return super().translate(message)


class Foreign(Gauge):
    """Names its records after another agency."""

    def translate(self, message: Line) -> Iterator[Translated]:
        """Give them to the police."""
        for one in super().translate(message):
            one.record.name = one.record.name.replace("water/", "police/", 1)
            yield one


class Restless(Gauge):
    """Gives each message a new id."""

    numbers = itertools.count()

    def translate(self, message: Line) -> Iterator[Translated]:
        """Count."""
        for one in super().translate(message):
            yield Translated(one.record, str(next(self.numbers)))


class Confusing(Gauge):
    """Knows a message by its station alone, though it may say something new."""

    def translate(self, message: Line) -> Iterator[Translated]:
        """Forget what it says."""
        for one in super().translate(message):
            yield Translated(one.record, "the same")


class Vague(Gauge):
    """Does not say what was wrong."""

    def translate(self, message: Line) -> Iterator[Translated]:
        """Shrug."""
        try:
            yield from super().translate(message)
        except Untranslatable as error:
            raise Untranslatable("message", message.raw, expected="another") from error


class Sulking(Gauge):
    """Does not answer a resend."""

    def answer(self, message: Line, outcome: Outcome) -> bytes:
        """Thank once."""
        return b"" if outcome is Outcome.DUPLICATE else b"OK\n"


class Tonguetied(Gauge):
    """Fails when it is to answer."""

    def answer(self, message: Line, outcome: Outcome) -> bytes:
        """Fail."""
        raise LookupError("nothing to say")
