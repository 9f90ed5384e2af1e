"""What of an entry a department sees: its own accesses, and its part of others'."""

from gateway.identity import OPERATORS
from liandong.gateway.v1.audit_pb2 import AccessEntry


def shown(entry: AccessEntry, agency: str) -> AccessEntry | None:
    """Return what an agency sees of an entry; None: it does not concern it.

    Whoever asked is not told which records stayed closed: that would tell that they exist.
    A provider is told of its own records, not of others' that were asked for with them.
    """
    if agency == OPERATORS:
        return entry
    if entry.agency == agency:
        return _without_closed(entry)
    own = [one for one in entry.disclosed if one.provider == agency]
    questions = [one for one in entry.questions if one.provider == agency]
    is_acted_on = entry.action.agency == agency
    if not (own or questions or is_acted_on or agency in entry.closed_providers):
        return None
    part = _without_closed(entry)
    names = [name for name in part.names if name.startswith(f"{agency}/")]
    for field in ("disclosed", "names", "more_names", "questions"):
        part.ClearField(field)
    if not is_acted_on:
        part.ClearField("action")
        part.ClearField("actor")
    part.disclosed.extend(own)
    part.questions.extend(questions)
    part.names.extend(names)
    if agency in entry.closed_providers:
        part.closed_providers.append(agency)
    return part


def _without_closed(entry: AccessEntry) -> AccessEntry:
    """Return a copy that does not tell what stayed closed."""
    part = AccessEntry()
    part.CopyFrom(entry)
    part.ClearField("closed_providers")
    return part
