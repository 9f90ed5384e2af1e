"""Names and subjects: the one place that knows how they are spelled.

A record's name is ``<agency>/<kind>/<entity>``, its subject
``share.<agency>.<domain>.<kind>.<entity>``. The agency token is the only one that
security depends on. What is observed earlier than what a record's subject holds already,
such as a station's back-fill, goes beside it, on ``<subject>.past``: so the last message
of a record's subject is its state.
"""

import hashlib
import re
from collections.abc import Iterable
from urllib.parse import quote, unquote

_KEPT = ":@,+"
_MAX_ENTITY = 240
_TAIL = 32
_SHARED = "share."
_PAST = ".past"
_RECORD_DOTS = 4
ANY = "*"
# What stays as it is, as most numbers and codes do.
_PLAIN = re.compile(r"[A-Za-z0-9_.:@,+-]{1,240}", re.ASCII)


def entity(text: str) -> str:
    """Return any text as a record name's entity: percent-encoded, 1 to 240 characters.

    A longer one keeps its head and ends in a digest of the whole, so that different
    texts stay different.

    Raises:
        ValueError: If the text is empty.
    """
    if not text:
        raise ValueError("an entity must not be empty")
    if _PLAIN.fullmatch(text):
        return text
    # A tilde marks a digest, so that no text can look like one that was cut.
    encoded = quote(text, safe=_KEPT).replace("~", "%7E")
    if len(encoded) <= _MAX_ENTITY:
        return encoded
    head = encoded[: _MAX_ENTITY - _TAIL - 1].rstrip("%").rsplit("%", 1)
    kept = head[0] if len(head) > 1 and len(head[1]) < len("XX") else "%".join(head)
    return f"{kept}~{hashlib.sha256(text.encode()).hexdigest()[:_TAIL]}"


def record_name(agency: str, kind: str, entity_text: str) -> str:
    """Return the name of an agency's record of a kind about an entity (any text)."""
    return f"{agency}/{kind}/{entity(entity_text)}"


def apart(name: str, host: str) -> str:
    """Return the name of a record that another host says of the same thing: ``<entity>@<host>``."""
    agency, kind, thing = name.split("/", 2)
    return record_name(agency, kind, f"{unquote(thing)}@{host}")


def share_subject(name: str) -> str:
    """Return the subject on which the record of this name is published."""
    agency, kind, thing = name.split("/", 2)
    return f"share.{agency}.{kind}.{_token(thing)}"


def past_subject(subject: str) -> str:
    """Return the subject beside a record's, for what comes later than it should."""
    return subject + _PAST


def is_past(subject: str) -> bool:
    """Tell whether a subject is one beside a record's."""
    return subject.endswith(_PAST) and subject.count(".") == _RECORD_DOTS + 1


def is_record(subject: str) -> bool:
    """Tell whether a subject is a record's own."""
    return subject.startswith(_SHARED) and subject.count(".") == _RECORD_DOTS


def matches(pattern: str, kind: str) -> bool:
    """Tell whether a kind, or all that a pattern means, is meant by another pattern.

    Args:
        pattern: ``*``, ``domain.*`` or a kind itself.
        kind: A kind, or such a pattern.
    """
    return pattern in {ANY, kind} or (pattern.endswith(".*") and kind.startswith(pattern[:-1]))


def share_patterns(
    agencies: Iterable[str] = (), kinds: Iterable[str] = (), *, late: bool = False
) -> tuple[str, ...]:
    """Return the patterns of the subjects of agencies' records, of which no two overlap.

    Args:
        agencies: Whose records; none: everybody's.
        kinds: Of which kinds, ``*``, ``domain.*`` or the kind itself; none: of all.
        late: With what lies beside them.
    """
    wanted = set(kinds) or {ANY}
    least = [
        kind
        for kind in sorted(wanted)
        if not any(matches(wider, kind) for wider in wanted - {kind})
    ]
    end = ">" if late else ANY
    return tuple(
        f"share.{agency}.{'*.*' if kind == ANY else kind}.{end}"
        for agency in sorted(set(agencies)) or (ANY,)
        for kind in least
    )


def name_of(subject: str) -> str:
    """Return the name of the record that is published on this subject, or beside it.

    Raises:
        ValueError: If it is no subject of a record.
    """
    parts = subject.removesuffix(_PAST if is_past(subject) else "").split(".")
    if len(parts) != len(("share", "agency", "domain", "kind", "entity")) or parts[0] != "share":
        raise ValueError(f"{subject!r} is no record's subject (share.<agency>.<kind>.<entity>)")
    _, agency, domain, kind, thing = parts
    return f"{agency}/{domain}.{kind}/{thing.replace('%2E', '.')}"


def quarantine_subject(agency: str, feed: str) -> str:
    """Return the subject of a feed's quarantine."""
    return f"quarantine.{agency}.{_token(feed)}"


def feed_subject(agency: str, feed: str) -> str:
    """Return the subject on which a feed's state is published."""
    return f"feed.{agency}.{_token(feed)}"


def checkpoint_subject(feed: str) -> str:
    """Return the subject of a feed's place in its source; the feed is the bucket's key."""
    return f"$KV.checkpoints.{feed}"


def removals_subject(feed: str) -> str:
    """Return the subject of the account of what left a feed's quarantine, a key as well."""
    # A feed's own key has one token, so none can be taken for this one.
    return f"$KV.checkpoints.quarantine.{_token(feed)}"


def audit_subject(gateway: str) -> str:
    """Return the subject of what a gateway records."""
    return f"audit.{_token(gateway)}"


def gateway_of(subject: str) -> str:
    """Return the gateway whose records are on a subject."""
    return subject.partition(".")[2].replace("%2E", ".")


def feed_of(subject: str) -> tuple[str, str]:
    """Return the agency and feed of a quarantine or feed subject."""
    _, agency, token = subject.split(".", 2)
    return agency, unquote(token)


def _token(text: str) -> str:
    """Return text as one token: a dot would part it, and an entity never has an encoded one."""
    return text.replace(".", "%2E")
