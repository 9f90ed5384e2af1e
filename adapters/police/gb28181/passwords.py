"""The passwords by which devices register: in files, never in the city file."""

from pathlib import Path
from typing import Final

import msgspec

_FIELDS: Final = 2


class PasswordsUnfit(ValueError):
    """A file holds no passwords, or cannot be read."""


class Passwords(msgspec.Struct, frozen=True):
    """Who registers with which password.

    Attributes:
        usual: That of all who have none of their own; empty: they have none.
        own: Those of single devices and platforms, by their numbers.
    """

    usual: str = ""
    own: dict[str, str] = {}

    def __bool__(self) -> bool:
        """Tell whether anybody needs one."""
        return bool(self.usual or self.own)

    def of(self, device: str) -> str:
        """Return a device's password; empty: it has none, and may not register."""
        return self.own.get(device, self.usual)


def read_passwords(home: Path, usual_file: str, own_file: str) -> Passwords:
    """Read the passwords of a feed.

    Args:
        home: The folder that the files are relative to.
        usual_file: Its first line is the password of all; empty: there is none.
        own_file: Lines of ``<number> <password>``; empty: there are none.

    Raises:
        PasswordsUnfit: A file cannot be read, is empty, or has a line that is no password.
    """
    usual = ""
    if usual_file:
        lines = _lines(home / usual_file)
        if not lines:
            raise PasswordsUnfit(f"password_file {usual_file} is empty, expected one line")
        usual = lines[0]
    own: dict[str, str] = {}
    for number, line in enumerate(_lines(home / own_file) if own_file else (), 1):
        said = line.split(maxsplit=1)
        if len(said) != _FIELDS:
            raise PasswordsUnfit(
                f"passwords_file {own_file} has no password on its line {number} with text, "
                "expected the device's number, a blank and the password"
            )
        own[said[0]] = said[1]
    if own_file and not own:
        raise PasswordsUnfit(f"passwords_file {own_file} is empty, expected a line for each device")
    return Passwords(usual, own)


def _lines(path: Path) -> list[str]:
    """Return the lines of a file that have text.

    Raises:
        PasswordsUnfit: It cannot be read.
    """
    try:
        return [line.strip() for line in path.read_text("utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise PasswordsUnfit(f"{path} cannot be read ({error})") from error
