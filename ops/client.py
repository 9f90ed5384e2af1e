"""The command's own way to the gateway: an ordinary client with a department's certificate."""

import contextlib
from collections.abc import Iterator

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from broker.home import Home
from ops.failure import Failure

_CONNECT_S = 5.0


@contextlib.contextmanager
def channel(home: Home, agency: str, target: str) -> Iterator[grpc.Channel]:
    """Open a channel as an agency.

    Raises:
        Failure: If the agency has no certificate here, or the gateway cannot be reached
            or refuses.
    """
    pem, key = home.certificate(agency)
    try:
        credentials = grpc.ssl_channel_credentials(
            home.ca.read_bytes(), key.read_bytes(), pem.read_bytes()
        )
    except OSError as error:
        known = ", ".join(sorted(path.stem for path in home.tls_dir.glob("*.key")))
        raise Failure(
            f"there is no certificate for {agency!r} in {home.tls_dir}; there are: "
            f"{known or 'none'} (start with `liandong up`, or name the folder with --home)"
        ) from error
    options = (("grpc.max_receive_message_length", 64 << 20),)
    with grpc.secure_channel(target, credentials, options=options) as opened:
        try:
            grpc.channel_ready_future(opened).result(timeout=_CONNECT_S)
        except grpc.FutureTimeoutError as error:
            raise Failure(
                f"no gateway answers at {target}: is `liandong up` running? "
                "(--gateway names another)"
            ) from error
        try:
            yield opened
        except grpc.RpcError as error:
            raise Failure(_sentence(error)) from error


def _sentence(error: grpc.RpcError) -> str:
    """Return what a refused call says, with each wrong field."""
    assert isinstance(error, grpc.Call)
    said = f"{error.details()} ({error.code().name})"
    status = rpc_status.from_call(error)
    for detail in status.details if status is not None else ():
        bad = error_details_pb2.BadRequest()
        if detail.Unpack(bad):
            fields = ", ".join(violation.field for violation in bad.field_violations)
            said += f"; look at: {fields}"
    return said
