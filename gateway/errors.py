"""What a caller can be told, and the one table that says how.

GatewayError
├── Unauthenticated     no certificate of this city
├── InvalidRequest      a field is wrong
├── NotFound            no such record, or not for this caller
├── TooSlow             a watcher that does not read, or not fast enough
├── TooManyWatches      one watch more than a department, or the gateway, may have open
├── RevisionsGone       what a watch of every revision has missed cannot be told
├── StreamAway          the bus does not answer
└── Starting            the view is not complete yet
"""

from collections.abc import Sequence

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

_DOMAIN = "liandong"
_RETRY_S = 30


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
    """A watcher that does not read what it is sent, or not as fast as it comes.

    Args:
        problem: What was noticed.
        token: Where it goes on; empty: from the beginning.
    """

    def __init__(self, problem: str, token: str) -> None:
        going_on = f"go on with resume_token {token}" if token else "begin anew"
        super().__init__(f"{problem}: read faster, or select less; {going_on}")


class TooManyWatches(GatewayError):
    """One watch more than may be open."""

    def __init__(self, whose: str, limit: int) -> None:
        super().__init__(
            f"{whose} has {limit} watches open, which is as many as it may: "
            "end some, watch more with each, or try again later"
        )

    def details(self) -> list[Message]:
        """Return when to try again."""
        return [error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(seconds=_RETRY_S))]


class RevisionsGone(GatewayError):
    """What a watch of every revision has missed cannot be told."""

    def __init__(self, problem: str) -> None:
        super().__init__(
            f"not every revision after resume_token can be told: {problem}; "
            "resume without every_revision, or begin anew"
        )


class StreamAway(GatewayError):
    """The city's stream cannot be read at the moment."""

    def __init__(self) -> None:
        super().__init__("the city's stream cannot be read at the moment: try again in a moment")


class Starting(GatewayError):
    """The view is not complete yet."""

    def __init__(self) -> None:
        super().__init__("the gateway is reading the shared state: try again in a moment")


TABLE: dict[type[GatewayError], tuple[code_pb2.Code.ValueType, str]] = {
    Unauthenticated: (code_pb2.UNAUTHENTICATED, "NO_DEPARTMENT_CERTIFICATE"),
    InvalidRequest: (code_pb2.INVALID_ARGUMENT, "INVALID_FIELD"),
    NotFound: (code_pb2.NOT_FOUND, "NO_SUCH_RECORD"),
    TooSlow: (code_pb2.RESOURCE_EXHAUSTED, "WATCHER_TOO_SLOW"),
    TooManyWatches: (code_pb2.RESOURCE_EXHAUSTED, "TOO_MANY_WATCHES"),
    RevisionsGone: (code_pb2.OUT_OF_RANGE, "REVISIONS_GONE"),
    StreamAway: (code_pb2.UNAVAILABLE, "STREAM_AWAY"),
    Starting: (code_pb2.UNAVAILABLE, "STARTING"),
}


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
