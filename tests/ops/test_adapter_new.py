"""`liandong adapter new`: a package that runs at once, for every kind of record."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.sdk import Adapter
from adapters.testing.trial import trial_of
from ops.adapter_new import adapter_new, kinds
from tests.running_city import LIANDONG

ROOT = Path(__file__).parents[2]


def new(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return run(LIANDONG, "adapter", "new", *arguments)


def run(*command: object, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command, with a folder of installed packages if one is given."""
    environment = dict(os.environ)
    if path is not None:
        environment["PYTHONPATH"] = str(path)
    return subprocess.run(
        list(map(str, command)), capture_output=True, text=True, check=False, env=environment
    )


def install(folder: Path, target: Path) -> None:
    """Install a package as pip does, without asking any index."""
    offline = ("--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check")
    done = run(sys.executable, "-m", "pip", "install", "-q", *offline, "--target", target, folder)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("transport", "name"), [("tcp", "gauge_lines"), ("drop", "lines")])
def test_a_new_adapter_passes_as_it_is(tmp_path: Path, transport: str, name: str) -> None:
    """Installed beside liandong it is known by its name; its samples and its tests pass."""
    folder, packages = tmp_path / "gauge", tmp_path / "packages"
    made = new(f"water/{name}", "--transport", transport, "--into", folder)
    assert made.returncode == 0, made.stderr
    assert f"liandong adapter check {folder}/samples/* --adapter water/{name}" in made.stdout
    install(folder, packages)

    checked = run(
        *(LIANDONG, "adapter", "check", *sorted((folder / "samples").iterdir())),
        *("--adapter", f"water/{name}"),
        path=packages,
    )
    tested = run(sys.executable, "-m", "pytest", "-q", folder, path=packages)

    assert checked.returncode == 0, checked.stderr
    assert "3 messages gave 3 records; 0 sent again, 0 refused" in checked.stdout
    assert ("answer: OK" in checked.stdout) == (transport == "tcp")
    assert tested.returncode == 0, tested.stdout
    assert "11 passed" in tested.stdout
    assert "Warning" not in tested.stdout + tested.stderr


@pytest.fixture
def begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Begin an adapter of every kind, and let them be imported."""
    folders = {kind: tmp_path / kind for kind in kinds()}
    for kind, folder in folders.items():
        adapter_new(f"begun/{kind.replace('.', '_')}", kind, into=folder)
        monkeypatch.syspath_prepend(folder / "src")
    return folders


def test_every_kind_can_be_begun_with(begun: dict[str, Path]) -> None:
    """The sample's records are of that kind, and hold what its schema says."""
    made = {}
    for kind, folder in begun.items():
        word = kind.replace(".", "_")
        package = importlib.import_module(f"begun_{word}")
        (adapter,) = (one for one in vars(package).values() if is_adapter(one))
        tried = trial_of(adapter).run((folder / "samples" / f"{word}.txt").read_bytes())
        assert [one.refused for one in tried] == [None] * 3
        made[kind] = {record.name.split("/")[1] for one in tried for record in one.records}

    assert made == {kind: {kind} for kind in kinds()}


def is_adapter(thing: object) -> bool:
    """Tell whether something is an adapter's class."""
    return isinstance(thing, type) and issubclass(thing, Adapter)


def test_what_is_begun_keeps_to_the_linter(begun: dict[str, Path]) -> None:
    """It is a good example of how adapters are written."""
    sources = [folder / "src" for folder in begun.values()]
    config = ("--config", ROOT / "pyproject.toml", "--no-cache", *sources)
    ruff = Path(sys.executable).with_name("ruff")

    linted, formatted = run(ruff, "check", *config), run(ruff, "format", "--check", *config)

    assert linted.returncode == 0, linted.stdout
    assert formatted.returncode == 0, formatted.stdout


def test_all_kinds_with_a_plain_value_are_there() -> None:
    """A picture is none: it has nothing that a line could say."""
    assert {"water.level", "incident.report", "traffic.crowd", "weather.warning"} <= set(kinds())
    assert "water.picture" not in kinds()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["Water/Gauge"], "expected agency/format"),
        (["gauge"], "expected agency/format"),
        (["weather/cap"], "there is an adapter weather/cap already"),
        (["water/gauge", "--kind", "water.height"], "water.level"),
        (["water/pic", "--kind", "water.picture"], "begin with water.level, and fill the body"),
        (["water/gauge", "--into", "{full}"], "is not empty"),
    ],
)
def test_what_cannot_be_begun_is_told(tmp_path: Path, arguments: list[str], said: str) -> None:
    """Nothing is written, and nothing that is there is overwritten."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("mine")

    done = new(*(one.format(full=tmp_path / "full") for one in arguments))

    assert done.returncode == 2
    assert said in done.stderr
    assert [path.name for path in tmp_path.rglob("*")] == ["full", "mine.txt"]
