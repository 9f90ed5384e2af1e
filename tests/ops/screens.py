"""A terminal of a known size on which commands are looked at."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from collections.abc import Callable
from contextlib import suppress

from tests.running_city import RunningCity

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_LINES = 40


class Screen:
    """A command on a terminal.

    Args:
        city: The city that runs.
        columns: The terminal's width.
        arguments: The command's.
    """

    def __init__(self, city: RunningCity, columns: int, *arguments: str) -> None:
        self._leader, follower = pty.openpty()
        fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", _LINES, columns, 0, 0))
        self.process: subprocess.Popen[str] = city.start(
            *arguments, stdin=follower, stdout=follower, stderr=follower, start_new_session=True
        )
        os.close(follower)
        self._seen = b""

    @property
    def lines(self) -> list[str]:
        """Return what was written so far, as a person sees it."""
        return _ANSI.sub("", self._seen.decode(errors="replace")).splitlines()

    def read_until(self, fact: Callable[[list[str]], bool]) -> None:
        """Read until the lines are so."""
        while not fact(self.lines):
            self._seen += os.read(self._leader, 1 << 16)

    def read_to_end(self) -> int:
        """Read until the command ends; return its status."""
        with suppress(OSError):  # so a terminal says that its last process has ended
            while chunk := os.read(self._leader, 1 << 16):
                self._seen += chunk
        os.close(self._leader)
        return self.process.wait()
