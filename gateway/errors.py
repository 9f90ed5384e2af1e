"""What a caller can be told, and the one table that says how.

GatewayError
├── Unauthenticated     no certificate of this city
├── InvalidRequest      a field is wrong
├── NotFound            no such record, or not for this caller
├── TooSlow             a watcher that does not read
├── AuditFull           the access cannot be recorded
├── LogUnavailable      the record of accesses cannot be read
└── Starting            the view is not complete yet
"""

from collections.abc import Sequence

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

_DOMAIN = "liandong"
_AUDIT_RETRY_S = 5


class GatewayError(Exception):
    """Anything that a caller is told."""

    def details(self) -> list[Message]:
        """Return the details for programs, besides the reason."""
        return []


class Unauthenticated(GatewayError):
    """The caller has no certificate of this city's departments."""

    def __init__(self, found: str) -> None:
        super().__init__(
            f"the client certificate names {found or 'no department'}; expected a URI SAN "
            "liandong://agency/<agency>/<role>: use your department's certificate"
        )


class InvalidRequest(GatewayError):
    """Fields of the request are wrong.

    Args:
        violations: Field and sentence of each.
    """

    def __init__(self, violations: Sequence[tuple[str, str]]) -> None:
        super().__init__("; ".join(f"{field}: {sentence}" for field, sentence in violations))
        self.violations = tuple(violations)

    def details(self) -> list[Message]:
        """Return each field with what was expected."""
        return [
            error_details_pb2.BadRequest(
                field_violations=[
                    error_details_pb2.BadRequest.FieldViolation(field=field, description=sentence)
                    for field, sentence in self.violations
                ]
            )
        ]


class NotFound(GatewayError):
    """No such record, or none that the caller may see."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no record {name!r} that this caller may see")
        self.name = name

    def details(self) -> list[Message]:
        """Return what was not found."""
        return [
            error_details_pb2.ResourceInfo(
                resource_type="liandong.record.v1.Record", resource_name=self.name
            )
        ]


class TooSlow(GatewayError):
    """A watcher that does not read what it is sent."""

    def __init__(self, seconds: float) -> None:
        super().__init__(
            f"nothing was read for {seconds:.0f} s: read faster, or select less; "
            "go on with the last resume_token"
        )


class AuditFull(GatewayError):
    """The access cannot be recorded: neither on the bus nor on the gateway's own disk."""

    def __init__(self) -> None:
        super().__init__(
            "accesses cannot be recorded at the moment, and none is served without: try again in "
            f"{_AUDIT_RETRY_S} s; the operators can see why"
        )

    def details(self) -> list[Message]:
        """Return when to try again."""
        return [
            error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(seconds=_AUDIT_RETRY_S))
        ]


class LogUnavailable(GatewayError):
    """The record of accesses cannot be read."""

    def __init__(self) -> None:
        super().__init__("the record of accesses cannot be read now: try again in a moment")


class Starting(GatewayError):
    """The view is not complete yet."""

    def __init__(self) -> None:
        super().__init__("the gateway is reading the shared state: try again in a moment")


TABLE: dict[type[GatewayError], tuple[code_pb2.Code.ValueType, str]] = {
    Unauthenticated: (code_pb2.UNAUTHENTICATED, "NO_DEPARTMENT_CERTIFICATE"),
    InvalidRequest: (code_pb2.INVALID_ARGUMENT, "INVALID_FIELD"),
    NotFound: (code_pb2.NOT_FOUND, "NO_SUCH_RECORD"),
    TooSlow: (code_pb2.RESOURCE_EXHAUSTED, "WATCHER_TOO_SLOW"),
    AuditFull: (code_pb2.UNAVAILABLE, "AUDIT_FULL"),
    LogUnavailable: (code_pb2.UNAVAILABLE, "LOG_UNAVAILABLE"),
    Starting: (code_pb2.UNAVAILABLE, "STARTING"),
}


def reason_of(error: GatewayError) -> str:
    """Return the reason that programs are told."""
    return TABLE[type(error)][1]


def to_status(error: GatewayError) -> grpc.Status:
    """Return an error as a gRPC status with ``google.rpc`` details."""
    code, reason = TABLE[type(error)]
    details = [error_details_pb2.ErrorInfo(reason=reason, domain=_DOMAIN), *error.details()]
    status = status_pb2.Status(code=code, message=str(error))
    for detail in details:
        packed = any_pb2.Any()
        packed.Pack(detail)
        status.details.append(packed)
    result: grpc.Status = rpc_status.to_status(status)
    return result
