"""The key of the pseudonyms lies in the home folder, and survives."""

from pathlib import Path

import pytest

from adapters.sdk.errors import FeedMisconfigured
from tests.adapters.health.hl7v2.hl7_messages import adapter, adt, translated


def _name(home: Path, **options: str) -> str:
    """Return the name of a stay, as a feed with that home makes it."""
    reader = adapter(**options)
    reader.prepare(home)
    return translated(reader, adt())[0].record.name


def test_a_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    """Every feed of the home, and the next start, name a stay the same."""
    first = _name(tmp_path)

    assert _name(tmp_path) == first
    key = tmp_path / "keys" / "pseudonyms.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert len(bytes.fromhex(key.read_text())) == 32
    assert [path.name for path in key.parent.iterdir()] == ["pseudonyms.key"]


def test_another_home_has_another_key(tmp_path: Path) -> None:
    """Names of two cities cannot be compared."""
    assert _name(tmp_path / "a") != _name(tmp_path / "b")


def test_a_key_of_one_s_own_is_used(tmp_path: Path) -> None:
    """So that a hospital can change it, or share it between homes."""
    (tmp_path / "own.key").write_bytes(b"0123456789abcdef\n")

    assert _name(tmp_path, pseudonym_key_file="own.key") == _name(
        tmp_path, pseudonym_key_file=str(tmp_path / "own.key")
    )
    assert not (tmp_path / "keys").exists()


@pytest.mark.parametrize("content", [None, b"", b"short"])
def test_a_key_that_cannot_be_used_stops_the_feed(tmp_path: Path, content: bytes | None) -> None:
    """A configured key is never replaced by another one silently."""
    if content is not None:
        (tmp_path / "own.key").write_bytes(content)

    with pytest.raises(FeedMisconfigured, match=r"own\.key"):
        _name(tmp_path, pseudonym_key_file="own.key")
