"""Clients that are strangers, or want too much: refused, and the others unharmed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from broker.home import Home
from broker.tls import Authority
from liandong.gateway.v1 import shared_state_pb2 as api
from liandong.gateway.v1 import shared_state_pb2_grpc as rpc
from tests.gateway.town import City, level

Pair = tuple[bytes, bytes]
POLICE = "liandong://agency/police/client"


def issued(
    home: Home, uri: str, *, days: int = 30, usage: x509.ObjectIdentifier | None = None
) -> Pair:
    """Return a client's certificate and key by a home's authority, valid from 60 days ago."""
    authority = x509.load_pem_x509_certificate(home.ca.read_bytes())
    signing = serialization.load_pem_private_key((home.tls_dir / "ca.key").read_bytes(), None)
    assert isinstance(signing, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "somebody")]))
        .issuer_name(authority.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(
            x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri)]), critical=False
        )
        .add_extension(
            x509.ExtendedKeyUsage([usage or ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
        )
        .sign(signing, hashes.SHA256())
    )
    return (
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )


async def refused(city: City, pair: Pair | None) -> grpc.aio.AioRpcError:
    """Return how a client with a certificate, or without one, is refused."""
    certificate, key = pair or (None, None)
    credentials = grpc.ssl_channel_credentials(city.home.ca.read_bytes(), key, certificate)
    target = f"localhost:{city.gateway.port}"
    async with grpc.aio.secure_channel(target, credentials) as channel:
        with pytest.raises(grpc.aio.AioRpcError) as error:
            await rpc.SharedStateServiceStub(channel).ListRecords(
                api.ListRecordsRequest(), timeout=10
            )
    return error.value


@pytest.fixture
def stranger(tmp_path: Path) -> Home:
    """Return a home with an authority of its own."""
    home = Home(tmp_path / "elsewhere")
    home.tls_dir.mkdir(parents=True)
    Authority(home)
    return home


async def test_certificates_of_strangers_do_not_get_in(
    city: City, station: str, stranger: Home
) -> None:
    """None at all, one of another authority, one that has ended: no call comes about."""
    await city.share(level(station, 1.0))
    for pair in (None, issued(stranger, POLICE), issued(city.home, POLICE, days=-1)):
        error = await refused(city, pair)
        assert error.code() is grpc.StatusCode.UNAVAILABLE

    async with city.stub("police") as stub:
        assert (await stub.ListRecords(api.ListRecordsRequest())).records


@pytest.mark.parametrize(
    "uri",
    ["liandong://agency/POLICE/client", "https://agency/police/client", "liandong://x/police/y"],
)
async def test_a_certificate_of_the_city_that_names_no_department_is_refused(
    city: City, uri: str
) -> None:
    """With what it names, and what was expected."""
    error = await refused(city, issued(city.home, uri))

    assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    assert uri in (error.details() or "")
    assert "liandong://agency/<agency>/<role>" in (error.details() or "")


async def test_a_department_that_the_city_does_not_have_is_refused(asked_city: City) -> None:
    """Its certificate is good, and what agreements open to everyone is not open to it."""
    error = await refused(asked_city, issued(asked_city.home, "liandong://agency/circus/client"))

    assert error.code() is grpc.StatusCode.UNAUTHENTICATED
    assert "names circus, which is no department of this city" in (error.details() or "")


async def test_a_gigantic_message_is_refused_and_the_connection_goes_on(
    city: City, station: str
) -> None:
    """Before it is read whole."""
    record = level(station, 1.0)
    await city.share(record)
    request = api.GetRecordRequest(name=record.name)
    async with city.channel("police") as channel:
        raw = channel.unary_unary("/liandong.gateway.v1.SharedStateService/GetRecord", None, None)
        with pytest.raises(grpc.aio.AioRpcError) as refusal:
            await raw(bytes(5 << 20), timeout=10)
        answer = await raw(request.SerializeToString(), timeout=10)

    assert refusal.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert answer == record.SerializeToString()
