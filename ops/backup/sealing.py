"""Keys and certificates, sealed with a passphrase.

The form: 16 bytes of salt, 12 of nonce, then a tar of the files under ChaCha20-Poly1305 with a
key that Scrypt (N = 2^15, r = 8, p = 1) makes of the passphrase.

Source: RFC 7914 (Scrypt), RFC 8439 (ChaCha20-Poly1305).
"""

import io
import os
import tarfile
from pathlib import Path, PurePosixPath

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from broker.home import Home
from broker.nkey import write_secret
from ops.failure import Failure
from ops.files import read_file

_SALT, _NONCE = 16, 12
_PURPOSE = b"liandong secrets 1"
_MINIMUM = 12
_FOLDERS = ("keys", "tls")
_MODES = 0o755


def read_passphrase(file: Path) -> bytes:
    """Return the passphrase that a file holds.

    Raises:
        Failure: If it cannot be read, or is too short to protect anything.
    """
    passphrase = read_file(file).strip()
    if len(passphrase) < _MINIMUM:
        raise Failure(f"the passphrase in {file} is shorter than {_MINIMUM} characters: take more")
    return passphrase


def seal(home: Home, passphrase: bytes) -> bytes:
    """Return a home's keys and certificates, sealed; modes are kept."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for folder in _FOLDERS:
            for path in sorted((home.path / folder).iterdir()):
                # What is being written, with a name that begins so, is no secret yet.
                if path.is_file() and not path.name.startswith("."):
                    tar.add(path, f"{folder}/{path.name}")
    salt, nonce = os.urandom(_SALT), os.urandom(_NONCE)
    cipher = ChaCha20Poly1305(_key(passphrase, salt))
    return salt + nonce + cipher.encrypt(nonce, packed.getvalue(), _PURPOSE)


def unseal(sealed: bytes, passphrase: bytes) -> bytes:
    """Return what `seal` packed.

    Raises:
        Failure: If the passphrase is another.
    """
    salt, nonce = sealed[:_SALT], sealed[_SALT : _SALT + _NONCE]
    try:
        cipher = ChaCha20Poly1305(_key(passphrase, salt))
        return cipher.decrypt(nonce, sealed[_SALT + _NONCE :], _PURPOSE)
    except InvalidTag as error:
        raise Failure(
            "the passphrase does not open the keys and certificates of this archive: name the "
            "file with the one that sealed it; nothing was touched"
        ) from error


def unpack(packed: bytes, home: Home) -> int:
    """Write keys and certificates into a home, with the modes that they had; return how many."""
    count = 0
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        for member in tar:
            folder, name = PurePosixPath(member.name).parts
            assert folder in _FOLDERS, "only who knows the passphrase packs"
            file = tar.extractfile(member)
            assert file is not None, "only files are packed"
            path = home.path / folder / name
            write_secret(path, file.read())
            path.chmod(member.mode & _MODES)
            count += 1
    return count


def _key(passphrase: bytes, salt: bytes) -> bytes:
    """Return the key that a passphrase makes."""
    return Scrypt(salt=salt, length=32, n=1 << 15, r=8, p=1).derive(passphrase)
