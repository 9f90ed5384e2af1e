"""Grafana's dashboards: whole, laid out, and each expression one that Prometheus takes."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.test_alerts import promtool

FOLDER = Path(__file__).parents[2] / "deploy" / "grafana"
FILES = sorted(FOLDER.glob("*.json"))
WIDTH = 24
dashboards = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def read(file: Path) -> dict[str, Any]:
    """Return a dashboard."""
    board: dict[str, Any] = json.loads(file.read_text())
    return board


def expressions(board: dict[str, Any]) -> list[str]:
    """Return what a dashboard asks Prometheus, its variables filled in."""
    asked = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    asked += [annotation["expr"] for annotation in board["annotations"]["list"]]
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            selected = re.fullmatch(r"label_values\((.*), \w+\)", variable["definition"])
            assert selected is not None, variable["definition"]
            asked.append(selected[1])
    names = [variable["name"] for variable in board["templating"]["list"]]
    return [re.sub(r"\$(" + "|".join(names) + r")\b", "x", one) for one in asked]


def test_there_is_one_of_the_bus_and_one_of_the_gateway() -> None:
    """With addresses of their own in Grafana."""
    assert {file.stem: read(file)["uid"] for file in FILES} == {
        "bus": "liandong-bus",
        "gateway": "liandong-gateway",
    }


@dashboards
def test_panels_are_told_apart_and_lie_side_by_side(file: Path) -> None:
    """Each has a number, a title and a sentence; none lies upon another or outside."""
    taken: dict[tuple[int, int], str] = {}

    panels = read(file)["panels"]

    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        assert panel["title"], panel["id"]
        assert panel["description"], panel["title"]
        assert panel["targets"], panel["title"]
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= WIDTH, panel["title"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                other = taken.setdefault((x, y), panel["title"])
                assert other == panel["title"], f"{panel['title']} lies upon {other}"


@dashboards
def test_every_expression_asks_the_chosen_prometheus(file: Path) -> None:
    """No dashboard is bound to one installation's data source."""
    board = read(file)
    chosen = {"type": "prometheus", "uid": "${datasource}"}

    sources = [panel["datasource"] for panel in board["panels"]]
    sources += [target["datasource"] for panel in board["panels"] for target in panel["targets"]]

    assert all(source == chosen for source in sources)
    assert board["templating"]["list"][0]["name"] == "datasource"


@dashboards
def test_prometheus_takes_every_expression(file: Path, tmp_path: Path) -> None:
    """As promtool reads them, in rules of their own."""
    rules = [
        {"record": f"tried:{number}", "expr": expression}
        for number, expression in enumerate(expressions(read(file)))
    ]
    written = tmp_path / "rules.json"
    written.write_text(json.dumps({"groups": [{"name": "tried", "rules": rules}]}))

    done = subprocess.run(
        [promtool(), "check", "rules", written], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(rules)} rules found" in done.stdout
