"""What an adapter made of sample files: counted, and told to a person or to a program."""

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path
from typing import Any, Final

import typer
from google.protobuf.json_format import MessageToDict
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from adapters.sdk.adapter import Outcome
from adapters.sdk.translation import BUG
from adapters.testing.accounting import Gap
from adapters.testing.coverage import Coverage
from adapters.testing.trial import Tried
from ops.raw_bytes import short, shown, text_of
from ops.record_lines import record_lines

_PIPE_COLUMNS: Final = 120


@dataclass
class Count:
    """How many of what there was.

    Attributes:
        messages: Messages, and pieces that are none.
        records: Records that would be stored.
        outcomes: How many messages came to what.
        causes: How many were refused for what.
    """

    messages: int = 0
    records: int = 0
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    causes: Counter[str] = field(default_factory=Counter)

    @property
    def refused(self) -> int:
        """Return how many messages would go to quarantine, whole or in part."""
        return self.outcomes[Outcome.QUARANTINED]

    @property
    def faults(self) -> int:
        """Return how many of those are the adapter's own fault."""
        return self.causes[BUG]

    def add(self, tried: Tried) -> None:
        """Count a message."""
        self.messages += 1
        self.outcomes[tried.outcome] += 1
        if tried.outcome is not Outcome.DUPLICATE:
            self.records += len(tried.translated)
        if tried.refused is not None:
            self.causes[tried.refused.cause] += 1

    def __str__(self) -> str:
        again = self.outcomes[Outcome.DUPLICATE]
        took = f"{_of(self.messages, 'message')} gave {_of(self.records, 'record')}"
        causes = ", ".join(f"{cause} {count}" for cause, count in self.causes.most_common())
        refused = f"{self.refused} refused{f' ({causes})' if causes else ''}"
        return f"{took}; {again} sent again, {refused}"


class ForPeople:
    """Shows each raw message beside its record.

    Args:
        zone: The zone in which to show times.
        most: How many messages of a file are shown, beside as many that were refused.
    """

    def __init__(self, zone: tzinfo, most: int) -> None:
        self._zone = zone
        self._most = most
        self._console = Console(highlight=False)
        if not self._console.is_terminal:
            self._console = Console(highlight=False, width=_PIPE_COLUMNS)

    def file(self, path: Path, tried: list[Tried], gaps: list[Gap] | None) -> None:
        """Show what became of a file's messages, and what was in none."""
        rows = Table("", box=box.HORIZONTALS, show_lines=True, pad_edge=False)
        rows.add_column("message", overflow="fold", ratio=5)
        rows.add_column("became", overflow="fold", ratio=6)
        refused = hidden = 0
        for number, one in enumerate(tried, start=1):
            refused += one.refused is not None
            if number <= self._most or (one.refused is not None and refused <= self._most):
                rows.add_row(str(number), Text(shown(one.raw)), self._became(one))
            else:
                hidden += 1
        self._print(f"{path}: {_of(len(tried), 'message')}", "bold")
        if tried:
            self._console.print(rows)
        if hidden:
            self._print(f"{hidden} more are counted but not shown (--show)", "dim")
        if gaps is None:
            self._print("the bytes of its messages are not the file's, in order", "yellow")
        for gap in gaps or ():
            if gap.content.strip():
                self._print(f"in no message, at byte {gap.at}: {shown(gap.content)}", "yellow")

    def end(self, count: Count, coverage: Coverage) -> None:
        """Show which fields were filled, and the counts."""
        for kind, records in coverage.kinds():
            fields = coverage.of(kind)
            filled = {path: number for path, number in fields.items() if number}
            rows = Table("field", "filled", box=None, header_style="dim", pad_edge=False)
            for path, number in filled.items():
                rows.add_row(path, f"{number} of {records}")
            self._print(f"\n{kind}: {_of(records, 'record')}", "bold")
            self._console.print(rows)
            self._print(f"never: {', '.join(_never(fields)) or 'none'}", "dim")
        self._print(f"\n{count}", "bold")

    def _became(self, one: Tried) -> Text:
        """Return what is said beside a message."""
        text = Text()
        for translated in one.translated:
            for number, line in enumerate(record_lines(translated.record, self._zone)):
                text.append(line + "\n", style="green" if not number else "")
        if one.outcome is Outcome.DUPLICATE:
            text.append("sent again: stored once\n", style="dim")
        if one.refused is not None:
            text.append(f"refused ({one.refused.cause}): {one.refused.reason}\n", style="red")
        if one.answer:
            text.append(f"answer: {short(one.answer)}\n", style="cyan")
        text.rstrip()
        return text

    def _print(self, sentence: str, style: str) -> None:
        self._console.print(Text(sentence, style=style))


class ForPrograms:
    """Writes a line of JSON for each message, for what is in none, and for the whole."""

    def file(self, path: Path, tried: list[Tried], gaps: list[Gap] | None) -> None:
        """Write what became of a file's messages."""
        for number, one in enumerate(tried, start=1):
            _write({"file": str(path), "message": number, **_object(one)})
        for gap in gaps or ():
            _write({"file": str(path), "at": gap.at, "in_no_message": gap.content.hex()})

    def end(self, count: Count, coverage: Coverage) -> None:
        """Write the counts and which fields were filled."""
        filled = {kind: coverage.of(kind) for kind, _ in coverage.kinds()}
        summary = {
            "messages": count.messages,
            "records": count.records,
            "outcomes": {outcome.value: count.outcomes[outcome] for outcome in Outcome},
            "causes": dict(count.causes),
        }
        _write({"summary": summary, "coverage": filled})


def _object(one: Tried) -> dict[str, Any]:
    """Return a message and what became of it, for JSON."""
    refused = one.refused
    return {
        "raw": one.raw.hex(),
        "text": text_of(one.raw),
        "outcome": one.outcome.value,
        "records": [
            {
                "message_id": translated.message_id,
                "record": MessageToDict(translated.record, preserving_proto_field_name=True),
            }
            for translated in one.translated
        ],
        "refused": {"cause": refused.cause, "reason": refused.reason} if refused else None,
        "answer": one.answer.hex(),
    }


def _write(values: dict[str, Any]) -> None:
    typer.echo(json.dumps(values, ensure_ascii=False))


def _never(fields: dict[str, int]) -> list[str]:
    """Return what was never filled; of a message of which nothing was, its own name alone."""
    filled = [path + "." for path, count in fields.items() if count]
    never: dict[str, None] = {}
    for path in (path for path, count in fields.items() if not count):
        parts = path.split(".")
        heads = (".".join(parts[:size]) for size in range(1, len(parts) + 1))
        never[next(one for one in heads if not any(f.startswith(one + ".") for f in filled))] = None
    return list(never)


def _of(count: int, noun: str) -> str:
    """Return how many there are of something."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
