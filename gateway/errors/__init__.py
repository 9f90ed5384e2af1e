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
from gateway.errors.root import GatewayError, bounded
from gateway.errors.table import TABLE, reason_of, to_status

__all__ = [
    "TABLE",
    "AnswerTooLarge",
    "AuditFull",
    "BeyondPart",
    "BusAway",
    "CertificateRevoked",
    "GatewayError",
    "HistoryGone",
    "HistoryUnavailable",
    "InvalidRequest",
    "Leaving",
    "LogUnavailable",
    "NoAgreement",
    "NoHand",
    "NobodyAnswers",
    "NotFound",
    "NotInvolved",
    "NotTaken",
    "RequestMissing",
    "RevisionsGone",
    "Starting",
    "StreamAway",
    "SummaryTooLarge",
    "TooLate",
    "TooMany",
    "TooManyAtOnce",
    "TooManyWatches",
    "TooSlow",
    "Unauthenticated",
    "bounded",
    "reason_of",
    "to_status",
]
