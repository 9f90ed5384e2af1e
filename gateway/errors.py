"""What a caller can be told, and the one table that says how.

GatewayError
├── Unauthenticated     no certificate of this city
├── CertificateRevoked  one that was taken back
├── TooMany             the caller's department has made too many calls
├── TooManyAtOnce       it has as many open as are left to all others
├── RequestMissing      a call did not say in time what it asks
├── InvalidRequest      a field is wrong
├── NoAgreement         nothing of what is asked for is open to this caller
├── NotInvolved         a decision between other departments
├── NotFound            no such record, or not for this caller
├── NobodyAnswers       a question that no department answers
├── TooSlow             a watcher that does not read, or not fast enough
├── TooManyWatches      one watch more than a department, or the gateway, may have open
├── RevisionsGone       what a watch of every revision has missed cannot be told
├── HistoryGone         the past is not kept as far back as it is asked for
├── BeyondPart          more than the part of the state that this gateway holds
├── StreamAway          the bus does not answer
├── NoHand              the gateway cannot publish for the caller
├── BusAway             what was sent is not on disk, as far as is known
├── NotTaken            the bus will never take a record
├── AnswerTooLarge      several records that are more than clients take at once
├── SummaryTooLarge     more groups, or more to read, than one answer may take
├── HistoryUnavailable  the city's stream cannot be read at the moment
├── AuditFull           the access cannot be recorded
├── LogUnavailable      the record of accesses cannot be read
├── TooLate             the call has lasted too long
├── Leaving             the gateway ends
└── Starting            the view is not complete yet
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

_DOMAIN = "liandong"
_AUDIT_RETRY_S = 5
_RETRY_S = 30
_MOMENT_S = 1
# A client drops a status whose metadata goes beyond 8 KiB: the sentence travels in it twice,
# once with three characters for what is no ASCII, the details once, both as base64.
_SENTENCE = 1800
_FACT = 480
_DETAILS = 1500
_DESCRIPTION = 400
_VIOLATIONS = 20
_CUT = "…"


def bounded(text: str, octets: int) -> str:
    """Return the beginning of a text that takes so many octets at most as a gRPC message."""
    taken = 0
    for number, sign in enumerate(text):
        taken += _octets(sign)
        if taken > octets:
            return f"{text[: max(number - _octets(_CUT), 0)]}{_CUT}"
    return text


def _octets(sign: str) -> int:
    """Return how many octets a sign takes in a gRPC message."""
    return 1 if " " <= sign <= "~" and sign != "%" else 3 * len(sign.encode(errors="replace"))


class GatewayError(Exception):
    """Anything that a caller is told.

    Args:
        sentence: What; of a long one, which quotes what the caller wrote, the beginning.
    """

    def __init__(self, sentence: str) -> None:
        super().__init__(bounded(sentence, _SENTENCE))

    def details(self) -> list[Message]:
        """Return the details for programs, besides the reason."""
        return []

    def metadata(self) -> dict[str, str]:
        """Return the facts that go with the reason, for programs."""
        return {}


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


class InvalidRequest(GatewayError):
    """Fields of the request are wrong.

    Args:
        violations: Field and sentence of each.

    Attributes:
        violations: The first of them, as many as can be told.
    """

    def __init__(self, violations: Sequence[tuple[str, str]]) -> None:
        self.violations = _told(violations)
        parts = [f"{field}: {sentence}" for field, sentence in self.violations]
        left = len(violations) - len(parts)
        super().__init__("; ".join([*parts, f"and {left} more"] if left else parts))

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

    def __init__(self, name: str, hint: str = "") -> None:
        why = f": {hint}" if hint else ""
        super().__init__(f"there is no record {name!r} that this caller may see{why}")
        self.name = name

    def details(self) -> list[Message]:
        """Return what was not found."""
        return [
            error_details_pb2.ResourceInfo(
                resource_type="liandong.record.v1.Record",
                resource_name=bounded(self.name, _FACT),
            )
        ]


class NoAgreement(GatewayError):
    """No agreement opens anything of what is asked for; whether there is any is not told.

    Args:
        consumer: Who asks.
        provider: Whose records are asked for.
        kind: Of which kind; empty: of any.
        hint: An agreement that would open them if something else held; empty: none would.
    """

    def __init__(self, consumer: str, provider: str, kind: str, hint: str = "") -> None:
        what = f"{kind} of {provider}" if kind else f"anything of {provider}"
        remedy = hint or f"ask {provider} for one"
        super().__init__(f"no agreement lets {consumer} read {what}: {remedy}")
        self._facts = {"consumer": consumer, "provider": provider, "kind": kind}

    def metadata(self) -> dict[str, str]:
        """Return between whom, and on what, an agreement is missing."""
        return self._facts


class NotInvolved(GatewayError):
    """A department asks to have a decision explained that is between others."""

    def __init__(self, caller: str) -> None:
        super().__init__(
            f"{caller} is neither consumer nor provider here: decisions are explained to "
            "departments that they concern, and to the operators"
        )


class NobodyAnswers(GatewayError):
    """No department answers a question."""

    def __init__(self, question: str) -> None:
        super().__init__(
            f"no department has a responder for {question}: "
            "ListDepartments tells what each department answers"
        )


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


class HistoryGone(GatewayError):
    """A record's past is not kept as far back as it is asked for.

    Args:
        name: The record.
        kept_ns: From when on it is kept, nanoseconds since 1970 UTC.
    """

    def __init__(self, name: str, kept_ns: int) -> None:
        kept = datetime.fromtimestamp(kept_ns // 1_000_000_000, UTC)
        super().__init__(
            f"history of {bounded(name, _FACT)} is kept back to {kept:%Y-%m-%dT%H:%M:%SZ}: "
            "ask for a later time"
        )


class StreamAway(GatewayError):
    """The city's stream cannot be read at the moment."""

    def __init__(self) -> None:
        super().__init__("the city's stream cannot be read at the moment: try again in a moment")


class BeyondPart(GatewayError):
    """What is asked for reaches beyond the part of the state that this gateway holds.

    Args:
        part: The part.
        holds: What it holds, in words.
        asked: What reaches beyond.
        holders: The parts that hold all that is asked for, and where each is asked; an empty
            address: that is not told.
    """

    def __init__(self, part: str, holds: str, asked: str, holders: Mapping[str, str]) -> None:
        self._facts = {
            "part": part,
            "asked": asked,
            "holders": ",".join(holders),
            "addresses": ",".join(filter(None, holders.values())),
        }
        told = [f"{name} at {at}" if at else f"{name}" for name, at in holders.items()]
        remedy = (
            f"ask a gateway of part {' or '.join(told)}"
            if told
            else "select kinds and agencies that lie in one part, and ask each part for its own "
            "(CatalogService.ListParts tells them)"
        )
        super().__init__(
            f"this gateway holds part {part} of the state ({bounded(holds, _FACT)}), and "
            f"{bounded(asked, _FACT)} reaches beyond it: {remedy}"
        )

    def metadata(self) -> dict[str, str]:
        """Return which part this is, and who holds what is asked for."""
        return self._facts


class NoHand(GatewayError):
    """The gateway cannot publish for the caller."""

    def __init__(self, agency: str) -> None:
        super().__init__(
            f"the gateway has no key to publish for {agency}: its operators make one with "
            "`liandong keys`, if the city file has the department"
        )


class BusAway(GatewayError):
    """What was sent is not on disk, as far as is known."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"not stored ({problem}): send the same again, it is stored once")

    def details(self) -> list[Message]:
        """Return when to try again."""
        return [error_details_pb2.RetryInfo(retry_delay={"seconds": 1})]


class NotTaken(GatewayError):
    """The bus will never take a record; those before it may be stored."""

    def __init__(self, number: int, problem: str) -> None:
        super().__init__(f"records[{number}] is not stored: {problem}")


class AnswerTooLarge(GatewayError):
    """Records that were asked for by name take more than clients take in one response."""

    def __init__(self, records: int, taken: int, most: int) -> None:
        super().__init__(
            f"{records} records take {taken} bytes together, and one answer may take {most}: "
            "ask for fewer names at once, or state a read_mask"
        )


class SummaryTooLarge(GatewayError):
    """A summary has more groups, or takes more reading, than one call may."""

    def __init__(self, found: str, remedy: str) -> None:
        super().__init__(f"the summary {found}: {remedy}")


class HistoryUnavailable(GatewayError):
    """What was cannot be read at the moment."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"the past cannot be read now ({problem}): try again in a moment")


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


def _told(violations: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return the first violations, each cut, as many as one status can carry."""
    told: list[tuple[str, str]] = []
    room = _DETAILS
    for field, sentence in violations[:_VIOLATIONS]:
        one = (bounded(field, _FACT // 2), bounded(sentence, _DESCRIPTION))
        room -= 4 + sum(map(_octets, "".join(one)))
        if told and room < 0:
            break
        told.append(one)
    return tuple(told)


def reason_of(error: GatewayError) -> str:
    """Return the reason that programs are told."""
    return TABLE[type(error)][1]


def to_status(error: GatewayError) -> grpc.Status:
    """Return an error as a gRPC status with ``google.rpc`` details."""
    code, reason = TABLE[type(error)]
    facts = {name: bounded(fact, _FACT) for name, fact in error.metadata().items()}
    info = error_details_pb2.ErrorInfo(reason=reason, domain=_DOMAIN, metadata=facts)
    details = [info, *error.details()]
    status = status_pb2.Status(code=code, message=str(error))
    for detail in details:
        packed = any_pb2.Any()
        packed.Pack(detail)
        status.details.append(packed)
    result: grpc.Status = rpc_status.to_status(status)
    return result
