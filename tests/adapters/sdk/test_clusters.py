"""Entries together by what is wrong with them: codes tell causes apart, numbers do not."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sdk.clusters import MOST, Clusters, cluster_id, sender_of, template
from adapters.sdk.errors import Untranslatable
from broker.quarantine import QuarantineEntry

AT = datetime(2026, 6, 15, 10, 0, tzinfo=UTC)
CRC = "The frame says its check value is {}; over the data segment it is {}. It was damaged."


def entry(reason: str, number: int = 1, **facts: Any) -> QuarantineEntry:
    """Make an entry."""
    given: dict[str, Any] = {
        "feed": "environment.hj212",
        "cause": "factor",
        "source": "192.0.2.7:40000",
    } | facts
    return QuarantineEntry(
        agency="environment",
        raw=b"",
        reason=reason,
        received_at=AT + timedelta(seconds=number),
        sequence=number,
        **given,
    )


def factor(code: str) -> str:
    """Write the reason of a factor without a unit."""
    remedy = f'Add units.{code} to the feed\'s options, or unknown_factors = "keep".'
    return str(Untranslatable("factor", code, expected="a code with a unit", remedy=remedy))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (CRC.format("ABCD", "12EF"), CRC.format("0000", "BEEF")),
        ("line 17 has 3 columns, expected 4: a, b", "line 9 has 12 columns, expected 4: a, b"),
        ("DataTime is '20260615180000', expected a time", "DataTime is '2026', expected a time"),
        ("stage is '-1.5', expected a number", "stage is '12', expected a number"),
        ("MN is '320100A0003', expected a known one", "MN is '320200B0017', expected a known one"),
        ("at 2026-06-15T18:00:00+08:00 it was", "at 2026-06-15T10:00:00Z it was"),
        (f"text is {'x' * 80!r}, expected less", f"text is {'y z' * 30!r}, expected less"),
        (f"line is {b'a 1' * 20!r}, expected json", f"line is {b'b' * 60!r}, expected json"),
    ],
)
def test_reasons_that_differ_in_what_varies_are_one(one: str, other: str) -> None:
    """Check values, numbers, times, serial numbers and long texts."""
    assert template(one) == template(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (factor("a99001"), factor("a99002")),
        ("function is '2F', expected another", "function is 'E0', expected another"),
        ("level is '三级', expected I to IV", "level is '四级', expected I to IV"),
        ("there is no column '时间'", "there is no column '时刻'"),
    ],
)
def test_codes_and_words_tell_causes_apart(one: str, other: str) -> None:
    """They are what somebody mends."""
    assert template(one) != template(other)


def test_a_cluster_says_how_many_from_how_many_and_since_when() -> None:
    """412 frames of 3 senders, whatever their ports."""
    clusters = Clusters()
    for number in range(412):
        peer = f"192.0.2.{number % 3}:{40_000 + number}"
        clusters.add(entry(factor("a99001"), number + 1, source=peer))
    clusters.add(entry(factor("a99002"), 413))

    first, second = clusters.found()

    assert (first.count, len(first.senders), first.sample) == (412, 3, 1)
    assert (first.first_at, first.last_at) == (
        AT + timedelta(seconds=1),
        AT + timedelta(seconds=412),
    )
    assert first.reason == factor("a99001")
    assert (second.count, clusters.total) == (1, 413)
    assert first.id == cluster_id("environment.hj212", "factor", factor("a99001")) != second.id


def test_the_reason_has_a_sign_where_entries_differ_and_only_there() -> None:
    """A number that is the same in all stays to be read."""
    clusters = Clusters()
    for line in (3, 17, 18):
        clusters.add(entry(f"line {line} has 3 columns, expected 4: 'GB 2260', b"))

    (cluster,) = clusters.found()

    assert cluster.reason == "line … has 3 columns, expected 4: 'GB 2260', b"


def test_feeds_and_causes_are_clusters_of_their_own() -> None:
    """The same sentence may need another remedy."""
    clusters = Clusters()
    each: list[dict[str, Any]] = [{}, {"feed": "environment.other"}, {"cause": "value"}]
    for facts in each:
        clusters.add(entry("the same", **facts))

    assert len(clusters.found()) == 3


def test_memory_is_bounded_however_many_reasons_there_are() -> None:
    """What is beyond the bound is counted together, and says so."""
    clusters = Clusters()
    for number in range(MOST + 50):
        clusters.add(entry(f"no word {'z' * number}", source=f"h{number}"))
    for number in range(2000):
        clusters.add(entry("many senders", source=f"10.0.{number // 250}.{number % 250}:1"))

    found = clusters.found()

    assert len(found) == MOST + 1
    assert sum(cluster.count for cluster in found) == clusters.total == MOST + 2050
    assert (found[0].cause, found[0].count) == ("various", 2050)
    assert found[0].reason.startswith("further reasons")
    assert found[0].senders_more
    assert len(found[0].senders) == 1000


@pytest.mark.parametrize(
    ("source", "sender"),
    [
        ("192.0.2.7:40000", "192.0.2.7"),
        ("[2001:db8::7]:40000", "[2001:db8::7]"),
        ("calls-2026.csv", "calls-2026.csv"),
        ("", ""),
    ],
)
def test_a_sender_is_a_peer_without_its_port_or_a_file(source: str, sender: str) -> None:
    """A logger that connects again is the same logger."""
    assert sender_of(source) == sender


@given(st.lists(st.text(alphabet=st.sampled_from("aF0.:'\"\\ …报#-"), max_size=60), max_size=8))
def test_any_reason_finds_its_cluster_again(reasons: list[str]) -> None:
    """Whatever a reason holds: it is counted once, under the name that it computes."""
    clusters = Clusters()
    for reason in reasons:
        name = clusters.add(entry(reason)).id
        assert name == cluster_id("environment.hj212", "factor", reason)

    assert sum(cluster.count for cluster in clusters.found()) == len(reasons)
