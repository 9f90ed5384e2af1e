"""What the gateway cannot do because the bus, or its own disk, does not."""

from google.protobuf import duration_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2

from gateway.errors.root import GatewayError

_AUDIT_RETRY_S = 5


class StreamAway(GatewayError):
    """The city's stream cannot be read at the moment."""

    def __init__(self) -> None:
        super().__init__("the city's stream cannot be read at the moment: try again in a moment")


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
