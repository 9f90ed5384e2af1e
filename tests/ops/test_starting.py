"""What a process of ours loads before it does anything."""

import subprocess
import sys

import pytest

_OF_OTHERS = (
    "import sys; from ops.command import _command; _command({words}); "
    "print(*sorted(sys.modules.keys() & {modules}))"
)
_HEAVY = {
    "asyncssh",
    "gateway.server",
    "grpc",
    "httpx",
    "nats",
    "numpy",
    "protovalidate",
    "psycopg",
    "pygments",
    "shapely",
    "sqlalchemy",
}


@pytest.mark.parametrize(
    ("command", "needs"),
    [
        ("list", "grpc"),
        ("quarantine list", "grpc nats protovalidate"),
        ("adapter run", "nats protovalidate"),
        ("metrics run", "nats protovalidate"),
        ("up", "grpc nats protovalidate"),
    ],
)
def test_a_command_loads_no_library_that_it_does_not_use(command: str, needs: str) -> None:
    """Starting is most of what a short command takes, and a city starts many processes."""
    program = _OF_OTHERS.format(words=command.split(), modules=_HEAVY)

    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert loaded.stdout.split() == needs.split()
