"""What the doctor says of streams, feeds, spools, quarantines, agreements and the city file."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from broker.api import call
from broker.connection import Bus
from broker.home import Home
from broker.outgoing import Outgoing
from broker.publisher import Publisher
from broker.quarantine import QuarantineEntry, outgoing
from broker.spool import Spool
from broker.streams import reconcile
from broker.subjects import feed_subject
from broker.users import admin
from liandong.feed.v1.feed_pb2 import (
    FEED_STATE_RUNNING,
    FRESHNESS_LATE,
    FRESHNESS_SILENT,
    Feed,
    Freshness,
)
from ops.city import read_city
from ops.doctor.finding import Finding, Weight
from tests.conftest import free_port
from tests.ops.conftest import Town, incident
from tests.ops.doctor.conftest import FOUND, altered, settings
from tests.running_city import until

_OTHER = """
[[feed]]
id = "environment.{name}"
adapter = "environment/hj212"
agency = "environment"
source = "tcp://127.0.0.1:{port}"
"""


_GROWS = (
    "quarantine of water grows: 60 entries in the last hour: "
    "see `liandong quarantine list --agency water`"
)


def test_a_stream_that_somebody_changed_is_told_with_what_differs(
    found: FOUND, patient: Town
) -> None:
    """Until the city makes it as defined again."""
    asyncio.run(altered(patient, "WATER", "WATER", allow_direct=False))
    told = found("streams")
    changes = _reconciled(patient)

    assert [(one.about, one.problem) for one in told] == [
        ("stream WATER", "differs from its definition in allow_direct")
    ]
    assert changes == ["changed allow_direct of stream WATER"]
    assert found("streams") == []


def test_a_stream_that_is_gone_is_told(found: FOUND, patient: Town) -> None:
    """Deleted by an administrator."""

    async def delete() -> None:
        async with Bus(settings(patient, admin("WATER"))) as bus:
            await call(bus, "QUARANTINE_WATER", "STREAM.DELETE.QUARANTINE_WATER")

    asyncio.run(delete())
    told = found("streams")
    _reconciled(patient)

    assert [(one.about, one.problem) for one in told] == [
        ("stream QUARANTINE_WATER", "is not there")
    ]


def test_a_stream_that_is_nearly_full_is_told_when_it_would_refuse(
    found: FOUND, patient: Town
) -> None:
    """Filled for real: the places of feeds, 16 MiB."""

    async def fill() -> None:
        async with (
            Bus(settings(patient, "water")) as bus,
            Publisher(bus, "KV_checkpoints") as publisher,
        ):
            for number in range(14):
                body = bytes(1_000_000)
                await publisher.publish(Outgoing(f"$KV.checkpoints.n{number}", body, f"{number}"))

    async def empty() -> None:
        async with Bus(settings(patient, admin("WATER"))) as bus:
            await call(bus, "KV_checkpoints", "STREAM.PURGE.KV_checkpoints")

    asyncio.run(fill())
    told = found("limits")
    asyncio.run(empty())

    assert [one.about for one in told] == ["stream KV_checkpoints"]
    assert "is nearly full (14.0 of 16.8 MB)" in told[0].problem
    assert found("limits") == []


def test_an_agency_whose_records_do_not_reach_the_city_is_told(found: FOUND, patient: Town) -> None:
    """The city's stream is full; with room again it catches up by itself."""

    async def state() -> dict[str, int]:
        async with Bus(settings(patient, "ops")) as bus:
            info: dict[str, dict[str, int]] = await call(bus, "CITY", "STREAM.INFO.CITY")
        return info["state"]

    held = asyncio.run(state())["bytes"]
    before = asyncio.run(altered(patient, "HUB", "CITY", max_bytes=held + 10))
    patient.read("publish", "-", "--as", "police", given=incident("full-1"))
    told = until(lambda: found("sources"))
    asyncio.run(altered(patient, "HUB", "CITY", max_bytes=before["max_bytes"]))
    until(lambda: not found("sources"))

    assert [one.about for one in told] == ["stream CITY"]
    assert "is 1 messages behind POLICE and does not catch up" in told[0].problem


def test_a_feed_that_never_ran_or_has_ended_is_told(
    found: FOUND, patient: Town, variant: Callable[..., Path]
) -> None:
    """Started by hand, ended, and missed."""
    city = variant(more=_OTHER.format(name="hand", port=free_port()))

    def told() -> list[Finding]:
        return [one for one in found("feeds", city) if one.about == "feed environment.hand"]

    never = told()
    running = patient.start("adapter", "run", "environment.hand", "--city", city)
    assert running.stdout is not None
    assert "ready" in running.stdout.readline()
    until(lambda: not told())
    running.terminate()
    running.communicate(timeout=30)
    ended = until(told)

    assert [one.problem for one in (*never, *ended)] == ["never ran", "does not run"]
    assert "logs/adapter-environment.hand.log" in never[0].remedy
    # Of the city that has no such feed it is good to know.
    assert {one.weight for one in found("feeds")} == {Weight.NOTE}


def test_silent_and_late_feeds_are_told_apart(
    found: FOUND, patient: Town, variant: Callable[..., Path]
) -> None:
    """Silence wants somebody; to be late is good to know. An old adapter is told too."""
    city = variant(more=_OTHER.format(name="other", port=free_port()))

    def told(
        check: str, freshness: Freshness.ValueType, word: str, version: str = "0.0.1"
    ) -> list[Finding]:
        feed = Feed(
            name="environment/environment.other",
            agency="environment",
            adapter_version=version,
            state=FEED_STATE_RUNNING,
            freshness=freshness,
        )
        feed.updated_at.FromDatetime(datetime.now(UTC))
        feed.usual_interval.FromSeconds(60)
        asyncio.run(_tell(patient, feed))
        return until(  # type: ignore[no-any-return]
            lambda: [one for one in found(check, city) if word in one.problem]
        )

    silent = told("feeds", FRESHNESS_SILENT, "silent")
    late = told("feeds", FRESHNESS_LATE, "late")
    old = told("versions", FRESHNESS_LATE, "0.0.1")

    assert [one.weight for one in (*silent, *late, *old)] == [
        Weight.WRONG,
        Weight.NOTE,
        Weight.WRONG,
    ]
    assert silent[0].problem.startswith("is silent, and an entity speaks every 1 min")
    assert old[0].remedy == "start the feed again"


def test_a_spool_that_holds_something_is_told_and_one_that_is_damaged(
    found: FOUND, patient: Town
) -> None:
    """By its file."""
    path = Home(patient.home).spool("police.gone")

    async def write() -> None:
        async with Spool(path, 1 << 20) as spool:
            await spool.append("POLICE", [Outgoing("share.police.x", b"x" * 1000, "1")])

    asyncio.run(write())
    holds = found("spools")
    path.write_bytes(b"no database at all" * 100)
    damaged = found("spools")
    for file in path.parent.glob("police.gone*"):
        file.unlink()

    assert holds[0].about == f"spool {path}"
    assert holds[0].problem == "holds 1 messages (0.0 MB) that the bus has not had"
    assert f"the spool {path} cannot be used" in damaged[0].problem
    assert found("spools") == []


def test_a_quarantine_that_grows_and_one_that_is_nearly_full_are_told(
    found: FOUND, patient: Town
) -> None:
    """Sixty entries within the hour; then with hardly more room than they take."""

    async def fill() -> int:
        async with (
            Bus(settings(patient, "water")) as bus,
            Publisher(bus, "QUARANTINE_WATER") as publisher,
        ):
            for number in range(60):
                entry = QuarantineEntry(
                    agency="water",
                    feed="water.x",
                    raw=bytes([number]),
                    cause="crc",
                    reason="it was damaged",
                    received_at=datetime.now(UTC),
                )
                await publisher.publish(outgoing(entry, f"entry-{number}"))
            info = await call(bus, "QUARANTINE_WATER", "STREAM.INFO.QUARANTINE_WATER")
        return int(info["state"]["bytes"])

    async def empty() -> None:
        async with Bus(settings(patient, admin("WATER"))) as bus:
            await call(bus, "QUARANTINE_WATER", "STREAM.PURGE.QUARANTINE_WATER")

    assert found("quarantines") == []
    held = asyncio.run(fill())
    grows = found("quarantines")
    asyncio.run(altered(patient, "WATER", "QUARANTINE_WATER", max_bytes=held + 1000))
    full = found("quarantines")
    _reconciled(patient)
    asyncio.run(empty())

    assert [one.sentence for one in grows] == [_GROWS]
    assert "is nearly full" in full[0].problem


def test_an_account_that_cannot_be_asked_is_told_and_the_others_are_looked_at(
    found: FOUND, patient: Town
) -> None:
    """The operators' key of one agency is not there."""
    seed = Home(patient.home).seed_path("ops.water")
    content = seed.read_bytes()
    seed.unlink()
    try:
        told = found("bus")
        streams = found("streams")
    finally:
        seed.write_bytes(content)
        seed.chmod(0o600)

    assert [one.about for one in told] == ["account WATER"]
    assert str(seed) in told[0].problem
    assert streams == []


def test_agreements_that_open_nothing_are_told_each_with_its_line(
    found: FOUND, variant: Callable[..., Path]
) -> None:
    """Ended, turned round, to oneself; an unanswered question is good to know."""
    text = """
[[agreement]]
id = "ended"
provider = "water"
consumer = "police"
kinds = ["water.level"]
valid_until = 2020-01-01T00:00:00Z

[[agreement]]
id = "never"
provider = "water"
consumer = "police"
kinds = ["water.level"]
valid_from = 2030-01-01T00:00:00Z
valid_until = 2029-01-01T00:00:00Z

[[agreement]]
id = "self"
provider = "water"
consumer = "water"
kinds = ["*"]

[[agreement]]
id = "asks"
provider = "police"
consumer = "water"
kinds = ["ask.beds"]
"""
    told = found("agreements", variant(agreements=text))

    assert [one.about.rpartition(", line ")[2] for one in told] == [
        "2, agreement ended",
        "9, agreement never",
        "17, agreement self",
        "23, agreement asks",
    ]
    assert [one.weight for one in told] == [*[Weight.WRONG] * 3, Weight.NOTE]
    assert told[0].problem == "ended 2020-01-01 00:00 UTC"


def test_agreements_that_refer_to_nothing_are_told_with_their_line(
    found: FOUND, variant: Callable[..., Path]
) -> None:
    """A department that is not there, and a kind that is none."""
    head = '[[agreement]]\nid = "a"\nprovider = "water"\n'
    nobody = found("agreements", variant(agreements=head + 'consumer = "fire"\nkinds = ["*"]\n'))
    no_kind = found(
        "agreements", variant(agreements=head + 'consumer = "police"\nkinds = ["water.wine"]\n')
    )
    broken = found("agreements", variant(agreements="[[agreement\n"))

    assert "line 4, agreement a: consumer is 'fire'" in nobody[0].problem
    assert "line 5, agreement a: kinds has 'water.wine'" in no_kind[0].problem
    assert "is no TOML" in broken[0].problem
    assert "stay in force" in broken[0].remedy


def test_feeds_and_responders_that_cannot_start_are_told(
    found: FOUND, variant: Callable[..., Path]
) -> None:
    """There is no such adapter, option or responder."""
    told = found(
        "city file",
        variant(
            ('adapter = "police/incident_csv"', 'adapter = "police/incident_cvs"'),
            ('responder = "water/levels_upstream"', 'responder = "water/levels_downstream"'),
        ),
    )

    assert "police/incident_cvs" in told[0].problem
    assert "water/levels_downstream" in told[1].problem


async def _tell(town: Town, feed: Feed) -> None:
    """Publish a feed's state as its adapter does."""
    async with (
        Bus(settings(town, "environment")) as bus,
        Publisher(bus, "FEEDS_ENVIRONMENT") as publisher,
    ):
        subject = feed_subject(*feed.name.split("/"))
        body = feed.SerializeToString()
        await publisher.publish(Outgoing(subject, body, f"{feed.freshness}{datetime.now(UTC)}"))


def _reconciled(town: Town) -> list[str]:
    """Make the streams as defined, as the city's next start does."""
    return asyncio.run(reconcile(Home(town.home), read_city(town.city).plan))
