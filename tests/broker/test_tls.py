"""The city's authority and its certificates, as peers see them on real sockets."""

import asyncio
import ssl
import stat
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from broker.errors import HomeDamaged
from broker.home import Home
from broker.tls import Authority, certificate_ends

PATIENCE_S = 30


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Return a home with an authority, a server's certificate and a department's."""
    return city(tmp_path / "home")


def city(path: Path) -> Home:
    """Make a home with an authority, a server's certificate and a department's."""
    home = Home(path)
    home.tls_dir.mkdir(parents=True)
    authority = Authority(home)
    assert authority.is_new
    assert authority.issue_server("nats")
    assert authority.issue_client("water", "water", "client")
    return home


def certificate(home: Home, name: str) -> x509.Certificate:
    """Return a certificate of a home."""
    return x509.load_pem_x509_certificate(home.certificate(name)[0].read_bytes())


def expiring(home: Home, name: str, left: timedelta) -> None:
    """Replace a certificate by one of the same authority and key that ends sooner."""
    held = certificate(home, name)
    key = serialization.load_pem_private_key((home.tls_dir / "ca.key").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    names = held.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    made = (
        x509.CertificateBuilder()
        .subject_name(held.subject)
        .issuer_name(held.issuer)
        .public_key(held.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=60))
        .not_valid_after(datetime.now(UTC) + left)
        .add_extension(names.value, critical=False)
        .sign(key, hashes.SHA256())
    )
    home.certificate(name)[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))


def test_the_authority_and_good_certificates_are_kept(home: Home) -> None:
    """A second run uses what is there."""
    before = {path: path.read_bytes() for path in home.tls_dir.iterdir()}

    authority = Authority(home)

    assert not authority.is_new
    assert not authority.issue_server("nats")
    assert not authority.issue_client("water", "water", "client")
    assert {path: path.read_bytes() for path in home.tls_dir.iterdir()} == before


@pytest.mark.parametrize("left", [timedelta(days=29), timedelta(days=-1)])
def test_a_certificate_that_ends_soon_is_made_anew(home: Home, left: timedelta) -> None:
    """It ends within 30 days, or has ended."""
    expiring(home, "water", left)

    assert Authority(home).issue_client("water", "water", "client")
    assert certificate(home, "water").not_valid_after_utc > datetime.now(UTC) + timedelta(days=800)


def test_a_certificate_that_does_not_end_soon_is_kept(home: Home) -> None:
    """Thirty-one days are enough."""
    expiring(home, "water", timedelta(days=31))

    assert not Authority(home).issue_client("water", "water", "client")


def test_a_certificate_of_another_authority_is_made_anew(home: Home, tmp_path: Path) -> None:
    """Nobody would trust it here."""
    other = city(tmp_path / "other")
    for mine, theirs in zip(home.certificate("nats"), other.certificate("nats"), strict=True):
        mine.write_bytes(theirs.read_bytes())

    assert Authority(home).issue_server("nats")
    certificate(home, "nats").verify_directly_issued_by(certificate(home, "ca"))


@pytest.mark.parametrize("content", [None, b"", b"half a ke"])
def test_a_certificate_whose_key_does_not_fit_is_made_anew(
    home: Home, content: bytes | None
) -> None:
    """A crash between writing the two must not keep a server from ever starting."""
    key = home.certificate("nats")[1]
    key.write_bytes(home.certificate("water")[1].read_bytes() if content is None else content)

    assert Authority(home).issue_server("nats")
    ssl.create_default_context().load_cert_chain(*home.certificate("nats"))


@pytest.mark.parametrize("lost", ["ca.pem", "ca.key"])
def test_half_an_authority_is_told(home: Home, lost: str) -> None:
    """It is not replaced in silence: everyone's certificates would be worthless."""
    (home.tls_dir / lost).unlink()

    with pytest.raises(HomeDamaged, match=r"is not whole.*restore"):
        Authority(home)


def test_private_keys_are_for_their_owner_only(home: Home) -> None:
    """The authority's above all."""
    keys = list(home.tls_dir.glob("*.key"))

    assert {path.name for path in keys} == {"ca.key", "nats.key", "water.key"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in keys} == {0o600}


def test_a_department_is_named_in_its_certificate(home: Home) -> None:
    """As the gateway reads it."""
    names = certificate(home, "water").extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )

    uris = names.value.get_values_for_type(x509.UniformResourceIdentifier)
    serial = certificate(home, "water").serial_number
    assert uris == ["liandong://agency/water/client", f"urn:liandong:certificate:{serial:x}"]


def test_a_certificate_that_is_taken_back_is_listed_and_made_anew(home: Home) -> None:
    """By its serial number, with whose it was for people who read the list."""
    serial = f"{certificate(home, 'water').serial_number:x}"

    told = Authority(home).revoke_client("water")

    assert told == serial
    assert home.revoked.read_text().startswith(f"{serial} # water, ")
    assert Authority(home).issue_client("water", "water", "client")
    assert f"{certificate(home, 'water').serial_number:x}" != serial


def test_what_is_no_certificate_cannot_be_taken_back(home: Home) -> None:
    """Nothing is listed then."""
    with pytest.raises(HomeDamaged, match="is no certificate that could be revoked"):
        Authority(home).revoke_client("nobody")


def test_when_certificates_end_can_be_seen(home: Home) -> None:
    """By file name, in UTC."""
    ends = certificate_ends(home)

    assert list(ends) == ["ca.pem", "nats.pem", "water.pem"]
    assert ends["ca.pem"] > ends["nats.pem"] > datetime.now(UTC)


@pytest.fixture
async def listening(home: Home) -> AsyncIterator[int]:
    """Listen with the server's certificate, taking the city's clients only; greet each."""

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello\n")
        writer.close()

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(home.ca))
    context.load_cert_chain(*home.certificate("nats"))
    context.verify_mode = ssl.CERT_REQUIRED
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    server = await asyncio.start_server(greet, "127.0.0.1", 0, ssl=context)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def greeting(port: int, trusted: Home, shown: tuple[Path, Path] | None) -> bytes:
    """Connect, trusting one home's authority and showing a certificate.

    Returns what is said: nothing to a client that is refused, of which it learns only here.
    """
    context = ssl.create_default_context(cafile=str(trusted.ca))
    context.verify_flags |= ssl.VERIFY_X509_STRICT
    if shown is not None:
        context.load_cert_chain(*shown)
    async with asyncio.timeout(PATIENCE_S):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        try:
            return await reader.readline()
        except (ssl.SSLError, ConnectionError):
            return b""
        finally:
            writer.close()


async def test_peers_of_one_city_trust_each_other(home: Home, listening: int) -> None:
    """Also by the strict rules that newer Pythons hold to."""
    assert await greeting(listening, home, home.certificate("water")) == b"hello\n"


async def test_a_client_without_a_certificate_is_refused(home: Home, listening: int) -> None:
    """The server asks for one."""
    assert await greeting(listening, home, None) == b""


async def test_a_client_of_another_city_is_refused(
    home: Home, listening: int, tmp_path: Path
) -> None:
    """However well its certificate is made."""
    other = city(tmp_path / "other")

    assert await greeting(listening, home, other.certificate("water")) == b""


async def test_a_server_of_another_city_is_refused(listening: int, tmp_path: Path) -> None:
    """The client looks too."""
    other = city(tmp_path / "other")

    with pytest.raises(ssl.SSLCertVerificationError, match="CERTIFICATE_VERIFY_FAILED"):
        await greeting(listening, other, other.certificate("water"))


async def test_a_server_s_certificate_does_not_make_a_client(home: Home, listening: int) -> None:
    """Each is for its purpose only."""
    assert await greeting(listening, home, home.certificate("nats")) == b""
