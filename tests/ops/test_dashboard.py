"""`status --watch` on a terminal of 80 columns, and for programs."""

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
import unicodedata
from collections.abc import Iterator

import pytest

from tests.ops.conftest import Town
from tests.running_city import LIANDONG

_ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_COLUMNS, _LINES = 80, 24
_PATIENCE_S = 30.0


class Screen:
    """The command on a terminal of its own."""

    def __init__(self, process: subprocess.Popen[bytes], terminal: int) -> None:
        self.process = process
        self.terminal = terminal
        self.shown = ""

    def until(self, *words: str, times: int = 1) -> str:
        """Read until all words were shown so many times; return what was shown."""
        ends = time.monotonic() + _PATIENCE_S
        while not all(self.shown.count(word) >= times for word in words):
            assert time.monotonic() < ends, self.shown
            self._read()
        return self.shown

    def end(self) -> int:
        """Read until the command has ended; return its status."""
        ends = time.monotonic() + _PATIENCE_S
        while self.process.poll() is None:
            assert time.monotonic() < ends, self.shown
            self._read()
        return self.process.returncode

    def _read(self) -> None:
        """Read what is there."""
        ready, _, _ = select.select([self.terminal], [], [], 0.1)
        # The terminal's other side may be closed.
        with contextlib.suppress(OSError):
            if ready:
                self.shown += os.read(self.terminal, 65536).decode(errors="replace")


@contextlib.contextmanager
def _watching(town: Town, *options: str) -> Iterator[Screen]:
    """Run the command on a terminal."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", _LINES, _COLUMNS, 0, 0))
    process = subprocess.Popen(
        [LIANDONG, "status", "--watch", *options],
        env=town.environment | {"TERM": "xterm-256color", "NO_COLOR": "1"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        # Ctrl-C reaches whoever controls the terminal; no thread runs here.
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509
    )
    before = termios.tcgetattr(theirs)
    try:
        screen = Screen(process, ours)
        yield screen
        assert termios.tcgetattr(theirs) == before
    finally:
        process.kill()
        process.wait()
        os.close(ours)
        os.close(theirs)


def _width(line: str) -> int:
    """Return how many columns a line takes."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in line)


@pytest.mark.parametrize("key", [b"q", b"\x03"])
def test_the_city_is_shown_each_second_until_a_key_ends_it(town: Town, key: bytes) -> None:
    """Feeds with state and rate, streams with their room; the terminal is as it was."""
    with _watching(town) as screen:
        shown = screen.until("environment.hj212", "CITY", "all is well", times=2)
        os.write(screen.terminal, key)
        status = screen.end()

    lines = [line.rstrip() for line in _ESCAPE.sub("\n", shown).splitlines()]
    row = next(line for line in lines if line.startswith("environment.hj212"))
    assert status == 0
    assert "Traceback" not in screen.shown
    assert "running" in row
    assert max(map(_width, lines)) <= _COLUMNS
    assert any(re.match(r"CITY +0% +\d+ ", line) for line in lines)
    # It leaves the screen on which it was started as that was.
    assert screen.shown.count("\x1b[?1049h") == screen.shown.count("\x1b[?1049l") == 1


def test_a_gateway_that_is_away_is_told_and_the_streams_are_shown(town: Town) -> None:
    """Nothing ends: it may come back."""
    with _watching(town, "--gateway", "localhost:1") as screen:
        screen.until("no gateway answers at localhost:1", "CITY", "not all is well")
        os.write(screen.terminal, b"q")
        assert screen.end() == 0


def test_programs_get_an_object_each_time(town: Town) -> None:
    """Until they end it; a department's are its own feeds and streams."""
    watching = town.start("status", "--watch", "--json", "--as", "police")
    assert watching.stdout is not None
    seen = [json.loads(watching.stdout.readline()) for _ in range(2)]
    watching.send_signal(signal.SIGINT)
    _, said = watching.communicate(timeout=_PATIENCE_S)

    assert (watching.returncode, said) == (0, "")
    assert seen[0]["at"] < seen[1]["at"]
    assert all(one["well"] for one in seen)
    assert [feed["feed"] for feed in seen[0]["feeds"]] == ["police.calls"]
    assert {stream["stream"] for stream in seen[0]["streams"]} == {
        "POLICE",
        "QUARANTINE_POLICE",
        "FEEDS_POLICE",
        "KV_checkpoints POLICE",
    }


def test_without_a_terminal_it_is_refused(town: Town) -> None:
    """A pipe gets JSON or nothing."""
    assert town.refused("status", "--watch") == (
        2,
        "--watch shows on a terminal: add --json to read it in a pipe",
    )
