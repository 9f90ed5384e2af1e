"""What can go wrong on the bus.

BrokerError
├── ServerFailed            the embedded server did not start or has gone
├── StreamsDiffer           a stream cannot be made what its definition says
├── StreamUnavailable       a stream cannot be asked or read
├── QuarantineTaken         somebody else takes entries out of a feed's quarantine
├── HomeDamaged             a key or certificate of the home is missing or unreadable
├── SpoolDamaged            a spool's file cannot be used
├── PlanWrong               the bus cannot have these agencies
├── TopologyWrong           the servers of a city do not make up what is asked for
├── KeyUnknown              a bus user's key cannot be rotated or retired
├── BusUnreachable          no connection came about
│   └── KeyRefused          the server does not know the user's key
├── BusClosed               the server ended a connection for good
├── NoResponder             nobody answers a question for a department
├── NoAnswer                a question got no answer that can be used
└── PublishError            a message was not stored
    ├── PublishDenied       the user may not publish on this subject
    ├── PublishRefused      JetStream said no, and will say so again
    ├── RecordTooLarge      the message is larger than the server takes
    ├── BusUnavailable      no acknowledgement came within the retry budget
    ├── SpoolFull           the bus is away, and the spool takes no more
    └── SpoolFailed         the bus is away, and the spool cannot be written
"""

from liandong.question.v1.question_pb2 import AskCode


class BrokerError(Exception):
    """Anything that goes wrong on the bus."""


class ServerFailed(BrokerError):
    """The embedded server did not start, or has gone."""


class StreamsDiffer(BrokerError):
    """A stream cannot be made what its definition says."""


class StreamUnavailable(BrokerError):
    """A stream cannot be asked or read at the moment, or by this user."""

    def __init__(self, stream: str, problem: str) -> None:
        super().__init__(
            f"stream {stream} cannot be read ({problem}): "
            "see with `liandong status` whether the bus runs, and use the agency's own key"
        )
        self.stream = stream
        self.problem = problem


class QuarantineTaken(BrokerError):
    """Somebody else takes entries out of a feed's quarantine; two at once would miscount."""

    def __init__(self, feed: str, holder: str, until: str) -> None:
        super().__init__(
            f"{holder or 'somebody else'} takes entries out of the quarantine of {feed} at the "
            f"moment: wait for the end; if that has died, its claim ends {until}"
        )
        self.feed = feed


class HomeDamaged(BrokerError):
    """A key or certificate of the home is missing or unreadable."""


class PlanWrong(BrokerError):
    """The bus cannot have these agencies."""

    def __init__(self, agency: str, problem: str) -> None:
        super().__init__(
            f"agency {agency!r} cannot be on the bus: {problem}; a name is a lower-case letter "
            "and up to 31 letters, digits, hyphens and underscores, and belongs to one agency"
        )
        self.agency = agency


class KeyUnknown(BrokerError):
    """A bus user's key cannot be rotated or retired."""

    def __init__(self, user: str, problem: str) -> None:
        super().__init__(f"{user} {problem}")
        self.user = user


class TopologyWrong(BrokerError):
    """The servers of a city do not make up what is asked for."""

    def __init__(self, topology: str, problem: str, remedy: str) -> None:
        super().__init__(f"this is no bus of shape {topology}: {problem}; {remedy}")
        self.problem = problem


class BusUnreachable(BrokerError):
    """No connection came about."""

    def __init__(self, url: str, seconds: float, last: str) -> None:
        super().__init__(
            f"the bus at {url} cannot be reached, after {seconds:g} s of trying ({last}): "
            "start it with `liandong up`, or correct [nats] in the city file"
        )


class KeyRefused(BusUnreachable):
    """The server does not know the user's key."""

    def __init__(self, url: str, user: str, seed_path: str) -> None:
        BrokerError.__init__(
            self,
            f"the bus at {url} does not know the key of user {user}, {seed_path}: "
            "use the key of the home on which the server runs, or start the server again",
        )


class BusClosed(BrokerError):
    """The server ended a connection for good; a new one may succeed."""

    def __init__(self, user: str, last: str) -> None:
        super().__init__(
            f"the server ended the connection of user {user} ({last}): start this part again"
        )


class SpoolDamaged(BrokerError):
    """A spool's file cannot be used."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(
            f"the spool {path} cannot be used ({problem}): free the disk if that is full, else "
            "move the file away and keep it; it holds what was acknowledged and is not on the "
            "bus yet"
        )
        self.problem = problem


class NoResponder(BrokerError):
    """Nobody answers a question for a department at the moment."""

    def __init__(self, agency: str, question: str) -> None:
        super().__init__(f"nobody answers {question} for {agency} at the moment")


class NoAnswer(BrokerError):
    """A question got no answer that can be used.

    Args:
        code: What kind of failure.
        reason: A word for programs.
        sentence: What happened.
    """

    def __init__(self, code: "AskCode.ValueType", reason: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.reason = reason


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
        super().__init__(
            f"the message has {size} bytes with its headers, the server takes {limit} at most"
        )
        self.size = size
        self.limit = limit


class BusUnavailable(PublishError):
    """No acknowledgement came within the retry budget; stored or not is not known."""

    def __init__(self, seconds: float, last: str) -> None:
        super().__init__(
            f"no acknowledgement within {seconds:.0f} s ({last}): it may be stored or not; "
            "send it again with the same id when the bus is back"
        )


class SpoolFull(PublishError):
    """The bus is away and the spool has no room; nothing was kept."""

    def __init__(self, size: int) -> None:
        super().__init__(
            f"the bus is away and the spool takes no more ({size / 1e6:.1f} MB are in it): "
            "the sender must repeat"
        )


class SpoolFailed(PublishError):
    """The bus is away and the spool cannot be written; nothing was kept."""

    def __init__(self, problem: str) -> None:
        super().__init__(f"the bus is away, and {problem}")
