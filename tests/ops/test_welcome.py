"""What `liandong up` proposes to try."""

from pathlib import Path

import pytest

from broker.home import Home
from ops.city import read_city
from ops.welcome import commands


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
