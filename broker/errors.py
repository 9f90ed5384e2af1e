"""What can go wrong on the bus.

BrokerError
├── ServerFailed            the embedded server did not start or has gone
├── StreamsDiffer           a stream cannot be made what its definition says
├── HomeDamaged             a key or certificate of the home is missing or unreadable
└── PublishError            a message was not stored
    ├── PublishDenied       the user may not publish on this subject
    ├── PublishRefused      JetStream said no, and will say so again
    ├── RecordTooLarge      the message is larger than the server takes
    └── BusUnavailable      no acknowledgement came within the retry budget
"""


class BrokerError(Exception):
    """Anything that goes wrong on the bus."""


class ServerFailed(BrokerError):
    """The embedded server did not start, or has gone."""


class StreamsDiffer(BrokerError):
    """A stream cannot be made what its definition says."""


class HomeDamaged(BrokerError):
    """A key or certificate of the home is missing or unreadable."""


class PublishError(BrokerError):
    """A message was not stored."""


class PublishDenied(PublishError):
    """The user may not publish on this subject; nothing was stored."""

    def __init__(self, subject: str) -> None:
        super().__init__(
            f"publishing on {subject} is denied to this user: "
            "an agency publishes under share.<its own name> only; use its own key"
        )
        self.subject = subject


class PublishRefused(PublishError):
    """JetStream refused, and would refuse again; nothing was stored."""

    def __init__(self, err_code: int, description: str) -> None:
        super().__init__(f"JetStream refused the message: {description} (error {err_code})")
        self.err_code = err_code
        self.description = description


class RecordTooLarge(PublishError):
    """The message is larger than the server takes; nothing was sent."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"the message has {size} bytes, the server takes {limit} at most")
        self.size = size
        self.limit = limit


class BusUnavailable(PublishError):
    """No acknowledgement came within the retry budget; stored or not is not known."""

    def __init__(self, seconds: float, last: str) -> None:
        super().__init__(
            f"no acknowledgement within {seconds:.0f} s ({last}): it may be stored or not; "
            "send it again with the same id when the bus is back"
        )
