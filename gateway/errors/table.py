"""The one table that says how callers are told each error."""

import grpc
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from gateway.errors.away import (
    AuditFull,
    BusAway,
    HistoryUnavailable,
    LogUnavailable,
    NotTaken,
    StreamAway,
)
from gateway.errors.call import (
    CertificateRevoked,
    Leaving,
    RequestMissing,
    Starting,
    TooLate,
    TooMany,
    TooManyAtOnce,
    Unauthenticated,
)
from gateway.errors.closed import (
    BeyondPart,
    NoAgreement,
    NobodyAnswers,
    NoHand,
    NotFound,
    NotInvolved,
)
from gateway.errors.limits import (
    AnswerTooLarge,
    HistoryGone,
    RevisionsGone,
    SummaryTooLarge,
    TooManyWatches,
    TooSlow,
)
from gateway.errors.request import InvalidRequest
from gateway.errors.root import FACT, GatewayError, bounded

_DOMAIN = "liandong"

TABLE: dict[type[GatewayError], tuple[code_pb2.Code.ValueType, str]] = {
    Unauthenticated: (code_pb2.UNAUTHENTICATED, "NO_DEPARTMENT_CERTIFICATE"),
    CertificateRevoked: (code_pb2.UNAUTHENTICATED, "CERTIFICATE_REVOKED"),
    TooMany: (code_pb2.RESOURCE_EXHAUSTED, "TOO_MANY_CALLS"),
    TooManyAtOnce: (code_pb2.RESOURCE_EXHAUSTED, "TOO_MANY_AT_ONCE"),
    RequestMissing: (code_pb2.DEADLINE_EXCEEDED, "REQUEST_MISSING"),
    InvalidRequest: (code_pb2.INVALID_ARGUMENT, "INVALID_FIELD"),
    NoAgreement: (code_pb2.PERMISSION_DENIED, "NO_AGREEMENT"),
    NotInvolved: (code_pb2.PERMISSION_DENIED, "NOT_INVOLVED"),
    NotFound: (code_pb2.NOT_FOUND, "NO_SUCH_RECORD"),
    NobodyAnswers: (code_pb2.UNIMPLEMENTED, "NOT_ANSWERED"),
    TooSlow: (code_pb2.RESOURCE_EXHAUSTED, "WATCHER_TOO_SLOW"),
    BeyondPart: (code_pb2.FAILED_PRECONDITION, "BEYOND_PART"),
    NoHand: (code_pb2.PERMISSION_DENIED, "NO_HAND"),
    BusAway: (code_pb2.UNAVAILABLE, "BUS_AWAY"),
    NotTaken: (code_pb2.FAILED_PRECONDITION, "NOT_TAKEN"),
    AnswerTooLarge: (code_pb2.RESOURCE_EXHAUSTED, "ANSWER_TOO_LARGE"),
    SummaryTooLarge: (code_pb2.RESOURCE_EXHAUSTED, "SUMMARY_TOO_LARGE"),
    HistoryUnavailable: (code_pb2.UNAVAILABLE, "HISTORY_UNAVAILABLE"),
    AuditFull: (code_pb2.UNAVAILABLE, "AUDIT_FULL"),
    LogUnavailable: (code_pb2.UNAVAILABLE, "LOG_UNAVAILABLE"),
    TooManyWatches: (code_pb2.RESOURCE_EXHAUSTED, "TOO_MANY_WATCHES"),
    RevisionsGone: (code_pb2.OUT_OF_RANGE, "REVISIONS_GONE"),
    HistoryGone: (code_pb2.OUT_OF_RANGE, "HISTORY_GONE"),
    StreamAway: (code_pb2.UNAVAILABLE, "STREAM_AWAY"),
    TooLate: (code_pb2.DEADLINE_EXCEEDED, "TOO_LATE"),
    Leaving: (code_pb2.UNAVAILABLE, "LEAVING"),
    Starting: (code_pb2.UNAVAILABLE, "STARTING"),
}


def reason_of(error: GatewayError) -> str:
    """Return the reason that programs are told."""
    return TABLE[type(error)][1]


def to_status(error: GatewayError) -> grpc.Status:
    """Return an error as a gRPC status with ``google.rpc`` details."""
    code, reason = TABLE[type(error)]
    facts = {name: bounded(fact, FACT) for name, fact in error.metadata().items()}
    info = error_details_pb2.ErrorInfo(reason=reason, domain=_DOMAIN, metadata=facts)
    details = [info, *error.details()]
    status = status_pb2.Status(code=code, message=str(error))
    for detail in details:
        packed = any_pb2.Any()
        packed.Pack(detail)
        status.details.append(packed)
    result: grpc.Status = rpc_status.to_status(status)
    return result
