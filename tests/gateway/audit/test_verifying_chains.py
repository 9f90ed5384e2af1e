"""What was done to a chain is named: changed, removed, moved, or written by somebody else."""

from collections import Counter
from collections.abc import Callable
from typing import cast

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.audit import Verifier
from gateway.audit.access import Access
from gateway.audit.chain import Chain
from gateway.call import Call
from gateway.identity import Caller, Context
from gateway.permit import Permit
from liandong.gateway.v1 import audit_pb2 as api
from liandong.gateway.v1.shared_state_pb2 import GetRecordRequest

KEY = Ed25519PrivateKey.generate()
KEYS = {"east": KEY.public_key()}
SIZES = (1, 4, 3, 1)
CONTEXT = cast("Context", None)


def groups_of(
    chain: Chain, sizes: tuple[int, ...] = SIZES, agency: str = "police"
) -> list[api.AccessGroup]:
    """Return groups of these sizes at a chain's end."""
    made = []
    for size in sizes:
        caller = Caller(agency, "client", "rescue")
        permit = Permit(caller, ())
        method = "SharedStateService/GetRecord"
        accesses = [
            Access(
                Call(method, GetRecordRequest, b"", caller, permit, CONTEXT), Counter(), permit, 0
            )
            for _ in range(size)
        ]
        sealed = chain.seal(accesses)
        chain.head = sealed.head
        made.append(api.AccessGroup.FromString(sealed.payload))
    return made


def verified(groups: list[api.AccessGroup], gateway: str = "east") -> Verifier:
    """Return a verifier that has read groups."""
    verifier = Verifier(KEYS)
    for position, group in enumerate(groups, start=1):
        verifier.take(gateway, position, group.SerializeToString())
    return verifier


def problems(groups: list[api.AccessGroup]) -> list[tuple[int, int]]:
    """Return the number of each wrong entry, and what is wrong."""
    return [(one.sequence, one.problem) for one in verified(groups).findings()]


def test_a_chain_that_nobody_touched_is_whole() -> None:
    """Every entry read, none wrong, and its head told."""
    verifier = verified(groups_of(Chain("east", KEY)))

    assert verifier.findings() == []
    assert verifier.entries == sum(SIZES)
    assert [(head.gateway, head.sequence) for head in verifier.heads(4)] == [("east", 9)]


@pytest.mark.parametrize(("group", "at"), [(0, 0), (1, 0), (1, 2), (1, 3), (2, 1), (3, 0)])
@pytest.mark.parametrize("field", ["agency", "previous_hash", "sequence", "gateway"])
def test_a_changed_entry_is_named(group: int, at: int, field: str) -> None:
    """Whatever was changed in it: the number is that which it had."""
    groups = groups_of(Chain("east", KEY))
    entry = api.AccessEntry.FromString(groups[group].entries[at])
    number = entry.sequence
    setattr(
        entry,
        field,
        {"agency": "nobody", "previous_hash": b"x" * 32, "sequence": 77, "gateway": "west"}[field],
    )
    groups[group].entries[at] = entry.SerializeToString()

    assert problems(groups)[0] == (number, api.PROBLEM_CHANGED)
    assert {sequence for sequence, _ in problems(groups)} == {number}


@pytest.mark.parametrize(
    ("group", "at", "number"), [(1, 0, 2), (1, 1, 3), (1, 3, 5), (2, 0, 6), (2, 2, 8)]
)
def test_a_removed_entry_is_named(group: int, at: int, number: int) -> None:
    """Also the first and the last of what was signed together."""
    groups = groups_of(Chain("east", KEY))
    del groups[group].entries[at]

    assert problems(groups) == [(number, api.PROBLEM_REMOVED)]


@pytest.mark.parametrize(("group", "number"), [(0, 1), (1, 2), (2, 6)])
def test_a_removed_group_is_named_by_its_first_entry(group: int, number: int) -> None:
    """One finding for what is missing together."""
    groups = groups_of(Chain("east", KEY))
    del groups[group]

    assert problems(groups) == [(number, api.PROBLEM_REMOVED)]


@pytest.mark.parametrize(
    ("order", "moved"),
    [
        ((1, 0, 2, 3), [2]),
        ((0, 2, 1, 3), [3]),
        ((0, 1, 3, 2), [4]),
        ((3, 0, 1, 2), [2, 3, 4]),
    ],
)
def test_reordered_entries_are_named(order: tuple[int, ...], moved: list[int]) -> None:
    """Within what was signed together."""
    groups = groups_of(Chain("east", KEY))
    entries = list(groups[1].entries)
    groups[1].entries[:] = [entries[at] for at in order]

    assert problems(groups) == [(number, api.PROBLEM_MOVED) for number in moved]


def test_reordered_groups_are_named() -> None:
    """Each entry that comes behind where it belongs."""
    one, two, three, four = groups_of(Chain("east", KEY))

    assert problems([one, three, two, four]) == [
        (number, api.PROBLEM_MOVED) for number in (2, 3, 4, 5)
    ]


def test_an_entry_that_is_there_twice_is_named() -> None:
    """Which of the two was recorded does not matter."""
    groups = groups_of(Chain("east", KEY))
    groups.insert(1, groups[0])

    assert problems(groups) == [(1, api.PROBLEM_MOVED)]


@pytest.mark.parametrize(
    "forge",
    [
        lambda _: groups_of(Chain("east", Ed25519PrivateKey.generate()))[:1],
        lambda group: [api.AccessGroup(entries=group.entries, head_hash=group.head_hash)],
    ],
)
def test_what_another_key_signed_is_named(
    forge: Callable[[api.AccessGroup], list[api.AccessGroup]],
) -> None:
    """A chain made anew, however right in itself, is not the gateway's."""
    (first,) = groups_of(Chain("east", KEY), (1,))

    assert problems(forge(first)) == [(1, api.PROBLEM_NOT_SIGNED)]


def test_a_gateway_without_known_key_is_named() -> None:
    """It may be a real one: whoever verifies needs its public key."""
    (finding,) = verified(groups_of(Chain("west", KEY), (1,)), "west").findings()

    assert finding.problem == api.PROBLEM_NOT_SIGNED
    assert finding.sentence == "entry 1 of gateway west is of a gateway without known key"


def test_bytes_that_are_no_group_are_named() -> None:
    """By the number that should be there."""
    verifier = verified(groups_of(Chain("east", KEY), (2,)))
    verifier.take("east", 2, b"\xff\xff")

    (finding,) = verifier.findings()
    assert (finding.sequence, finding.problem) == (3, api.PROBLEM_CHANGED)


def test_a_noted_head_shows_that_the_end_was_cut_off() -> None:
    """Which the chain itself cannot tell."""
    groups = groups_of(Chain("east", KEY))
    noted = verified(groups).heads(4)
    verifier = Verifier(KEYS, noted)
    verifier.take("east", 3, groups[2].SerializeToString())

    (finding,) = verifier.findings()
    assert (finding.sequence, finding.problem) == (9, api.PROBLEM_REMOVED)


def test_from_a_noted_head_only_what_follows_is_verified() -> None:
    """And reading begins where it was."""
    chain = Chain("east", KEY)
    groups = groups_of(chain)
    noted = verified(groups).heads(4)
    (more,) = groups_of(chain, (2,))
    verifier = Verifier(KEYS, noted)

    assert verifier.begins == 4
    verifier.take("east", 4, groups[3].SerializeToString())
    verifier.take("east", 5, more.SerializeToString())
    assert verifier.findings() == []
    assert verifier.head("east") == chain.head


def test_another_chain_than_the_noted_one_is_named() -> None:
    """A log that was written anew by whoever has the key."""
    noted = verified(groups_of(Chain("east", KEY))).heads(4)
    verifier = Verifier(KEYS, noted)
    for position, group in enumerate(groups_of(Chain("east", KEY), agency="health"), start=1):
        verifier.take("east", position, group.SerializeToString())

    (finding,) = verifier.findings()
    assert (finding.sequence, finding.problem) == (9, api.PROBLEM_CHANGED)
    assert finding.sentence.endswith("is not the one that was noted earlier")
