"""Secrets lie where they belong, for their owner only, and are nowhere else."""

import base64
import contextlib
import functools
import stat
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.home import OPS
from tests.security.siege import plain
from tests.security.stronghold import PATIENT, PATIENT_NUMBER, TOKEN, Stronghold, admission

WRONG = "Tk7-that-somebody-guessed-0000"
PASSPHRASE = "correct horse battery staple"
_PEM_LINE = 48


class Secrets:
    """All that a city must keep to itself.

    Attributes:
        words: What must be found nowhere but in the folder of keys, and beside certificates.
        people: What must be found nowhere at all.
    """

    def __init__(self, city: Stronghold) -> None:
        home = city.at
        self.words = {TOKEN.encode(), PASSPHRASE.encode()}
        for path in home.keys_dir.glob("*.nk"):
            self.words.add(path.read_bytes().strip())
        for path in (*home.tls_dir.glob("*.key"), *home.keys_dir.glob("*.audit.key")):
            content = path.read_bytes()
            lines = [line for line in content.splitlines() if len(line) >= _PEM_LINE]
            self.words.update(lines[:1] or [content])
        for name in ("console.key", "pseudonyms.key"):
            key = (home.keys_dir / name).read_bytes().strip()
            self.words |= {key, key.hex().encode(), base64.b64encode(key).rstrip(b"=")}
            self.words.add(base64.urlsafe_b64encode(key).rstrip(b"="))
        self.people = {PATIENT.encode(), PATIENT.encode("gb18030"), PATIENT_NUMBER.encode()}

    def in_(self, content: bytes) -> set[bytes]:
        """Return those that some bytes have."""
        return {word for word in self.words | self.people if word in content}


@pytest.fixture(scope="session")
def secrets(stronghold: Stronghold) -> Secrets:
    """Return what the city must keep to itself, after all of it was used, and misused."""
    for port in stronghold.ports:
        stronghold.tell(port)
    for message in (
        admission("BROKEN")[:-30],
        f"{PATIENT} {PATIENT_NUMBER}".encode(),
        b"MSH|^~\\&|",
    ):
        with stronghold.connected("mllp") as hospital:
            hospital.sendall(b"\x0b" + message + b"\x1c\r")
            assert hospital.recv(4096)
    for shown in (TOKEN, WRONG):
        url = f"http://127.0.0.1:{stronghold.ports['http']}/elsewhere"
        request = urllib.request.Request(url, b"x", {"Authorization": f"Bearer {shown}"})
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(request, timeout=10)
    found = Secrets(stronghold)
    address = stronghold.read("console", "token", "--as", "police")
    token = address.strip().partition("#")[2]
    cookie = _signed_in(stronghold, token)
    assert len(cookie) > len(token) / 2
    assert _signed_in(stronghold, token) == b""
    found.words |= {token.encode(), cookie}
    return found


def _signed_in(city: Stronghold, token: str) -> bytes:
    """Sign in with a token; return the cookie of the session, if there is one."""
    host = f"localhost:{city.ports['console']}"
    with (
        plain(city, "console") as bare,
        city.tls().wrap_socket(bare, server_hostname="localhost") as visitor,
    ):
        head = f"POST /api/login HTTP/1.1\r\nHost: {host}\r\nOrigin: https://{host}\r\n"
        visitor.sendall(f"{head}Content-Length: {len(token)}\r\n\r\n{token}".encode())
        answer = visitor.recv(8192)
    return answer.partition(b"__Host-liandong=")[2].partition(b";")[0].strip(b'"')


def _files(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Yield the files of a folder, and what they hold."""
    for path in sorted(folder.rglob("*")):
        # What is being written may be gone again.
        with contextlib.suppress(FileNotFoundError):
            if path.is_file():
                yield path, path.read_bytes()


def _others_may(path: Path) -> int:
    """Return what others than its owner may do with a file or folder."""
    return stat.S_IMODE(path.stat().st_mode) & 0o077


def test_a_home_keeps_its_secrets_to_its_owner(stronghold: Stronghold, secrets: Secrets) -> None:
    """Each file that holds one, and each folder in which such lie; streams and spools as well."""
    home = stronghold.at
    holding = {path for path, content in _files(stronghold.home) if secrets.in_(content)}
    private = [path for folder in home.private_dirs for path, _ in _files(folder)]

    assert {path.parent for path in holding} == {home.keys_dir, home.tls_dir}
    assert len(holding) >= 25
    assert [path for path in holding if _others_may(path)] == []
    assert [folder for folder in home.private_dirs if _others_may(folder)] == []
    # Certificates are no secrets, nor is a lock; each lies in a folder of its owner's.
    assert {path.suffix for path in private if _others_may(path)} <= {".pem", ".lock", ".pub"}


def test_no_patient_is_found_in_a_home(stronghold: Stronghold, secrets: Secrets) -> None:
    """Not in streams, quarantine, spools, journals or logs."""
    found = {
        path
        for path, content in _files(stronghold.home)
        for one in secrets.people
        if one in content
    }

    assert found == set()


def test_nothing_that_runs_shows_a_secret(stronghold: Stronghold, secrets: Secrets) -> None:
    """Words of commands and environments are for all to read who may log in."""
    running = stronghold.processes()
    shown = b"".join(
        Path(f"/proc/{pid}/{name}").read_bytes()
        for pid in running
        for name in ("cmdline", "environ")
    )

    assert len(running) >= 9
    assert str(stronghold.home).encode() in shown
    assert secrets.in_(shown) == set()


def test_no_command_prints_a_secret(stronghold: Stronghold, secrets: Secrets) -> None:
    """What operators copy into a report is fit for it."""
    commands = (
        "status --json",
        "doctor",
        "quarantine list --json",
        "audit list --as ops --json",
    )
    for command in commands:
        done = stronghold.run(*command.split())

        assert done.returncode in {0, 1}, done
        assert done.stdout, command
        assert secrets.in_((done.stdout + done.stderr).encode()) == set(), command


def test_no_page_shows_a_secret(stronghold: Stronghold, secrets: Secrets) -> None:
    """Of metrics, of the bus's own monitoring, and of the console for the operators."""
    shown = b""
    for port, paths in (
        ("metrics", ("/metrics",)),
        ("monitor", ("/varz", "/connz?auth=1", "/accountz?acc=HUB", "/jsz?accounts=1&config=1")),
    ):
        for path in paths:
            address = f"http://127.0.0.1:{stronghold.ports[port]}{path}"
            with urllib.request.urlopen(address, timeout=30) as answer:
                shown += answer.read()
    host = f"localhost:{stronghold.ports['console']}"
    with stronghold.connected("console", OPS) as operator:
        operator.sendall(f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        cookie = operator.recv(8192).partition(b"Set-Cookie: ")[2].partition(b";")[0].decode()
    for page in ("bus", "doctor", "quarantine", "session"):
        with stronghold.connected("console") as operator:
            head = f"GET /api/{page} HTTP/1.1\r\nHost: {host}\r\nCookie: {cookie}\r\n"
            operator.sendall(f"{head}Connection: close\r\n\r\n".encode())
            answer = b"".join(iter(functools.partial(operator.recv, 65536), b""))
        assert answer.startswith(b"HTTP/1.1 200 ")
        shown += answer

    assert b"liandong_gateway_records" in shown
    assert secrets.in_(shown) == set()


def test_an_archive_has_no_key_that_is_not_sealed(
    stronghold: Stronghold, secrets: Secrets, tmp_path: Path
) -> None:
    """Nor may others read it."""
    passphrase, archive = tmp_path / "passphrase", tmp_path / "archive"
    passphrase.write_text(PASSPHRASE)
    stronghold.read("backup", archive, "--passphrase-file", passphrase)
    files = dict(_files(archive))

    assert len(files) > 10
    assert [path for path, content in files.items() if secrets.in_(content)] == []
    assert [path for path in (archive, *files) if _others_may(path)] == []


def test_what_is_rendered_for_machines_is_for_its_owner(
    stronghold: Stronghold, secrets: Secrets, tmp_path: Path
) -> None:
    """Each part's folder, and each file in it that holds a key; a part has its own only."""
    stronghold.read("deploy", "render", "--out", tmp_path / "out")
    holding = {path for path, content in _files(tmp_path / "out") if secrets.in_(content)}
    tops = {path for path in (tmp_path / "out").glob("*") if path.name != "parts"}
    tops |= {*(tmp_path / "out" / "parts").iterdir()}

    assert len(holding) >= 10
    assert [path for path in holding if _others_may(path)] == []
    assert [path for path in tops if _others_may(path)] == []
    ours = {
        path.name for path in holding if path.is_relative_to(tmp_path / "out" / "parts" / "police")
    }
    assert ours == {"police.nk"}
