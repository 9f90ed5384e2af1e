"""Who connects to the bus, and exactly what each may do.

Every account has an administrator (used to lay out streams and for nothing else), and
readers. An agency's own user publishes under ``share.<agency>.>``, reads what it
published, takes entries out of its quarantine, and answers ``ask.<agency>.>``;
``ops.<agency>`` reads, so that operators can count without being able to write, and asks
responders how they fare; ``gateway.<agency>`` publishes what the agency sends to the gateway;
``gateway`` reads the city's streams in the hub, writes and reads its audit log, and is the
only one that puts questions; ``ops`` reads them too, and adds to the log what operators and
visitors of the console do, under its own name only. Replies go to inboxes of each user's own,
so that no user can listen to another's.
"""

from dataclasses import dataclass

from broker.home import GATEWAY, OPS
from broker.plan import BusPlan, stream_name
from broker.questions import DISCOVERY, MICRO, answering_subject
from broker.subjects import audit_subject, checkpoint_subject

HUB = "HUB"
SYSTEM = "SYS"
CITY = "CITY"
CITY_FEEDS = "FEEDS"
AUDIT = "AUDIT"
CHECKPOINTS = "KV_checkpoints"
SYSTEM_READER = f"{OPS}.sys"
HUB_DOMAIN = "hub"
MIRROR_DOMAIN = "mirror"
MIRROR_LINK = f"{MIRROR_DOMAIN}.hub"
MIRROR_DELIVERY = f"deliver.{MIRROR_DOMAIN}"
# Where servers themselves await answers that cross a link.
_ANSWERS = ("_R_.>", "_GR_.>", "$JSC.>")


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


def link(agency: str) -> str:
    """Return the name of the user by which an agency's own server joins the hub."""
    return f"leaf.{agency}"


def servers_of(plan: BusPlan, user: str) -> tuple[str, ...]:
    """Return the addresses at which a user finds the streams that it is there for."""
    for agency, own in plan.leaves.items():
        if user in {agency, admin(stream_name(agency)), reader(agency), hand(agency)}:
            return own
    return plan.hub


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
        _reader(OPS, HUB, (CITY, CITY_FEEDS, AUDIT), extra=(audit_subject(OPS),)),
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
        if agency in plan.leaves:
            everyone.append(_link(agency))
    if plan.mirror:
        everyone.append(_mirror_link())
    return everyone


def _link(agency: str) -> User:
    """Return the user of an agency's link: its streams are sourced, its responders asked.

    To publish is towards the hub, to subscribe is what the hub sends.
    """
    streams = (stream_name(agency), feeds_stream(agency))
    return User(
        link(agency),
        stream_name(agency),
        publish=(f"deliver.{agency}.>", *_ANSWERS),
        subscribe=(
            *(f"$JS.{agency}.API.CONSUMER.CREATE.{stream}.>" for stream in streams),
            *(f"$JS.FC.{stream}.>" for stream in streams),
            f"ask.{agency}.>",
            DISCOVERY,
        ),
    )


def _mirror_link() -> User:
    """Return the user of the other region's link: it mirrors, and its gateways ask."""
    streams = (CITY, CITY_FEEDS)
    return User(
        MIRROR_LINK,
        HUB,
        publish=(
            *(f"$JS.{HUB_DOMAIN}.API.CONSUMER.CREATE.{stream}" for stream in streams),
            *(f"$JS.{HUB_DOMAIN}.API.CONSUMER.CREATE.{stream}.>" for stream in streams),
            *(f"$JS.FC.{stream}.>" for stream in streams),
            "ask.>",
            answering_subject("*"),
        ),
        subscribe=(f"{MIRROR_DELIVERY}.>", *_ANSWERS, *map(_own, (GATEWAY, OPS, admin(HUB)))),
    )


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
