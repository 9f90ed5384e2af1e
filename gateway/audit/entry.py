"""The bytes of an entry, put together field by field: a few microseconds for each access."""

import functools
from collections import Counter

from broker.varint import varint
from gateway.audit.access import ANSWERED, Access, Course
from gateway.audit.asked import asked
from gateway.call import Ask
from gateway.disclosure import Disclosure
from gateway.encoding import framed
from gateway.identity import Caller
from gateway.key import Key
from gateway.permit import Permit
from liandong.gateway.v1.audit_pb2 import (
    PHASE_CALL,
    PHASE_OPENED,
    AccessEntry,
    Disclosed,
    Phase,
    PutQuestion,
)

_PURPOSE_CHARACTERS = 256
_DETAIL_CHARACTERS = 300
_DISCLOSED = AccessEntry.DESCRIPTOR.fields_by_name["disclosed"].number
_QUESTIONS = AccessEntry.DESCRIPTOR.fields_by_name["questions"].number
_TRACE = AccessEntry.DESCRIPTOR.fields_by_name["trace_id"].number
_FIRSTS = frozenset({PHASE_CALL, PHASE_OPENED})
_MILLI = 1_000_000
_ELEMENTS = 4096


def encode(gateway: bytes, access: Access, sequence: int, previous: bytes) -> bytes:
    """Return the bytes of an entry, fields in the order of their numbers.

    Args:
        gateway: The gateway's name as the entry's first field.
        access: What is recorded.
        sequence: Its number in the chain.
        previous: The hash of the entry before it, 32 bytes.
    """
    call, course, opening = access.call, access.course, access.opening
    # Fields 2 and 3: sequence, previous_hash; 10: opened_sequence.
    entry = b"%b\x10%b\x1a\x20%b%b%b%b%b%b%b%b" % (
        gateway,
        varint(sequence),
        previous,
        _moment(access.at_ns // _MILLI),
        _call(call.caller, call.method, course.phase),
        b"\x50" + varint(opening.sequence) if opening is not None else b"",
        asked(call.kind, call.data) if course.phase in _FIRSTS else b"",
        _ANSWERED if course is ANSWERED else _course(course),
        _disclosed(access.read, access.permit) if access.read else b"",
        _tail(course.closed, call.trace) if course.closed or call.trace else b"",
    ) + b"".join(map(_question, access.asked))
    if access.action is None and not access.actor:
        return entry
    return entry + AccessEntry(action=access.action, actor=access.actor).SerializeToString()


def gateway_field(gateway: str) -> bytes:
    """Return a gateway's name as an entry's first field."""
    return framed(1, gateway.encode())


@functools.lru_cache(maxsize=256)
def _moment(milliseconds: int) -> bytes:
    """Return a moment as the field accessed_at; many share a millisecond."""
    entry = AccessEntry()
    entry.accessed_at.FromMilliseconds(milliseconds)
    return entry.SerializeToString()


@functools.lru_cache(maxsize=4096)
def _call(caller: Caller, method: str, phase: "Phase.ValueType") -> bytes:
    """Return the fields from agency to phase."""
    return AccessEntry(
        agency=caller.agency,
        role=caller.role,
        purpose=_text(caller.purpose[:_PURPOSE_CHARACTERS]),
        method=method,
        phase=phase,
    ).SerializeToString()


def _course(course: Course) -> bytes:
    """Return the fields from outcome to detail."""
    return AccessEntry(
        outcome=course.outcome,
        reason=course.reason,
        detail=_text(course.detail[:_DETAIL_CHARACTERS]),
    ).SerializeToString()


def _text(others: str) -> str:
    """Return others' text as it can be encoded, whatever it was decoded from."""
    return others.encode(errors="replace").decode()


_ANSWERED = _course(ANSWERED)


def _tail(closed: tuple[str, ...], trace: str) -> bytes:
    """Return the last fields."""
    return AccessEntry(closed_providers=closed, trace_id=trace).SerializeToString()


def _question(ask: Ask) -> bytes:
    """Return a question that was put to a department."""
    put = PutQuestion(
        provider=ask.agency,
        question=ask.question,
        agreements=ask.agreements or (),
        outcome=ask.outcome,
    )
    return framed(_QUESTIONS, put.SerializeToString())


def _disclosed(read: Counter[Key], permit: Permit) -> bytes:
    """Return what left, by provider and kind."""
    if len(read) == 1:
        ((key, count),) = read.items()
        return _single(key, count, permit.disclosure(key))
    counts: dict[tuple[str, str, str], int] = {}
    agreements: dict[tuple[str, str, str], dict[str, None]] = {}
    for key, count in read.items():
        disclosure = permit.disclosure(key)
        emergency = disclosure.emergency if disclosure is not None else ""
        of = (key.agency, key.kind, emergency)
        counts[of] = counts.get(of, 0) + count
        agreements.setdefault(of, {}).update(dict.fromkeys(_opened(disclosure)))
    return b"".join(
        _element(provider, kind, counts[provider, kind, emergency], tuple(opening), emergency)
        for (provider, kind, emergency), opening in agreements.items()
    )


_singles: dict[tuple[Key, int, Disclosure | None], bytes] = {}


def _single(key: Key, count: int, disclosure: Disclosure | None) -> bytes:
    """Return what left when it was of one key; the same is met again and again."""
    known = (key, count, disclosure)
    element = _singles.get(known)
    if element is None:
        emergency = disclosure.emergency if disclosure is not None else ""
        element = _element(key.agency, key.kind, count, _opened(disclosure), emergency)
        if len(_singles) >= _ELEMENTS:
            _singles.clear()
        _singles[known] = element
    return element


def _opened(disclosure: Disclosure | None) -> tuple[str, ...]:
    """Return the agreements that opened records; none: they are the caller's own."""
    return disclosure.agreements if disclosure is not None else ()


def _element(
    provider: str, kind: str, records: int, agreements: tuple[str, ...], emergency: str
) -> bytes:
    """Return one element of what left."""
    element = Disclosed(
        provider=provider,
        kind=kind,
        records=records,
        agreements=agreements,
        emergency=emergency,
    )
    return framed(_DISCLOSED, element.SerializeToString())
