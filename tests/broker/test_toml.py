"""Configuration files: what is wrong in one is told with its line."""

from pathlib import Path

import msgspec
import pytest

from broker.toml import FileWrong, read_toml


class _Feed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    port: int = 0


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    feed: list[_Feed] = []


GOOD = 'name = "city"\n\n[[feed]]\nid = "a"\n\n[[feed]]\nid = "b"\nport = 7\n'


def test_a_file_becomes_a_struct(tmp_path: Path) -> None:
    """Of the type asked for."""
    path = tmp_path / "city.toml"
    path.write_text(GOOD)

    assert read_toml(path, _File) == _File("city", [_Feed("a"), _Feed("b", 7)])


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (GOOD.replace("port", "prot"), r"city\.toml, line 8: .*prot"),
        (GOOD.replace("7", '"7"'), r"city\.toml, line 8: Expected `int`, got `str`"),
        (GOOD.replace('id = "a"', ""), r"city\.toml, line 3: .*missing.*id"),
        ("nam = 1\n", r"city\.toml, line 1: .*"),
        ("name = \n", r"city\.toml is no TOML: .*line 1"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, text: str, sentence: str) -> None:
    """An unknown key, a wrong type, a key that is missing, no TOML at all."""
    path = tmp_path / "city.toml"
    path.write_text(text)

    with pytest.raises(FileWrong, match=sentence):
        read_toml(path, _File)


@pytest.mark.parametrize("content", [None, b"\xff\xfe"])
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, content: bytes | None) -> None:
    """It is not there, or is no text."""
    path = tmp_path / "city.toml"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(FileWrong, match=r"city\.toml cannot be read"):
        read_toml(path, _File)
