"""Ten things broken, one after another, and who tells: metrics, alert, doctor, console.

What is expected stands in the table of docs/operations.md and nowhere else: each of its cells
is held against what a running city said.
"""

import json
import re
import subprocess
import time
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.deploy.metric_names import named
from tests.deploy.test_alerts import RULES, alerts, promtool
from tests.ops.breakable import CALLS, HJ212, Breakable, Look
from tests.ops.breaks import BREAKS, send
from tests.ops.conftest import air
from tests.ops.metrics.pages import series_of, value
from tests.running_city import until

OPERATIONS: Final = Path(__file__).parents[2] / "docs" / "operations.md"
_ENDS: Final = "liandong_certificate_expiry_timestamp_seconds"


class Row(NamedTuple):
    """A line of the table: what is broken, and the words with which it is told."""

    broken: str
    metric: str
    alert: str
    doctor: str
    console: str


def _table() -> dict[str, Row]:
    """Return the table of the operators' book."""
    section = OPERATIONS.read_text().split("## Ten things broken, and who tells", 1)[1]
    lines = [line for line in section.split("\n## ", 1)[0].splitlines() if line.startswith("| ")]
    rows = [Row(*(cell.strip() for cell in line.strip("| ").split(" | "))) for line in lines]
    return {row.broken: row for row in rows[1:]}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Look, Look]]:
    """Break each thing and mend it; return what the city said before and meanwhile."""
    city = Breakable(tmp_path_factory.mktemp("fragile"))
    found: dict[str, tuple[Look, Look]] = {}
    with city.running():
        send(city, air("320100A0001", 30.0), is_answered=True)
        until(lambda: value(city.scrape(), "liandong_feed_running", **HJ212) == 1)
        until(lambda: value(city.scrape(), "liandong_feed_running", **CALLS) == 1)
        for broken, breaks in BREAKS.items():
            before = city.look()
            with breaks(city) as live:
                found[broken] = before, city.look(live)
    return found


def test_the_table_has_each_thing_that_is_broken() -> None:
    """Ten, and none that is not tried."""
    assert set(_table()) == set(BREAKS)
    assert len(BREAKS) == 10


def test_the_metrics_tell_it(told: dict[str, tuple[Look, Look]]) -> None:
    """Series of each metric that the table names are others than before, or away."""
    for broken, row in _table().items():
        before, after = (_of(look.page, row.metric) for look in told[broken])
        for metric in _names(row.metric):
            assert before.get(metric) != after.get(metric), (broken, metric)


def test_the_alerts_fire(told: dict[str, tuple[Look, Look]], tmp_path: Path) -> None:
    """On what was scraped before and meanwhile: those that the table names, and no other."""
    table = _table()
    tried = tmp_path / "broken.json"
    tests = [_as_test(broken, *looks, table[broken].alert) for broken, looks in told.items()]
    tried.write_text(json.dumps({"rule_files": [str(RULES)], "tests": tests}))

    done = subprocess.run(
        [promtool(), "test", "rules", tried], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_the_doctor_tells_it(told: dict[str, tuple[Look, Look]]) -> None:
    """In the table's words, and before it did not."""
    for broken, row in _table().items():
        before, after = told[broken]
        for phrase in _phrases(row.doctor):
            assert _is_said(phrase, after.doctor), (broken, phrase, after.doctor)
            assert not _is_said(phrase, before.doctor), (broken, phrase, before.doctor)


def test_the_console_tells_it(told: dict[str, tuple[Look, Look]]) -> None:
    """In the table's words, and before it did not."""
    for broken, row in _table().items():
        before, after = told[broken]
        for phrase in _phrases(row.console):
            assert _is_said(phrase, after.console), (broken, phrase, after.console)
            assert not _is_said(phrase, before.console), (broken, phrase, before.console)


def _phrases(cell: str) -> list[str]:
    """Return what a cell quotes."""
    found = re.findall(r"`([^`]+)`", cell)
    assert found, cell
    return found


def _names(cell: str) -> list[str]:
    """Return the metrics that a cell names."""
    return [phrase.partition("{")[0] for phrase in _phrases(cell)]


def _is_said(phrase: str, lines: list[str]) -> bool:
    """Tell whether a line holds a phrase; an ellipsis stands for anything."""
    pattern = re.compile(".*".join(map(re.escape, phrase.split("…"))))
    return any(pattern.search(line) for line in lines)


def _of(page: str, cell: str) -> dict[str, dict[frozenset[tuple[str, str]], float]]:
    """Return the series of the metrics that a cell names."""
    found: dict[str, dict[frozenset[tuple[str, str]], float]] = {}
    for (name, labels), now in series_of(page).items():
        if name in _names(cell):
            found.setdefault(name, {})[labels] = now
    return found


def _as_test(broken: str, before: Look, after: Look, fire: str) -> dict[str, object]:
    """Return what was scraped as promtool reads it: half an hour before, as long meanwhile."""
    read = named("".join(re.findall(r"expr:(.*?)(?:for|labels):", RULES.read_text(), re.DOTALL)))
    then, now = series_of(before.page), series_of(after.page)
    names = _phrases(fire)
    assert set(names) <= set(alerts())
    return {
        "name": broken,
        "interval": "1m",
        "input_series": [
            {"series": _series(*one), "values": _values(one[0], then.get(one), now.get(one))}
            for one in then.keys() | now.keys()
            if one[0] in read
        ],
        "promql_expr_test": [
            {
                "expr": 'group by (alertname) (max_over_time(ALERTS{alertstate="firing"}[15m]))',
                "eval_time": "44m",
                "exp_samples": [
                    {"labels": f'{{alertname="{name}"}}', "value": 1} for name in names
                ],
            }
        ],
    }


def _series(name: str, labels: frozenset[tuple[str, str]]) -> str:
    """Return a series in promtool's notation."""
    told = ",".join(f"{key}={json.dumps(one, ensure_ascii=False)}" for key, one in sorted(labels))
    return f"{name}{{{told}}}"


def _values(name: str, then: float | None, now: float | None) -> str:
    """Return half an hour of one value and as long of another, one a minute.

    A certificate's end is told as from the beginning of time, where promtool stands.
    """
    if name == _ENDS:
        then, now = (one and one - time.time() for one in (then, now))
    before = "_x30" if then is None else f"{then}x29"
    return f"{before} stale" if now is None else f"{before} {now}x29"
