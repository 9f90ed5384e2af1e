"""Who connects to the bus, and exactly what each may do.

Every account has an administrator (used to lay out streams and for nothing else), and
readers. An agency's own user publishes under ``share.<agency>.>``, reads what it
published, takes entries out of its quarantine, and answers ``ask.<agency>.>``;
``ops.<agency>`` reads, so that operators can count without being able to write, and asks
responders how they fare; ``gateway.<agency>`` publishes what the agency sends to the gateway;
``gateway`` reads the city's streams in the hub, writes and reads its audit log, and is the
only one that puts questions. Replies go to inboxes of each user's own, so that no user can
listen to another's.
"""

from dataclasses import dataclass

from broker.home import GATEWAY, OPS
from broker.plan import BusPlan, stream_name
from broker.questions import MICRO, answering_subject
from broker.subjects import checkpoint_subject

HUB = "HUB"
SYSTEM = "SYS"
CITY = "CITY"
CITY_FEEDS = "FEEDS"
AUDIT = "AUDIT"
CHECKPOINTS = "KV_checkpoints"
SYSTEM_READER = f"{OPS}.sys"


@dataclass(frozen=True, slots=True)
class User:
    """A bus user.

    Attributes:
        name: The user's name; its seed is ``keys/<name>.nk``.
        account: The account that it belongs to.
        publish: Subjects it may publish on; None: all of its account.
        subscribe: Subjects it may subscribe to; None: all of its account.
        answers: Whether it may reply to requests it gets.
    """

    name: str
    account: str
    publish: tuple[str, ...] | None = None
    subscribe: tuple[str, ...] | None = None
    answers: bool = False


def inbox(user: str) -> str:
    """Return the prefix of a user's inboxes."""
    return f"_INBOX.{user.replace('.', '-')}"


def quarantine_stream(agency: str) -> str:
    """Return the name of an agency's quarantine."""
    return f"QUARANTINE_{stream_name(agency)}"


def feeds_stream(agency: str) -> str:
    """Return the name of the stream of an agency's feeds' states."""
    return f"FEEDS_{stream_name(agency)}"


def admin(account: str) -> str:
    """Return the name of an account's administrator."""
    return f"admin.{account.lower()}"


def reader(agency: str) -> str:
    """Return the name of the operators' reader of an agency's account."""
    return f"{OPS}.{agency}"


def hand(agency: str) -> str:
    """Return the name of the gateway's hand in an agency's account."""
    return f"{GATEWAY}.{agency}"


def users(plan: BusPlan) -> list[User]:
    """Return every user of the bus."""
    everyone = [
        User(
            SYSTEM_READER,
            SYSTEM,
            # Asking only: a server's own subjects also make it reload and drop connections.
            publish=("$SYS.REQ.SERVER.PING", "$SYS.REQ.SERVER.PING.>", "$SYS.REQ.ACCOUNT.*.*"),
            subscribe=("$SYS.SERVER.>", "$SYS.ACCOUNT.>", _own(SYSTEM_READER)),
        ),
        User(admin(HUB), HUB),
        _reader(
            GATEWAY,
            HUB,
            (CITY, CITY_FEEDS, AUDIT),
            extra=("audit.>", "ask.>", answering_subject("*")),
        ),
        _reader(OPS, HUB, (CITY, CITY_FEEDS, AUDIT)),
    ]
    for agency in plan.agencies:
        account = stream_name(agency)
        streams = (account, quarantine_stream(agency), feeds_stream(agency), CHECKPOINTS)
        own = (
            f"share.{agency}.>",
            f"quarantine.{agency}.>",
            f"feed.{agency}.>",
            checkpoint_subject(">"),
            # An entry leaves the quarantine when it has been healed, or discarded.
            f"$JS.API.STREAM.MSG.DELETE.{quarantine_stream(agency)}",
        )
        everyone += [
            User(admin(account), account),
            _reader(agency, account, streams, extra=own, answers=(f"ask.{agency}.>", *MICRO)),
            _reader(reader(agency), account, streams, extra=MICRO),
            _reader(hand(agency), account, (account,), extra=(f"share.{agency}.>",)),
        ]
    return everyone


def _own(user: str) -> str:
    """Return the subject of all inboxes of a user."""
    return f"{inbox(user)}.>"


def _reader(
    name: str,
    account: str,
    streams: tuple[str, ...],
    *,
    extra: tuple[str, ...] = (),
    answers: tuple[str, ...] = (),
) -> User:
    """Return a user that reads streams, publishes on ``extra`` and answers ``answers``."""
    publish = [*extra]
    for stream in streams:
        publish += [
            f"$JS.API.STREAM.INFO.{stream}",
            f"$JS.API.CONSUMER.CREATE.{stream}.>",
            f"$JS.API.CONSUMER.DELETE.{stream}.>",
            f"$JS.API.DIRECT.GET.{stream}",
            f"$JS.API.DIRECT.GET.{stream}.>",
            f"$JS.FC.{stream}.>",
        ]
    return User(name, account, tuple(publish), (_own(name), *answers), answers=bool(answers))
