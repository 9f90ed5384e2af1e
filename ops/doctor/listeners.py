"""Who listens on this machine, as the kernel tells it.

Source: proc(5), ``/proc/net/tcp``, ``tcp6``, ``udp``, ``udp6`` and ``/proc/<pid>/fd``.
"""

import ipaddress
import struct
from dataclasses import dataclass
from pathlib import Path

from broker.home import Home

_PROC = Path("/proc")
_LISTENS = {"tcp": "0A", "udp": "07"}
_LOCAL, _STATE, _INODE = 1, 3, 9
_WORD = 8
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Listener:
    """A socket that is listened on.

    Attributes:
        address: Where; all addresses: the unspecified one.
        port: On which port.
        inode: The kernel's number of the socket.
    """

    address: Address
    port: int
    inode: str


@dataclass(frozen=True, slots=True)
class Process:
    """A process that listens: its id, its words, where it was started."""

    pid: int
    words: tuple[str, ...]
    folder: Path
    home: str

    @property
    def name(self) -> str:
        """Return what a person knows it by."""
        return f"{Path(self.words[0]).name} (process {self.pid})" if self.words else str(self.pid)

    def is_of(self, home: Home) -> bool:
        """Tell whether it is a part of the city that has this home."""
        if str(home.nats_config) in self.words:
            return True
        if not any(
            word in {"ops.command", "liandong"} or word.endswith("/liandong") for word in self.words
        ):
            return False
        after = dict(zip(self.words, self.words[1:], strict=False))
        named = after.get("--home") or self.home or ".liandong"
        return (self.folder / named) == home.path


def listeners(protocol: str) -> list[Listener]:
    """Return all sockets of ``tcp`` or ``udp`` that are listened on."""
    found = []
    for name in (protocol, f"{protocol}6"):
        table = _PROC / "net" / name
        lines = table.read_text().splitlines()[1:] if table.exists() else []
        for columns in map(str.split, lines):
            if columns[_STATE] == _LISTENS[protocol]:
                address, _, port = columns[_LOCAL].partition(":")
                found.append(Listener(_address(address), int(port, 16), columns[_INODE]))
    return found


def owner(listener: Listener) -> Process | None:
    """Return the process that listens; None: it is another user's, and not shown."""
    wanted = f"socket:[{listener.inode}]"
    for folder in _PROC.iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            if any(str(handle.readlink()) == wanted for handle in (folder / "fd").iterdir()):
                return _process(folder)
        except OSError:
            # It has ended, or is another user's.
            continue
    return None


def _process(folder: Path) -> Process:
    """Return a process."""
    words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
    environment = (folder / "environ").read_bytes().decode(errors="replace").split("\0")
    named = [pair.partition("=")[2] for pair in environment if pair.startswith("LIANDONG_HOME=")]
    return Process(
        int(folder.name), tuple(words[:-1]), (folder / "cwd").readlink(), "".join(named[:1])
    )


def _address(digits: str) -> Address:
    """Return an address that the kernel shows as words of the machine's own order."""
    raw = b"".join(
        struct.pack("=I", int(digits[at : at + _WORD], 16)) for at in range(0, len(digits), _WORD)
    )
    address = ipaddress.ip_address(raw)
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
