"""The command's own way to the gateway: an ordinary client with a department's certificate."""

import contextlib
import ssl
from collections.abc import Iterator

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from broker.home import OPS, Home
from ops.city import City
from ops.failure import USAGE, Failure
from ops.options import require_department

_CONNECT_S = 5.0
_OPTIONS = (
    ("grpc.max_receive_message_length", 64 << 20),
    # A watch that waits for its gateway looks again soon.
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 2000),
)
# No proxy knows this machine's own services.
_HERE = (("grpc.enable_http_proxy", 0),)


def target(city: City, gateway: str) -> str:
    """Return the gateway's address: what the option says, or the city file."""
    return gateway or city.gateway.place


@contextlib.contextmanager
def channel(home: Home, city: City, agency: str, gateway: str) -> Iterator[grpc.Channel]:
    """Open a channel as a department.

    Args:
        home: Where the department's certificate lies.
        city: The city.
        agency: The department, or ``ops``.
        gateway: host:port; empty: the city file's.

    Raises:
        Failure: If the city has no such department, its certificate cannot be used, or the
            gateway cannot be reached or refuses.
    """
    if agency != OPS:
        require_department(city, agency)
    at = target(city, gateway)
    options = _OPTIONS + _HERE if at.startswith("localhost:") else _OPTIONS
    with grpc.secure_channel(at, credentials(home, agency), options=options) as opened:
        try:
            health_pb2_grpc.HealthStub(opened).Check(
                health_pb2.HealthCheckRequest(), timeout=_CONNECT_S
            )
        except grpc.RpcError as error:
            raise Failure(_unreachable(home, at, error)) from error
        try:
            yield opened
        except grpc.RpcError as error:
            raise _refused(at, error) from error


def credentials(home: Home, agency: str) -> grpc.ChannelCredentials:
    """Return a department's identity and the authority that it trusts.

    Raises:
        Failure: If a file cannot be read, or is no certificate, or the key is another's.
    """
    pem, key = home.certificate(agency)
    try:
        # gRPC would say of an unusable certificate only that nobody answers.
        ssl.create_default_context(cafile=str(home.ca)).load_cert_chain(pem, key)
        return grpc.ssl_channel_credentials(
            home.ca.read_bytes(), key.read_bytes(), pem.read_bytes()
        )
    except FileNotFoundError as error:
        raise Failure(
            f"there is no certificate for {agency} in {home.tls_dir}: start the city with "
            "`liandong up`, or name its home folder with --home"
        ) from error
    except OSError as error:
        raise Failure(
            f"the certificate for {agency} in {home.tls_dir} cannot be used "
            f"({error.strerror or error}): restore it, or remove it and run `liandong keys`"
        ) from error


def _unreachable(home: Home, at: str, error: grpc.RpcError) -> str:
    """Return why no connection came about, as far as is known."""
    _, said = status_of(error)
    if "certificate" in said.lower() or "handshake" in said.lower():
        return (
            f"what answers at {at} does not belong to the city whose authority is {home.ca}: "
            "name the home folder of the one that runs with --home, or its --gateway"
        )
    return (
        f"no gateway answers at {at}: is `liandong up` running with this --city? "
        "(--gateway names another)"
    )


def _refused(at: str, error: grpc.RpcError) -> Failure:
    """Return what a refused call says."""
    code, said = status_of(error)
    if code is grpc.StatusCode.UNAVAILABLE:
        return Failure(f"the gateway at {at} cannot answer now ({said}): try again in a moment")
    usage = code is grpc.StatusCode.INVALID_ARGUMENT
    return Failure(f"{said} ({code.name})", USAGE if usage else 1)


def status_of(error: grpc.RpcError) -> tuple[grpc.StatusCode, str]:
    """Return a call's status and what it says in words."""
    assert isinstance(error, grpc.Call), "every error of a synchronous call is the call itself"
    return error.code(), error.details() or "it did not say why"
