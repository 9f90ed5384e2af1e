"""What the console signs: tokens that let in once, and the cookies of sessions."""

import base64
import binascii
import contextlib
import hashlib
import hmac
import os
import time
from pathlib import Path
from typing import Final, TypeVar

import msgspec

from broker.errors import HomeDamaged
from broker.home import Home
from broker.nkey import write_secret

S = TypeVar("S", bound=msgspec.Struct)
_KEY_BYTES: Final = 32


def make_key(home: Home) -> None:
    """Make the key with which a home's console signs, unless it is there."""
    if not _key_path(home).exists():
        write_secret(_key_path(home), os.urandom(_KEY_BYTES))


class Signer:
    """Signs small structures with a home's own key, HMAC-SHA-256, and reads what it signed.

    Args:
        home: The home.

    Raises:
        HomeDamaged: If the key cannot be read.
    """

    def __init__(self, home: Home) -> None:
        path = _key_path(home)
        try:
            self._key = path.read_bytes()
        except OSError as error:
            raise HomeDamaged(
                f"the console's key {path} cannot be read ({error.strerror}): `liandong up` makes "
                "it when the city file has a [console]"
            ) from error
        if len(self._key) != _KEY_BYTES:
            raise HomeDamaged(f"the console's key {path} is damaged: remove it and start again")

    def sign(self, content: msgspec.Struct) -> str:
        """Return a structure as text that can stand in a URL or a cookie."""
        payload = msgspec.msgpack.encode(content)
        return f"{_text(payload)}.{_text(self._digest(type(content).__name__, payload))}"

    def read(self, text: str, kind: type[S]) -> S | None:
        """Return what a text holds; None: nothing of this kind that was signed here."""
        payload, _, signature = text.partition(".")
        try:
            content, told = _bytes(payload), _bytes(signature)
        except (binascii.Error, ValueError):
            return None
        if not hmac.compare_digest(told, self._digest(kind.__name__, content)):
            return None
        return msgspec.msgpack.decode(content, type=kind)

    def mark(self, purpose: str, subject: str) -> str:
        """Return what only this console can know of a subject."""
        return _text(self._digest(purpose, subject.encode()))

    def _digest(self, purpose: str, content: bytes) -> bytes:
        return hmac.digest(self._key, purpose.encode() + b"\0" + content, hashlib.sha256)


class Spent:
    """Names that must not be used again, kept in a folder until they would not be taken anyway.

    Args:
        home: The home.
    """

    def __init__(self, home: Home) -> None:
        self._folder = home.path / "console" / "spent"

    def spend(self, name: str, until: float) -> bool:
        """Use a name up; tell whether it was unused. Also of two at once only one is told so."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._forget()
        try:
            with (self._folder / name).open("x"):
                os.utime(self._folder / name, (until, until))
        except FileExistsError:
            return False
        return True

    def __contains__(self, name: str) -> bool:
        return (self._folder / name).exists()

    def _forget(self) -> None:
        """Remove names whose time is over."""
        for path in self._folder.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_mtime < time.time():
                    path.unlink()


def _key_path(home: Home) -> Path:
    return home.keys_dir / "console.key"


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
