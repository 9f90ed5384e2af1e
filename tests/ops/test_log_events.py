"""Every event that the code logs, against the table in the operators' book."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[2]
_LEVELS = frozenset({"debug", "info", "warning", "error", "exception", "critical"})
_TOLD = re.compile(
    r"^\| `(?P<event>[^`]+)` \| (?P<level>\w+) \| (?P<fields>[^|]*) \|", re.MULTILINE
)
# What a message says, or who a person is, has no field at these levels.
_FORBIDDEN = frozenset({"payload", "raw", "body", "message", "text", "content", "frame", "patient"})


def _calls() -> Iterator[tuple[str, ast.Call]]:
    """Yield every call of a logger, and where it stands."""
    for package in ("adapters", "broker", "gateway", "ops"):
        for file in sorted((_ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text())):
                if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                    continue
                owner = node.func.value
                name = owner.attr if isinstance(owner, ast.Attribute) else ast.unparse(owner)
                if node.func.attr in _LEVELS and name in {"_log", "log", "logger"}:
                    yield f"{file.relative_to(_ROOT)}:{node.lineno}", node


def _level(call: ast.Call) -> str:
    """Return the level at which a call logs."""
    assert isinstance(call.func, ast.Attribute)
    return {"exception": "error"}.get(call.func.attr, call.func.attr)


@pytest.mark.parametrize(("place", "call"), [*_calls()])
def test_an_event_is_a_constant_and_everything_else_a_field(place: str, call: ast.Call) -> None:
    """So that events can be counted; what a message says has no field."""
    assert [type(argument) for argument in call.args] == [ast.Constant], place
    if _level(call) != "debug":
        assert not {keyword.arg for keyword in call.keywords} & _FORBIDDEN, place


def test_the_table_of_events_is_what_the_code_logs() -> None:
    """Each with its level and its fields; one that is gone is not told any more."""
    section = (_ROOT / "docs" / "operations.md").read_text()
    section = section.split("## Logs", 1)[1].split("\n## ", 1)[0]
    told = {(one["event"], one["level"]): one["fields"].strip() for one in _TOLD.finditer(section)}
    code: dict[tuple[str, str], set[str]] = {}
    for _, call in _calls():
        event = call.args[0]
        assert isinstance(event, ast.Constant)
        fields = code.setdefault((str(event.value), _level(call)), set())
        fields |= {
            keyword.arg
            for keyword in call.keywords
            if keyword.arg is not None and keyword.arg != "exc_info"
        }

    assert told == {key: ", ".join(sorted(fields)) for key, fields in code.items()}
