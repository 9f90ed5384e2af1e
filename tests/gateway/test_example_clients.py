"""The clients that the documentation shows, as a department would run them."""

import asyncio
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.gateway.town import City, level

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


async def run(*command: object, folder: Path | None = None) -> str:
    """Run a command to its end; return what it printed."""
    done = await asyncio.to_thread(
        subprocess.run,
        [str(word) for word in command],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def arguments(city: City) -> Sequence[object]:
    """Return what both clients are told: certificates, department, gateway."""
    return city.home.tls_dir, "water", f"localhost:{city.gateway.port}"


async def test_reflection_and_certificates_are_all_a_client_needs(city: City, station: str) -> None:
    """The documented example lists and watches with nothing of liandong installed."""
    await city.share(level(station, 9.0))

    told = await run(sys.executable, EXAMPLES / "reflection_client.py", *arguments(city))

    assert "listed water/water.level/" in told
    assert "event" in told


async def test_a_reader_that_has_seen_enough_ends_the_client(city: City, station: str) -> None:
    """Piped into `head`, it ends without a traceback."""
    await city.share(level(station, 9.0))
    client = shlex.join(
        map(str, (sys.executable, "-u", EXAMPLES / "reflection_client.py", *arguments(city)))
    )

    done = await asyncio.to_thread(
        subprocess.run,
        ["sh", "-c", f"{client} | true"],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )

    assert "BrokenPipeError" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(shutil.which("npm") is None, reason="there is no npm: apt-get install npm")
async def test_a_node_client_gets_its_schemas_from_the_gateway(
    city: City, station: str, tmp_path: Path
) -> None:
    """With nothing but two packages from npm and the certificates."""
    record = level(station, 9.5)
    await city.share(record)
    folder = tmp_path / "node"
    shutil.copytree(EXAMPLES / "node", folder, ignore=shutil.ignore_patterns("node_modules"))
    await run("npm", "ci", "--no-audit", "--no-fund", folder=folder)

    told = await run("node", "client.mjs", *arguments(city), folder=folder)

    assert "listed water/water.level/" in told
    assert f"event EVENT_TYPE_SNAPSHOT {record.name}" in told
    assert "event EVENT_TYPE_BOOKMARK" in told
