"""Keys of bus users, against the library that others use for them."""

import base64
import stat
from pathlib import Path

import nkeys
import pytest
from fastcrc import crc16

from broker.errors import HomeDamaged
from broker.nkey import new_seed, public_key, read_seed, write_secret


def test_a_new_seed_is_one_that_the_library_takes() -> None:
    """It signs with it as a user, and what was signed is verified."""
    seed = new_seed()

    pair = nkeys.from_seed(bytearray(seed))

    assert seed.startswith(b"SU")
    assert len(seed) == 58
    assert pair.verify(b"nonce", pair.sign(b"nonce"))
    assert pair.public_key.decode() == public_key(seed)
    assert public_key(seed).startswith("U")


def test_no_two_seeds_are_alike() -> None:
    """Each user gets a key of its own."""
    assert len({new_seed() for _ in range(100)}) == 100


def test_a_seed_ends_in_a_checksum() -> None:
    """CRC-16/XMODEM of all before it, low byte first."""
    raw = base64.b32decode(new_seed() + b"======")

    assert raw[-2:] == crc16.xmodem(raw[:-2]).to_bytes(2, "little")


@pytest.mark.parametrize("damage", [b"", b"SUAA", b"\xff" * 58, b"S" * 58])
def test_a_damaged_seed_is_told(tmp_path: Path, damage: bytes) -> None:
    """With the file, and what to do."""
    path = tmp_path / "x.nk"
    path.write_bytes(damage)

    with pytest.raises(HomeDamaged, match=r"x\.nk is damaged: restore it, or remove it and"):
        read_seed(path)


def test_one_wrong_letter_is_noticed(tmp_path: Path) -> None:
    """Its checksum tells, before a server refuses the key."""
    path = tmp_path / "x.nk"
    seed = bytearray(new_seed())
    seed[20] = ord("A") if seed[20] != ord("A") else ord("B")
    path.write_bytes(seed)

    with pytest.raises(HomeDamaged, match="is damaged"):
        read_seed(path)


def test_a_secret_is_for_its_owner_only(tmp_path: Path) -> None:
    """Also where a file that others could read was before; nothing else is left behind."""
    path = tmp_path / "keys" / "water.nk"
    path.parent.mkdir()
    path.write_bytes(b"old")
    path.chmod(0o644)

    seed = new_seed()
    write_secret(path, seed + b"\n")

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_seed(path) == seed
    assert list(path.parent.iterdir()) == [path]


def test_a_seed_that_is_not_there_is_told(tmp_path: Path) -> None:
    """With the file, the reason, and the command that makes it."""
    with pytest.raises(HomeDamaged, match=r"x\.nk cannot be read \(No such file.*liandong keys"):
        read_seed(tmp_path / "x.nk")
