"""`liandong up` as a process of its own, and the command beside it."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.conftest import free_port

LIANDONG = Path(sys.executable).with_name("liandong")
CITIES = Path(__file__).parents[1] / "ops" / "cities"
_PATIENCE_S = 30.0
_SERVED = {
    "nats": "[nats]\nport",
    "monitor": "monitor_port",
    "gateway": "[gateway]\nport",
    "metrics": "[metrics]\nport",
    "console": "[console]\nport",
}
AIR_TO_POLICE = """
[[agreement]]
id = "air-to-police"
provider = "environment"
consumer = "police"
kinds = ["environment.air"]
classification = "internal"
"""


def until(fact: Callable[[], Any], patience_s: float = _PATIENCE_S) -> Any:
    """Wait until something is true, and return it."""
    ends = time.monotonic() + patience_s
    while not (value := fact()):
        assert time.monotonic() < ends, f"not within {patience_s:g} s: {fact}"
        time.sleep(0.05)
    return value


def default_city(folder: Path) -> Path:
    """Copy the default city into a folder, every port a free one."""
    for file in CITIES.iterdir():
        shutil.copyfile(file, folder / file.name)
    city = folder / "nanjing.toml"
    text = city.read_text()
    for port in ("7222", "7282", "7443", "7480", "7490", "7212", "7651"):
        # Not what stands behind a point: a longitude.
        text = re.sub(rf"(?<![\d.]){port}\b", str(free_port()), text)
    city.write_text(text)
    return city


def write_city(
    folder: Path,
    name: str,
    agencies: Sequence[str],
    parts: str,
    *,
    ports: Mapping[str, int],
    agreements: str = AIR_TO_POLICE,
) -> Path:
    """Write a small city's file, and its agreements beside it; return the file.

    Args:
        folder: Where.
        name: The city's name.
        agencies: Its departments.
        parts: Its feeds and responders.
        ports: Its ports, by what is there; those of parts stand in ``parts``.
        agreements: Who lets whom read what.
    """
    (folder / "agreements.toml").write_text(agreements)
    served = (f"{key} = {ports[what]}" for what, key in _SERVED.items() if what in ports)
    departments = (f'[[agency]]\nname = "{agency}"' for agency in agencies)
    head = ('agreements = "agreements.toml"', f'[city]\nname = "{name}"')
    city = folder / "city.toml"
    city.write_text("\n\n".join((*head, "\n".join(served), *departments, parts)))
    return city


class RunningCity:
    """A home and a city file, and what runs on them."""

    def __init__(self, home: Path, city: Path) -> None:
        self.home, self.city = home, city
        self.said = ""

    @property
    def environment(self) -> dict[str, str]:
        """Return the environment in which commands find this city."""
        return {
            # A terminal's size is its own: a test runner's workers claim one in the environment.
            **{key: os.environ[key] for key in os.environ.keys() - {"COLUMNS", "LINES"}},
            "PATH": f"{LIANDONG.parent}:{os.environ['PATH']}",
            "LIANDONG_HOME": str(self.home),
            "LIANDONG_CITY": str(self.city),
            "PYTHONWARNINGS": "error",
        }

    @contextmanager
    def up(self, *options: str) -> Iterator[subprocess.Popen[str]]:
        """Run `liandong up` until it says that it is ready; end it on leaving."""
        with subprocess.Popen(
            [LIANDONG, "up", "--home", self.home, "--city", self.city, *options],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                assert process.stdout is not None
                lines = []
                for line in process.stdout:
                    lines.append(line)
                    if line.startswith("ready"):
                        break
                self.said = "".join(lines)
                assert "ready after" in self.said, process.communicate()
                yield process
            finally:
                if process.poll() is None:
                    process.send_signal(signal.SIGINT)
                process.communicate(timeout=_PATIENCE_S)

    def processes(self, *words: str) -> list[int]:
        """Return the processes of this city whose command line has all words."""
        found = []
        for folder in Path("/proc").iterdir():
            if folder.name.isdecimal():
                try:
                    line = (folder / "cmdline").read_bytes().decode().split("\0")
                except OSError:  # it has ended meanwhile
                    continue
                ours = any(str(self.home) in part for part in line)
                if ours and all(word in line for word in words):
                    found.append(int(folder.name))
        return found

    def start(self, *arguments: str | Path, **options: Any) -> subprocess.Popen[str]:
        """Start a command."""
        given = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}
        return subprocess.Popen([LIANDONG, *arguments], env=self.environment, **given)

    def run(
        self, *arguments: str | Path, given: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [LIANDONG, *arguments],
            env=self.environment,
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=_PATIENCE_S,
        )

    def read(self, *arguments: str | Path, given: str | None = None) -> str:
        """Run a command that must succeed; return what it prints."""
        done = self.run(*arguments, given=given)
        assert (done.returncode, done.stderr) == (0, ""), done
        return done.stdout

    def objects(self, *arguments: str) -> list[dict[str, Any]]:
        """Run a command with ``--json``; return the objects that it prints."""
        return [json.loads(line) for line in self.read(*arguments, "--json").splitlines()]

    def refused(self, *arguments: str | Path, given: str | None = None) -> tuple[int, str]:
        """Run a command that must fail with one sentence; return status and sentence."""
        done = self.run(*arguments, given=given)
        sentence = done.stderr.rstrip("\n")
        assert done.returncode, done
        assert sentence.startswith("liandong: "), done
        assert "\n" not in sentence, done
        return done.returncode, sentence.removeprefix("liandong: ")


def together(processes: Sequence[subprocess.Popen[str]]) -> list[tuple[int, str, str]]:
    """Return status, output and errors of commands that run at the same time."""
    ended = [process.communicate(timeout=_PATIENCE_S) for process in processes]
    return [(process.returncode, *texts) for process, texts in zip(processes, ended, strict=True)]


def event(watching: subprocess.Popen[str], kind: str) -> dict[str, Any]:
    """Return the next event of a kind that `watch --json` prints."""
    assert watching.stdout is not None
    for line in watching.stdout:
        found: dict[str, Any] = json.loads(line)
        if found["type"] == f"EVENT_TYPE_{kind}":
            return found
    raise AssertionError(watching.communicate())
