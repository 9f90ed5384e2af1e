"""What is wrong with a call or its caller, whatever is asked for."""

from google.protobuf.message import Message
from google.rpc import error_details_pb2

from gateway.errors.root import GatewayError


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
