"""Keys with which gateways sign what they record, and by which anybody verifies it."""

from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from broker.errors import HomeDamaged
from broker.nkey import write_secret

PUBLIC = ".audit.pub"
PublicKeys = Mapping[str, Ed25519PublicKey]


def make_signing_key(path: Path, public: Path) -> bool:
    """Make an Ed25519 key and the public key beside it; tell whether it was missing.

    A public key that is missing beside its key is written anew.

    Raises:
        HomeDamaged: If the key is there and is none.
    """
    is_new = not path.exists()
    if is_new:
        write_secret(
            path,
            Ed25519PrivateKey.generate().private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ),
        )
    if is_new or not public.exists():
        pem = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        write_secret(public, read_signing_key(path).public_key().public_bytes(*pem))
    return is_new


def read_signing_key(path: Path) -> Ed25519PrivateKey:
    """Return the key that lies in a file.

    Raises:
        HomeDamaged: If it cannot be read, or is none.
    """
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), None)
    except OSError as error:
        raise HomeDamaged(
            f"the signing key {path} cannot be read ({error.strerror}): run `liandong keys` to "
            "make what is missing"
        ) from error
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        raise HomeDamaged(
            f"the signing key {path} is damaged: restore it; with another key under the same "
            "name nothing that was recorded before can be verified"
        )
    return key


def read_public_keys(folder: Path) -> dict[str, Ed25519PublicKey]:
    """Return the public keys ``<gateway>.audit.pub`` of a folder, by gateway.

    Raises:
        HomeDamaged: If one cannot be read, or is none.
    """
    found = {}
    for path in sorted(folder.glob(f"*{PUBLIC}")):
        try:
            key = serialization.load_pem_public_key(path.read_bytes())
        except (OSError, ValueError) as error:
            raise HomeDamaged(f"the public key {path} cannot be read: restore it") from error
        if not isinstance(key, Ed25519PublicKey):
            raise HomeDamaged(f"{path} is no Ed25519 public key: restore the one made here")
        found[path.name.removesuffix(PUBLIC)] = key
    return found


def is_signed(key: Ed25519PublicKey | None, signature: bytes, content: bytes) -> bool:
    """Tell whether a signature is of this key and content; of no key it never is."""
    try:
        if key is not None:
            key.verify(signature, content)
            return True
    except InvalidSignature:
        return False
    return False
