"""What is wrong with a call or its caller, whatever is asked for."""

from google.protobuf import duration_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2

from gateway.errors.root import GatewayError

_MOMENT_S = 1


class Unauthenticated(GatewayError):
    """The caller has no certificate of this city's departments."""

    def __init__(self, found: str) -> None:
        super().__init__(
            f"the client certificate names {found or 'no department'}; expected a URI SAN "
            "liandong://agency/<agency>/<role>: use your department's certificate"
        )


class CertificateRevoked(GatewayError):
    """The caller's certificate was taken back."""

    def __init__(self, serial: str) -> None:
        super().__init__(
            f"the client certificate {serial} was revoked: ask the operators for your "
            "department's new one"
        )


class TooMany(GatewayError):
    """The caller's department has made too many calls."""

    def __init__(self, agency: str, per_s: float, wait_s: float) -> None:
        super().__init__(
            f"{agency} makes more than {per_s:g} calls a second: try again in {wait_s:.3g} s, "
            "watch instead of asking again, or ask for many records at once"
        )
        self._wait_s = wait_s

    def details(self) -> list[Message]:
        """Return when to try again."""
        wait = error_details_pb2.RetryInfo()
        wait.retry_delay.FromNanoseconds(int(self._wait_s * 1e9))
        return [wait]


class TooManyAtOnce(GatewayError):
    """The caller's department has as many calls open as are left to all others."""

    def __init__(self, agency: str, calls: int) -> None:
        super().__init__(
            f"{agency or 'no department'} has {calls} calls open at once, and the gateway is "
            "to have as many places left for others: end some, or try again in a moment"
        )

    def details(self) -> list[Message]:
        """Return when to try again."""
        return [error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(seconds=_MOMENT_S))]


class RequestMissing(GatewayError):
    """A call was opened whose request did not come."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"no request came within {seconds:g} s after the call was opened: send it at once"
        )


class TooLate(GatewayError):
    """The call has lasted longer than calls without a deadline may."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"not answered within {seconds:g} s: ask for less, or call with a deadline of your own"
        )


class Leaving(GatewayError):
    """The gateway ends, and so do the streams that it serves."""

    def __init__(self) -> None:
        super().__init__("the gateway ends: go on with your last resume_token, at another or again")


class Starting(GatewayError):
    """The view is not complete yet."""

    def __init__(self) -> None:
        super().__init__("the gateway is reading the shared state: try again in a moment")
