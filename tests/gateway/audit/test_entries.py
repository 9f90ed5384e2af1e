"""Entries are put together by hand, and are what Protobuf would have written."""

from collections import Counter
from typing import cast

from hypothesis import given
from hypothesis import strategies as st

from gateway.agreement import Agreement
from gateway.audit.access import Access, Course
from gateway.audit.entry import encode, gateway_field
from gateway.call import Call
from gateway.identity import Caller, Context
from gateway.key import Key, key_of
from gateway.permit import Opening, Permit
from gateway.terms import Terms
from liandong.gateway.v1 import audit_pb2 as audit
from liandong.gateway.v1.shared_state_pb2 import GetRecordRequest

KEYS = [
    key_of((agency, kind, 2, district, 1, "feed"))
    for agency in ("water", "health")
    for kind in ("water.level", "water.rainfall")
    for district in ("320101", "320102")
]
CONTEXT = cast("Context", None)
ANY_TEXT = st.text(st.characters(codec=None), max_size=400)


@given(
    purpose=ANY_TEXT,
    detail=ANY_TEXT,
    name=st.text(max_size=150),
    read=st.dictionaries(st.sampled_from(KEYS), st.integers(1, 2**40), max_size=8),
    closed=st.lists(st.sampled_from(["water", "health"]), max_size=2).map(tuple),
    sequence=st.integers(1, 2**53),
    at_ns=st.integers(0, 2**62),
)
def test_an_entry_reads_as_it_was_put_together(
    *,
    purpose: str,
    detail: str,
    name: str,
    read: dict[Key, int],
    closed: tuple[str, ...],
    sequence: int,
    at_ns: int,
) -> None:
    """Whatever texts and numbers: Protobuf reads them, and would write the same bytes."""
    caller = Caller("police", "client", purpose)
    agreement = Agreement(id="one", provider="water", consumer="police", kinds=("*",))
    permit = Permit(caller, (Opening(Terms(agreement), None),))
    data = GetRecordRequest(name=name).SerializeToString()
    call = Call("S/GetRecord", GetRecordRequest, data, caller, permit, CONTEXT, trace="ab" * 16)
    course = Course(audit.PHASE_CALL, audit.OUTCOME_REFUSED, "WHY", detail, closed)
    access = Access(call, Counter(read), permit, at_ns, course)

    written = encode(gateway_field("east"), access, sequence, b"h" * 32)
    entry = audit.AccessEntry.FromString(written)

    assert entry.SerializeToString() == written
    assert (entry.gateway, entry.sequence, entry.previous_hash) == ("east", sequence, b"h" * 32)
    assert entry.accessed_at.ToNanoseconds() == at_ns // 1_000_000 * 1_000_000
    assert entry.purpose == purpose[:256].encode(errors="replace").decode()
    assert list(entry.names) == ([name] if name else [])
    assert list(entry.closed_providers) == list(closed)
    assert sum(one.records for one in entry.disclosed) == sum(read.values())
    assert all(
        list(one.agreements) == (["one"] if one.provider == "water" else [])
        for one in entry.disclosed
    )
