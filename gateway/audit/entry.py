"""The bytes of an entry, put together field by field: a few microseconds for each access."""

import functools
from collections.abc import Iterable

from gateway.agreements import Permit
from gateway.audit.access import Access
from gateway.audit.asked import asked
from gateway.encoding import framed, varint
from gateway.identity import Caller
from gateway.key import Key
from liandong.gateway.v1.audit_pb2 import AccessEntry, Disclosed, Phase

_PURPOSE_CHARACTERS = 256
_DETAIL_CHARACTERS = 300
_TRACE_CHARACTERS = 32
(
    _ACCESSED_AT,
    _NAMES,
    _MORE_NAMES,
    _ASKED,
    _REASON,
    _DETAIL,
    _DISCLOSED,
    _CLOSED,
    _TRACE,
) = (
    AccessEntry.DESCRIPTOR.fields_by_name[name].number
    for name in (
        "accessed_at",
        "names",
        "more_names",
        "asked",
        "reason",
        "detail",
        "disclosed",
        "closed_providers",
        "trace_id",
    )
)
_MILLI = 1000
_NANOS = 1_000_000


def encode(gateway: bytes, access: Access, sequence: int, previous: bytes) -> bytes:
    """Return the bytes of an entry, fields in the order of their numbers.

    Args:
        gateway: The gateway's name as the entry's first field.
        access: What is recorded.
        sequence: Its number in the chain.
        previous: The hash of the entry before it, 32 bytes.
    """
    what = asked(access.request)
    parts = [
        gateway,
        b"\x10%b\x1a\x20%b" % (varint(sequence), previous),
        _moment(access.at_ms),
        _call(access.caller, access.method, access.phase),
    ]
    if access.opening is not None and access.opening is not access:
        parts.append(b"\x50" + varint(access.opening.sequence))
    parts += [framed(_NAMES, _bytes(name)) for name in what.names]
    if what.more:
        parts.append(b"\x60" + varint(what.more))
    if what.text:
        parts.append(framed(_ASKED, _bytes(what.text)))
    parts.append(b"\x70%c" % access.outcome)
    if access.reason:
        parts.append(framed(_REASON, _bytes(access.reason)))
    if access.detail:
        parts.append(framed(_DETAIL, _bytes(access.detail[:_DETAIL_CHARACTERS])))
    if access.read:
        parts.append(_disclosed(access.read.items(), access.permit))
    parts += [framed(_CLOSED, _bytes(name)) for name in access.closed]
    if access.trace:
        parts.append(framed(_TRACE, _bytes(access.trace[:_TRACE_CHARACTERS])))
    return b"".join(parts)


def gateway_field(gateway: str) -> bytes:
    """Return a gateway's name as an entry's first field."""
    return framed(1, gateway.encode())


def _bytes(text: str) -> bytes:
    """Return text as UTF-8, also text that came from a broken escape."""
    return text.encode(errors="replace")


@functools.lru_cache(maxsize=256)
def _moment(milliseconds: int) -> bytes:
    """Return a moment as the entry's field; many share a millisecond."""
    seconds, rest = divmod(milliseconds, _MILLI)
    nanos = b"\x10" + varint(rest * _NANOS) if rest else b""
    return framed(_ACCESSED_AT, b"\x08%b%b" % (varint(seconds), nanos))


@functools.lru_cache(maxsize=4096)
def _call(caller: Caller, method: str, phase: "Phase.ValueType") -> bytes:
    """Return the fields from agency to phase."""
    return AccessEntry(
        agency=caller.agency,
        role=caller.role,
        purpose=caller.purpose[:_PURPOSE_CHARACTERS],
        method=method,
        phase=phase,
    ).SerializeToString()


def _disclosed(read: Iterable[tuple[Key, int]], permit: Permit | None) -> bytes:
    """Return what left, by provider and kind."""
    counts: dict[tuple[str, str], int] = {}
    agreements: dict[tuple[str, str], tuple[str, ...]] = {}
    for key, count in read:
        of = (key.agency, key.kind)
        counts[of] = counts.get(of, 0) + count
        disclosure = permit.disclosure(key) if permit is not None else None
        opened = disclosure.agreements if disclosure is not None else ()
        known = agreements.get(of)
        if known is None or known == opened:
            agreements[of] = opened
        else:
            agreements[of] = tuple(dict.fromkeys((*known, *opened)))
    return b"".join(_element(*of, counts[of], agreements[of]) for of in counts)


@functools.lru_cache(maxsize=4096)
def _element(provider: str, kind: str, records: int, agreements: tuple[str, ...]) -> bytes:
    """Return one element of what left; that of a single record is met again and again."""
    element = Disclosed(provider=provider, kind=kind, records=records, agreements=agreements)
    return framed(_DISCLOSED, element.SerializeToString())
