"""Secrets of a city, changed for a while."""

import contextlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


@contextlib.contextmanager
def kept(*files: Path) -> Iterator[None]:
    """Put files back as they were, modes too."""
    before = {file: (file.read_bytes(), file.stat().st_mode) for file in files if file.exists()}
    try:
        yield
    finally:
        for file in files:
            if file in before:
                content, mode = before[file]
                file.write_bytes(content)
                file.chmod(mode)
            else:
                file.unlink(missing_ok=True)


def sign(tls: Path, pem: Path, key_path: Path, *, ends: datetime) -> None:
    """Make a certificate and key of the city's authority that end at a moment."""
    authority = x509.load_pem_x509_certificate((tls / "ca.pem").read_bytes())
    signing = serialization.load_pem_private_key((tls / "ca.key").read_bytes(), None)
    assert isinstance(signing, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(ends - timedelta(days=400))
        .not_valid_after(ends)
        .sign(signing, hashes.SHA256())
    )
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
