"""The units for systemd: taken by systemd itself, hardened, and of commands that there are."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ops.command import _COMMANDS
from tests.deploy.manifests import DEPLOY

UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
BIN = "/opt/liandong/bin"
systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd is not here: `apt install systemd`"
)


def lines(unit: Path) -> dict[str, str]:
    """Return a unit's settings."""
    found = re.findall(r"^(\w+)=(.*)$", unit.read_text(), re.MULTILINE)
    return dict(found)


@pytest.fixture
def installed(tmp_path: Path) -> list[Path]:
    """Return the units with the programs that are here, and an instance of each template."""
    here = []
    for unit in UNITS:
        copied = tmp_path / unit.name.replace("@", "@any")
        text = unit.read_text().replace(BIN, str(Path(sys.executable).parent))
        # Users of the system's own are not made for a test.
        copied.write_text(re.sub(r"^(User|Group)=.*", r"\1=daemon", text, flags=re.MULTILINE))
        here.append(copied)
    return here


@systemd
def test_systemd_takes_the_units(installed: list[Path]) -> None:
    """It says nothing of them."""
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *installed],
        capture_output=True,
        text=True,
        check=False,
    )
    said = [line for line in done.stderr.splitlines() if "liandong" in line]

    assert (done.returncode, said) == (0, [])


@systemd
def test_the_units_are_hardened(installed: list[Path]) -> None:
    """By systemd's own measure, of which 10 is no protection and below 3 is good."""
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--threshold=30", *installed],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_writes_only_where_its_state_is(unit: Path) -> None:
    """And comes back when it ends."""
    said = lines(unit)

    assert said["ProtectSystem"] == "strict"
    assert said["NoNewPrivileges"] == "yes"
    assert said["StateDirectory"] == said["User"]
    assert said["Restart"] == "always"
    assert "ReadWritePaths" not in said


def test_units_run_commands_that_there_are() -> None:
    """With the variables that the code reads."""
    commands = [lines(unit)["ExecStart"] for unit in UNITS]

    ours = [command.split()[1:3] for command in commands if command.startswith(f"{BIN}/liandong ")]
    assert len(ours) == len(UNITS) - 1
    assert all(" ".join(words) in _COMMANDS for words in ours)
    assert f"{BIN}/nats-server -c nats.conf" in commands
