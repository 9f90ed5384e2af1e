"""The city's certificate authority, and the certificates of servers and departments."""

import ipaddress
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from broker.errors import HomeDamaged
from broker.home import Home
from broker.nkey import write_secret

SERIAL = "urn:liandong:certificate:"
"""What a client certificate's alternative name begins with that repeats its serial number."""
_CA_DAYS = 3650
_LEAF_DAYS = 825
_RENEW_BEFORE = timedelta(days=30)
_CLOCK_SKEW = timedelta(minutes=5)
_LOOPBACK = (
    x509.DNSName("localhost"),
    x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
    x509.IPAddress(ipaddress.ip_address("::1")),
)


class Authority:
    """The authority that signs every certificate of one home.

    A certificate that ends within 30 days, that another authority signed, or that is not
    of the key beside it, is made anew.

    Raises:
        HomeDamaged: If the authority's certificate is there and its key is not, or
            either cannot be read.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._key_path = home.tls_dir / "ca.key"
        self.is_new = not home.ca.exists() and not self._key_path.exists()
        if self.is_new:
            self._create()
        try:
            self._certificate = x509.load_pem_x509_certificate(home.ca.read_bytes())
            key = serialization.load_pem_private_key(self._key_path.read_bytes(), None)
        except (OSError, ValueError) as error:
            raise HomeDamaged(
                f"the city's authority in {home.tls_dir} is not whole ({error}): restore "
                "ca.pem and ca.key, or remove the folder to make new certificates for everyone"
            ) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise HomeDamaged(
                f"{self._key_path} is no elliptic-curve key: restore the one made here"
            )
        self._key = key

    def _create(self) -> None:
        """Make the authority's key and certificate."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "liandong city authority")])
        certificate = (
            _builder(
                name,
                name,
                key.public_key(),
                _CA_DAYS,
                key.public_key(),
                serial=x509.random_serial_number(),
            )
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(signs_certificates=True), critical=True)
            .sign(key, hashes.SHA256())
        )
        write_secret(self._key_path, _private_pem(key))
        self._home.ca.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))

    def issue_server(self, name: str, hosts: Sequence[str] = ()) -> bool:
        """Make a server's certificate unless there is one; tell whether it did.

        It is for loopback, and for the hosts that are named or given by their addresses.
        """
        return self._issue(name, _names(hosts), ExtendedKeyUsageOID.SERVER_AUTH)

    def issue_node(self, name: str, hosts: Sequence[str]) -> bool:
        """Make the certificate of a bus server unless there is one; tell whether it did.

        It is for loopback too, and for the server as a client of other servers.
        """
        usage = (ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH)
        return self._issue(name, _names(hosts), *usage)

    def issue_client(self, name: str, agency: str, role: str) -> bool:
        """Make a client's certificate with ``liandong://agency/<agency>/<role>`` as its URI SAN."""
        uri = x509.UniformResourceIdentifier(f"liandong://agency/{agency}/{role}")
        return self._issue(name, [uri], ExtendedKeyUsageOID.CLIENT_AUTH)

    def issue_probe(self, name: str) -> bool:
        """Make a client's certificate that names no agency: it asks whether something serves."""
        uri = x509.UniformResourceIdentifier("liandong://probe")
        return self._issue(name, [uri], ExtendedKeyUsageOID.CLIENT_AUTH)

    def revoke_client(self, name: str) -> str:
        """Take a client's certificate back; return its serial number, hexadecimal.

        The number is added to ``tls/revoked``, which the gateway reads; the files are
        removed, so that the next issue makes others.

        Raises:
            HomeDamaged: If there is no such certificate.
        """
        pem, key_path = self._home.certificate(name)
        try:
            certificate = x509.load_pem_x509_certificate(pem.read_bytes())
        except (OSError, ValueError) as error:
            raise HomeDamaged(f"{pem} is no certificate that could be revoked: {error}") from error
        serial = f"{certificate.serial_number:x}"
        with self._home.revoked.open("a") as file:
            file.write(f"{serial} # {name}, {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}\n")
        pem.unlink()
        key_path.unlink(missing_ok=True)
        return serial

    def forget(self, name: str) -> str:
        """Remove a server's certificate, so that the next issue makes another; return a sentence.

        The one before is worth what it was until it ends: only a client's can be revoked.
        """
        for path in self._home.certificate(name):
            path.unlink(missing_ok=True)
        return f"removed the certificate of server {name}"

    def _issue(
        self, name: str, alternatives: list[x509.GeneralName], *usages: x509.ObjectIdentifier
    ) -> bool:
        """Make a certificate and its key unless those that are there will do."""
        pem, key_path = self._home.certificate(name)
        if self._will_do(pem, key_path, alternatives):
            return False
        key = ec.generate_private_key(ec.SECP256R1())
        serial = x509.random_serial_number()
        if usages == (ExtendedKeyUsageOID.CLIENT_AUTH,):
            # gRPC tells a server a client's alternative names cheaply, its serial dearly.
            alternatives = [*alternatives, x509.UniformResourceIdentifier(f"{SERIAL}{serial:x}")]
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = (
            _builder(
                subject,
                self._certificate.subject,
                key.public_key(),
                _LEAF_DAYS,
                self._key.public_key(),
                serial=serial,
            )
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        write_secret(key_path, _private_pem(key))
        pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        return True

    def _will_do(self, pem: Path, key_path: Path, names: list[x509.GeneralName]) -> bool:
        """Tell whether a certificate is this authority's, its key's, for names, and not ending."""
        try:
            certificate = x509.load_pem_x509_certificate(pem.read_bytes())
            certificate.verify_directly_issued_by(self._certificate)
            held = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
            key = serialization.load_pem_private_key(key_path.read_bytes(), None)
        except (OSError, ValueError, InvalidSignature, x509.ExtensionNotFound):
            return False
        return (
            set(names) <= set(held.value)
            and key.public_key() == certificate.public_key()
            and certificate.not_valid_after_utc - datetime.now(UTC) > _RENEW_BEFORE
        )


def _names(hosts: Sequence[str]) -> list[x509.GeneralName]:
    """Return loopback and hosts as alternative names, each once."""
    return list(dict.fromkeys((*_LOOPBACK, *map(_general_name, hosts))))


def _general_name(host: str) -> x509.GeneralName:
    """Return a host as a certificate's alternative name."""
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def certificate_ends(home: Home) -> dict[str, datetime]:
    """Return when each certificate of the home ends, in UTC, by file name."""
    return {
        path.name: x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
        for path in sorted(home.tls_dir.glob("*.pem"))
    }


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    days: int,
    issuer_key: ec.EllipticCurvePublicKey,
    *,
    serial: int,
) -> x509.CertificateBuilder:
    """Return a certificate that lacks only what it is for, and its signature."""
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(serial)
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + timedelta(days=days))
        # RFC 5280, 4.2.1.1 and 4.2.1.2; Python 3.13 refuses certificates without them.
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False
        )
    )


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    """Return what a key may be used for: signing, and certificates for the authority."""
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )


def _private_pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    """Return a key as PEM."""
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def uris_of(path: Path) -> list[str]:
    """Return the URIs that a certificate names; of what is no certificate, none."""
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return []
    return names.get_values_for_type(x509.UniformResourceIdentifier)
