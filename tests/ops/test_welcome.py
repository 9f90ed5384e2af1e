"""What `liandong up` proposes to try."""

from pathlib import Path

import pytest

from broker.home import Home
from ops.city import read_city
from ops.welcome import commands, visitors


def test_the_default_home_and_city_need_no_options(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The default home is that of the folder, so the first command goes there."""
    monkeypatch.chdir(tmp_path)
    lines = commands(read_city(), Home(Path(".liandong")))

    assert lines[0] == f"cd {tmp_path}"
    assert "liandong list --as police" in lines


def test_another_home_and_city_are_named_so_that_a_shell_takes_them(tmp_path: Path) -> None:
    """Absolute, and quoted where they have to be."""
    folder = tmp_path / "my cities"
    folder.mkdir()
    file = folder / "town.toml"
    file.write_text('[city]\nname = "t"\n[[agency]]\nname = "harbour"\n')
    lines = commands(read_city(file), Home(folder / "home"))

    assert not any(line.startswith("cd ") for line in lines)
    assert lines[-4] == f"liandong list --as harbour --home '{folder}/home' --city '{file}'"


def test_whoever_sees_most_of_the_city_is_let_into_the_console_first() -> None:
    """Operators see little of what the records say; the emergency office has the one map."""
    (first, sees), (second, _) = visitors(read_city())

    assert (first, second) == ("emergency", "ops")
    assert sees.endswith("the one map, of all that is opened to it")


def test_where_nobody_opens_anything_the_operators_are_let_in_alone(tmp_path: Path) -> None:
    """Questions open no record, and a file of agreements need not be there."""
    file = tmp_path / "town.toml"
    agencies = '[[agency]]\nname = "harbour"\n[[agency]]\nname = "rail"\n'
    file.write_text(f'[city]\nname = "t"\n{agencies}')
    assert [agency for agency, _ in visitors(read_city(file))] == ["ops"]

    file.write_text(f'agreements = "a.toml"\n[city]\nname = "t"\n{agencies}')
    (tmp_path / "a.toml").write_text(
        '[[agreement]]\nid = "a"\nprovider = "rail"\nconsumer = "harbour"\nkinds = ["ask.beds"]\n'
    )
    assert [agency for agency, _ in visitors(read_city(file))] == ["ops"]
