"""Certificates that say all that a true one says, and are none."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from broker.home import Home

KINDS = (
    "signed by itself",
    "of another authority",
    "expired",
    "not valid yet",
    "a server's",
    "none",
)
WHY = {
    "signed by itself": "(self.signed certificate|unable to get local issuer certificate)",
    "of another authority": "(certificate signature failure|unable to get local issuer)",
    "expired": "certificate has expired",
    "not valid yet": "certificate is not yet valid",
    "a server's": "un(suitable|supported) certificate purpose",
    "none": "(it brought none|PEER_DID_NOT_RETURN_A_CERTIFICATE)",
}
"""What operators are told of each."""
_DAY = timedelta(days=1)


def forged(home: Home, name: str, kind: str, folder: Path) -> tuple[Path, Path] | None:
    """Write a certificate and key like those of a name: subject, names, serial number, uses.

    Args:
        home: Where the true one lies.
        name: Whose.
        kind: What is wrong with it, one of `KINDS`.
        folder: Where it is written.
    """
    if kind == "none":
        return None
    if kind == "a server's":
        return home.certificate("gateway")
    true = x509.load_pem_x509_certificate(home.certificate(name)[0].read_bytes())
    key = ec.generate_private_key(ec.SECP256R1())
    starts, ends = {"expired": (-9, -1), "not valid yet": (1, 9)}.get(kind, (-1, 9))
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(
        issuer_name=true.subject if kind == "signed by itself" else true.issuer,
        subject_name=true.subject,
        public_key=key.public_key(),
        serial_number=true.serial_number,
        not_valid_before=now + starts * _DAY,
        not_valid_after=now + ends * _DAY,
        extensions=[one for one in true.extensions if _is_said(one)],
    )
    made = builder.sign(_signing(home, kind, key), hashes.SHA256())
    pem, key_path = folder / "forged.pem", folder / "forged.key"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return pem, key_path


def _is_said(extension: "x509.Extension[x509.ExtensionType]") -> bool:
    """Tell whether an extension is about who and what for, not about keys."""
    return not isinstance(extension.value, x509.SubjectKeyIdentifier)


def _signing(home: Home, kind: str, own: ec.EllipticCurvePrivateKey) -> ec.EllipticCurvePrivateKey:
    """Return the key that signs."""
    if kind == "signed by itself":
        return own
    if kind == "of another authority":
        return ec.generate_private_key(ec.SECP256R1())
    key = serialization.load_pem_private_key((home.tls_dir / "ca.key").read_bytes(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return key
