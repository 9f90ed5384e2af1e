"""What a port is held to while somebody besieges it."""

import contextlib
import re
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.security.stronghold import Stronghold

ROOM: Final = 64 << 20
"""How much more memory a process may hold under siege, bytes."""
FAULT: Final = re.compile(
    r'.{0,400}(?:Traceback|"exception": |goroutine [0-9]+ \[|Task exception|report this).{0,400}'
)
"""What logs tell of faults of our own."""
_RESET_PEAK: Final = "5"


@contextlib.contextmanager
def besieged(city: Stronghold, port: str, room: int = ROOM) -> Iterator[None]:
    """Hold a port to what is promised of it, whatever is done to it inside.

    Its process goes on, never holds much more memory than before, tells no fault of our own,
    and serves who comes rightfully, both at the end of the siege and after it.
    """
    pid = city.pid_of(port)
    told = {name: len(text.encode()) for name, text in city.logged().items()}
    Path(f"/proc/{pid}/clear_refs").write_text(_RESET_PEAK)
    before = _peak(pid)
    yield
    city.tell(port)
    assert city.pid_of(port) == pid
    assert _peak(pid) - before < room
    faults = [found[0] for text in city.logged(told).values() for found in FAULT.finditer(text)]
    assert faults == []


def _peak(pid: int) -> int:
    """Return the most memory that a process held since this was reset, in bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    assert found is not None
    return int(found[1]) << 10


def plain(city: Stronghold, port: str) -> socket.socket:
    """Connect to a port, without TLS."""
    return socket.create_connection(("127.0.0.1", city.ports[port]), timeout=10)


def pour(hostile: socket.socket, *pieces: bytes) -> None:
    """Send bytes as far as they are taken, and read no answer."""
    with contextlib.suppress(OSError):
        hostile.settimeout(1)
        for piece in pieces:
            hostile.sendall(piece)
