"""The command by which a container's runtime learns whether its gateway serves."""

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from broker.provision import PROBE
from ops.failure import Failure
from ops.options import (
    CITY,
    HOME,
    CityOption,
    GatewayOption,
    HomeOption,
    PartOption,
    open_home,
    part_of,
)

_PATIENCE_S = 4.0


def gateway_probe(
    home: HomeOption = HOME,
    city: CityOption = CITY,
    gateway: GatewayOption = "",
    part: PartOption = "",
) -> None:
    """Succeed if the gateway serves, by the protocol for health of gRPC; else say why not.

    The gateway asks every client for a certificate, which the probes of Kubernetes cannot
    show. Here that is `probe`'s, which names no department, and so reads nothing.
    """
    folder, described = open_home(home, city)
    at = gateway or f"localhost:{described.gateway.port_of(part_of(described, part))}"
    pem, key = folder.certificate(PROBE)
    try:
        files = [path.read_bytes() for path in (folder.ca, key, pem)]
    except OSError as error:
        raise Failure(
            f"{error.filename} cannot be read ({error.strerror}): `liandong keys` makes "
            "what is missing"
        ) from error
    with grpc.secure_channel(at, grpc.ssl_channel_credentials(*files)) as channel:
        stub = health_pb2_grpc.HealthStub(channel)
        try:
            answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=_PATIENCE_S)
        except grpc.RpcError as error:
            raise Failure(f"the gateway at {at} does not answer: {error.details()}") from error
    if answer.status != health_pb2.HealthCheckResponse.SERVING:
        state = health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)
        raise Failure(f"the gateway at {at} does not serve yet: {state}")
