"""NKEY users: making seeds, and the public keys that the server's configuration names."""

import base64
import binascii
import os
import tempfile
from pathlib import Path

import nkeys

from broker.errors import HomeDamaged

_SEED = 18 << 3
_USER = 20 << 3
_PREFIX = bytes([_SEED | _USER >> 5, (_USER & 31) << 3])
_SEED_BYTES = 32


def new_seed() -> bytes:
    """Return a new user seed, as NATS tools write it: ``SU...``, 58 characters.

    Source: NATS NKEYS: two prefix bytes, an Ed25519 seed, a CRC-16/XMODEM with its low
    byte first, in base 32 without padding.
    """
    raw = _PREFIX + os.urandom(_SEED_BYTES)
    return base64.b32encode(raw + _checksum(raw)).rstrip(b"=")


def _checksum(raw: bytes) -> bytes:
    """Return CRC-16/XMODEM, low byte first."""
    return binascii.crc_hqx(raw, 0).to_bytes(2, "little")


def public_key(seed: bytes) -> str:
    """Return the public key (``U...``) of a user seed."""
    pair = nkeys.from_seed(bytearray(seed))
    key: bytes = pair.public_key
    return key.decode()


def read_seed(path: Path) -> bytes:
    """Return the seed that lies in a file.

    Raises:
        HomeDamaged: If it cannot be read, or is none.
    """
    try:
        seed = path.read_bytes().strip()
    except OSError as error:
        raise HomeDamaged(
            f"the bus key {path} cannot be read ({error.strerror}): run `liandong keys` to make "
            "what is missing"
        ) from error
    if not _is_whole(seed):
        raise HomeDamaged(
            f"the bus key {path} is damaged: restore it, or remove it and run `liandong keys`"
        )
    return seed


def _is_whole(seed: bytes) -> bool:
    """Tell whether these are all the characters of a seed, and the right ones."""
    try:
        raw = base64.b32decode(seed + b"=" * (-len(seed) % 8))
    except binascii.Error:
        return False
    size = len(_PREFIX) + _SEED_BYTES
    return raw.startswith(_PREFIX) and raw[size:] == _checksum(raw[:size])


def write_secret(path: Path, content: bytes) -> None:
    """Write a secret that only its owner can read, from its first byte on."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # A crash must not leave half a secret that later looks like a whole one.
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    Path(temporary).replace(path)
