"""Keys that sign what gateways record."""

import stat
from pathlib import Path

import pytest

from broker.errors import HomeDamaged
from broker.signing import is_signed, make_signing_key, read_public_keys, read_signing_key


def test_a_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    """What it signs, the public key beside it verifies; nothing else does."""
    key, public = tmp_path / "east.audit.key", tmp_path / "east.audit.pub"
    assert make_signing_key(key, public)
    before = key.read_bytes()
    assert not make_signing_key(key, public)

    signature = read_signing_key(key).sign(b"said")
    known = read_public_keys(tmp_path)["east"]

    assert key.read_bytes() == before
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert is_signed(known, signature, b"said")
    assert not is_signed(known, signature, b"said otherwise")
    assert not is_signed(None, signature, b"said")


def test_a_lost_public_key_is_made_of_its_key(tmp_path: Path) -> None:
    """It can be, at any time."""
    key, public = tmp_path / "east.audit.key", tmp_path / "east.audit.pub"
    make_signing_key(key, public)
    before = public.read_bytes()
    public.unlink()

    assert not make_signing_key(key, public)
    assert public.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "told"), [(None, "cannot be read"), (b"no key", "is damaged: restore it")]
)
def test_a_key_that_cannot_be_used_is_told(
    tmp_path: Path, content: bytes | None, told: str
) -> None:
    """With what to do: another key under the same name is no help."""
    path = tmp_path / "east.audit.key"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(HomeDamaged, match=told):
        read_signing_key(path)


def test_a_damaged_public_key_is_told(tmp_path: Path) -> None:
    """Without it nothing of its gateway can be verified."""
    (tmp_path / "east.audit.pub").write_bytes(b"no key")

    with pytest.raises(HomeDamaged, match=r"east\.audit\.pub cannot be read: restore it"):
        read_public_keys(tmp_path)
