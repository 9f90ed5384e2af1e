"""What goes beyond what one answer, one watch or the past holds."""

from datetime import UTC, datetime

from google.protobuf import duration_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2

from gateway.errors.root import FACT, GatewayError, bounded

_RETRY_S = 30


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
            f"history of {bounded(name, FACT)} is kept back to {kept:%Y-%m-%dT%H:%M:%SZ}: "
            "ask for a later time"
        )


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
