"""A server's certificate turns without a restart, and stays while its files are not whole."""

import ssl
from pathlib import Path

import pytest

from broker.home import Home
from broker.renewed import RenewedTls
from broker.tls import Authority


class Server:
    """A server's files, and what a client is shown by it."""

    def __init__(self, folder: Path) -> None:
        self.home = Home(folder)
        self.home.tls_dir.mkdir(parents=True)
        self.pem, self.key = self.home.certificate("server")
        self.issue()
        files = (self.pem, self.key, self.home.ca)
        self.tls = RenewedTls("test", files, self._made, OSError)

    def _made(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.pem, self.key)
        return context

    def issue(self) -> None:
        """Make a certificate in the place of what is there."""
        self.pem.unlink(missing_ok=True)
        Authority(self.home).issue_server("server")

    def shown(self) -> str:
        """Return the certificate of a handshake."""
        there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = ssl.create_default_context(cafile=str(self.home.ca)).wrap_bio(
            back, there, server_hostname="localhost"
        )
        server = self.tls().wrap_bio(there, back, server_side=True)
        for side in (client, server, client):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
        shown = client.getpeercert(binary_form=True)
        assert shown is not None
        return ssl.DER_cert_to_PEM_cert(shown)


@pytest.fixture
def server(tmp_path: Path) -> Server:
    """Return a server with a certificate."""
    return Server(tmp_path / "own")


def test_a_new_certificate_is_shown_from_the_next_handshake_on(server: Server) -> None:
    """And the old one until then."""
    old = server.pem.read_text()
    assert server.shown() == old

    server.issue()

    assert server.pem.read_text() != old
    assert server.shown() == server.pem.read_text()


def test_files_that_cannot_be_used_change_nothing_until_they_can(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    """A key that is not the certificate's, half a file, none: each is told once."""
    old, key = server.pem.read_text(), server.key.read_bytes()
    for number, wrong in enumerate((b"half a key", None), 1):
        if wrong is None:
            server.key.unlink()
        else:
            server.key.write_bytes(wrong)
        assert [server.shown(), server.shown()] == [old, old]
        assert capsys.readouterr().out.count("certificates stay as they were") == 1, number

    server.key.write_bytes(key)
    server.issue()

    assert server.shown() == server.pem.read_text()


def test_a_server_does_not_start_without_its_files(server: Server) -> None:
    """It is told at once what is missing."""
    server.key.unlink()

    with pytest.raises(FileNotFoundError):
        RenewedTls("test", (server.pem, server.key), server._made, OSError)
