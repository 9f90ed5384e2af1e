"""Quarantines that heal, against the real server: nothing lost, nothing twice, books exact."""

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from adapters.runner import FeedRunner
from adapters.sdk.choice import Choice
from adapters.sdk.clusters import cluster_id
from adapters.sdk.feed import FeedConfig
from adapters.sdk.outward import Outward
from adapters.sdk.registry import adapter_of
from adapters.sdk.removal import Removal
from adapters.sdk.retrial import Retrial
from adapters.sdk.stamp import REDRIVEN_HEADER
from broker.connection import Bus
from broker.errors import QuarantineTaken
from broker.home import Home
from broker.outgoing import Outgoing
from broker.plan import BusPlan, stream_name
from broker.publisher import Publisher
from broker.quarantine import Kept, QuarantineEntry, outgoing
from broker.removals import Discard, RemovalsAccount
from broker.server import EmbeddedServer
from broker.streams import reconcile
from broker.subjects import feed_subject
from broker.users import feeds_stream, quarantine_stream
from liandong.feed.v1.feed_pb2 import Feed
from liandong.quantity.v1.quantity_pb2 import QUALITY_LEVEL_SUSPECT
from tests.adapters.sdk.patient import ALL, WHO, Patient, air, speak
from tests.conftest import small_plan

ZONE = ZoneInfo("Asia/Shanghai")
UNITS = {"a99001": "mg/m3"}
MORE_UNITS = UNITS | {"a99002": "mg/m3"}


@pytest.fixture
def patient(city_home: Home, plan: BusPlan) -> Patient:
    """Return a feed of HJ 212 that refuses factors without a unit."""
    return Patient(city_home, plan, "environment/hj212", unknown_factors="quarantine")


async def test_entries_become_records_in_their_order_once_a_unit_is_known(
    patient: Patient,
) -> None:
    """The quarantine is empty afterwards, each record names its entry, and the books balance."""
    await patient.send(*(air(second, station=1 + second % 2) for second in range(12)))
    before = await patient.entries()
    patient.mend(units=UNITS)

    outlook = await patient.redrive()
    found, records = await patient.deliveries(), await patient.records()
    audit = await patient.audit()

    assert (outlook.heals, outlook.stays, outlook.records, outlook.duplicates) == (12, 0, 12, 0)
    assert await patient.entries() == []
    assert [int(one.headers[REDRIVEN_HEADER]) for one in found] == [
        entry.sequence for entry in before
    ]
    assert [record.observed_at.seconds % 60 for record in records] == [*range(12)]
    assert [record.received_at.ToDatetime(UTC) for record in records] == [
        entry.received_at for entry in before
    ]
    assert (audit.findings, audit.healed, audit.quarantined, audit.stored) == ((), 12, 0, 0)
    assert (audit.feed.received, audit.feed.quarantined) == (12, 12)


async def test_a_dry_run_tells_what_would_come_and_changes_nothing(patient: Patient) -> None:
    """For each cluster: how many, an example, and of those that stay the reason of now."""
    await patient.send(air(1), air(2), air(3, "a99002"))
    before = await patient.entries()
    patient.mend(units=UNITS)

    outlook = await patient.try_out()
    first, second = outlook.healings()

    assert (outlook.heals, outlook.stays, outlook.records) == (2, 1, 2)
    assert (first.cluster.count, first.heals, first.stays.found()) == (2, 2, [])
    assert first.example is not None
    assert first.example.environment_air.measurements[0].unit == "mg/m3"
    assert (second.heals, second.example) == (0, None)
    (still,) = second.stays.found()
    assert (still.count, still.cause) == (1, "factor")
    assert "'a99002'" in still.reason
    assert await patient.entries() == before
    assert await patient.deliveries() == []
    assert (await patient.removals()).total == 0


async def test_what_still_fails_stays_and_heals_later(patient: Patient) -> None:
    """Part by part the books balance, and no entry is lost on the way."""
    await patient.send(air(1), air(2, "a99002"), air(3))
    patient.mend(units=UNITS)
    await patient.redrive()
    left, first = await patient.entries(), await patient.audit()

    patient.mend(units=MORE_UNITS)
    await patient.redrive()
    second = await patient.audit()

    assert [entry.raw for entry in left] == [air(2, "a99002").removesuffix(b"\r\n")]
    assert (first.findings, first.healed, first.quarantined) == ((), 2, 1)
    assert (second.findings, second.healed, second.quarantined) == ((), 3, 0)


async def test_only_what_is_chosen_is_tried(patient: Patient) -> None:
    """By cluster, by range, and the first so many."""
    await patient.send(*(air(second) for second in range(1, 6)), air(6, "a99002"))
    entries = await patient.entries()
    numbers = [entry.sequence or 0 for entry in entries]
    patient.mend(units=MORE_UNITS)
    last = entries[-1]

    await patient.redrive(Choice(cluster=cluster_id(last.feed, last.cause, last.reason)))
    await patient.redrive(Choice(start=numbers[3], upto=numbers[3]))
    await patient.redrive(Choice(limit=2))
    await patient.redrive(Choice(cause="crc"))

    assert [entry.sequence for entry in await patient.entries()] == [numbers[2], numbers[4]]
    assert (await patient.audit()).findings == ()


async def test_a_feed_goes_on_and_starts_again_while_its_quarantine_heals(
    patient: Patient,
) -> None:
    """What is driven again is in no count twice, before a restart of the feed and after it."""
    await patient.send(air(1), air(2))
    healthy = air(4, "a34004")
    async with patient.running() as runner:
        await speak(runner, air(3), healthy)
        patient.mend(units=UNITS)
        await _told(patient, runner)
        outlook = await patient.redrive()
        await speak(runner, air(5))
        running = runner.ledger
    await patient.send(air(6))
    audit = await patient.audit()

    assert running is not None
    assert (running.received, running.stored, running.quarantined) == (5, 1, 4)
    assert outlook.heals == 3
    assert (audit.findings, audit.healed) == ((), 3)
    assert (audit.feed.received, audit.feed.stored, audit.feed.quarantined) == (6, 2, 4)


async def _told(patient: Patient, runner: FeedRunner) -> None:
    """Wait until a feed has told all that it counted."""
    async with asyncio.timeout(30):
        while True:
            feed = (await patient.audit()).feed
            if runner.ledger is not None and feed.settled.received == runner.ledger.received:
                return


async def test_a_message_that_was_sent_again_and_stored_leaves_without_a_second_record(
    patient: Patient,
) -> None:
    """The live way and the way back give a record the same id."""
    await patient.send(air(1), air(2))
    patient.mend(units=UNITS)
    await patient.send(air(2))

    dry = await patient.try_out()
    outlook = await patient.redrive()
    audit = await patient.audit()

    assert (dry.records, dry.duplicates) == (2, 1)
    assert (outlook.heals, outlook.records, outlook.duplicates) == (2, 2, 1)
    assert len(await patient.deliveries()) == 2
    assert await patient.entries() == []
    assert audit.findings == ()
    assert (audit.feed.stored, audit.feed.quarantined, audit.healed) == (1, 2, 2)


async def test_a_record_is_known_after_the_server_has_forgotten_its_id(tmp_path: Path) -> None:
    """A quarantine is healed after days; the server refuses an id for minutes."""
    home = Home(tmp_path)
    plan = msgspec.structs.replace(small_plan(("environment",)), duplicate_window_s=1)
    async with EmbeddedServer(home, plan):
        await reconcile(home, plan)
        patient = Patient(home, plan, "environment/hj212", unknown_factors="quarantine")
        await patient.send(air(1))
        patient.mend(units=UNITS)
        await patient.send(air(1))
        await _forgotten(patient)

        outlook = await patient.redrive()

        assert (outlook.heals, outlook.duplicates) == (1, 1)
        assert len(await patient.deliveries()) == 1
        assert (await patient.audit()).findings == ()


async def _forgotten(patient: Patient) -> None:
    """Wait until the server no longer knows what was stored before now."""
    stream = stream_name(patient.feed.agency)
    probe = Outgoing(f"share.{patient.feed.agency}.station.report.probe", b"", "probe")
    duplicate = False
    async with patient.bus() as bus, asyncio.timeout(30):
        while True:
            async with Publisher(bus, stream) as publisher:
                stored = await publisher.publish(probe)
            if duplicate and not stored.duplicate:
                return
            duplicate = True


async def test_whoever_died_before_deleting_leaves_exact_books_and_the_next_deletes(
    patient: Patient,
) -> None:
    """The account was written and the entries are still there: they are counted once."""
    await patient.send(air(1), air(2), air(3))
    patient.mend(units=UNITS)
    first, second, _ = await patient.entries()
    async with patient.bus() as bus, RemovalsAccount(bus, patient.feed.id) as account:
        state = (await patient.audit()).feed
        leaving = (first.sequence or 0, second.sequence or 0)
        hours = {int(first.received_at.timestamp()) // 3600: 2}
        await account.write(
            msgspec.structs.replace(
                account.stands,
                since=state.counting_since.seconds,
                healed=2,
                hours=hours,
                leaving=leaving,
            )
        )
    between, held = await patient.audit(), await patient.entries()

    outlook = await patient.redrive()
    after = await patient.audit()

    assert len(held) == 3
    assert (between.findings, between.healed, between.quarantined) == ((), 2, 1)
    assert outlook.heals == 1
    assert await patient.entries() == []
    assert (after.findings, after.healed, after.quarantined) == ((), 3, 0)
    assert (await patient.removals()).leaving == ()


async def test_a_lost_entry_is_found_by_the_audit(patient: Patient) -> None:
    """What is deleted past the account is a difference, not an explanation."""
    await patient.send(air(1), air(2))
    (first, _) = await patient.entries()
    async with patient.bus() as bus:
        name = quarantine_stream(patient.feed.agency)
        await bus.nc.request(
            f"$JS.API.STREAM.MSG.DELETE.{name}", b'{"seq": %d}' % (first.sequence or 0)
        )

    assert (await patient.audit()).findings[0] == (
        "the books say 2 quarantined, held, healed and discarded are 1"
    )


async def test_packets_of_a_split_message_find_each_other_again(patient: Patient) -> None:
    """Each has an entry of its own; the last one's record holds the factors of both."""
    await patient.send(
        air(1, extra="PNUM=2;PNO=1;"),
        air(1, "a99002", extra="PNUM=2;PNO=2;"),
    )
    patient.mend(units=MORE_UNITS)

    await patient.redrive()
    whole = (await patient.records())[-1].environment_air

    assert [*whole.packets.merged] == [1, 2]
    assert {one.code for one in whole.measurements} == {"a99001", "a99002"}
    assert (await patient.audit()).findings == ()


async def test_two_at_once_exclude_one_another(patient: Patient) -> None:
    """The second is told who is at it, and changes nothing."""
    await patient.send(air(1))
    patient.mend(units=UNITS)
    async with patient.bus() as bus, Removal(bus, "environment", patient.feed.id, "ann@desk"):
        with pytest.raises(QuarantineTaken, match="ann@desk takes entries out"):
            await patient.redrive()
        assert len(await patient.entries()) == 1

    assert (await patient.redrive()).heals == 1


async def test_whoever_lost_its_claim_takes_nothing_more_out(patient: Patient) -> None:
    """A claim ends; who comes back from the dead is refused by the server itself."""
    await patient.send(air(1), air(2))
    patient.mend(units=UNITS)
    (first, _) = await patient.entries()
    async with patient.bus() as bus:
        slow = Removal(bus, "environment", patient.feed.id, "ann@desk")
        await slow.__aenter__()
        async with RemovalsAccount(bus, patient.feed.id) as account:
            past = datetime.now(UTC) - timedelta(seconds=1)
            await account.write(msgspec.structs.replace(account.stands, held_until=past))
        await patient.redrive(Choice(limit=1))
        with pytest.raises(QuarantineTaken) as refused:
            await slow.heal([first])
        await slow.__aexit__(QuarantineTaken, refused.value, None)
    audit = await patient.audit()

    assert (audit.findings, audit.healed, audit.quarantined) == ((), 1, 1)


async def test_entries_that_the_feed_has_not_told_are_left_alone(patient: Patient) -> None:
    """An adapter that starts counts them by what it finds; so they must be there."""
    await patient.send(air(1))
    patient.mend(units=UNITS)
    await _put(patient, air(2))

    outlook = await patient.redrive()
    given_up = await patient.discard(Choice(numbers=frozenset({_last(await patient.entries())})))
    await patient.send(air(3, "a34004"))
    then = await patient.redrive()

    assert (outlook.heals, outlook.waiting) == (1, 1)
    assert (given_up.count, given_up.waiting) == (0, 1)
    assert (then.heals, then.waiting) == (1, 0)
    assert (await patient.audit()).findings == ()


def _last(found: list[QuarantineEntry]) -> int:
    """Return the last entry's number."""
    return found[-1].sequence or 0


async def test_discarded_entries_stay_accounted_for_with_who_and_why(patient: Patient) -> None:
    """They are gone, the books balance, and the discard can be read."""
    await patient.send(air(1), air(2), air(3, "a99002"))
    entries = await patient.entries()

    done = await patient.discard(Choice(cause="factor", cluster=_cluster(entries[0])), "a drill")
    await patient.discard(Choice(numbers=frozenset({_last(entries)})), "not ours")
    audit, (drill, other) = await patient.audit(), (await patient.removals()).discards

    assert done.count == 2
    assert await patient.entries() == []
    assert (audit.findings, audit.discarded, audit.healed, audit.quarantined) == ((), 3, 0, 0)
    assert (drill.who, drill.why, drill.count) == (WHO, "a drill", 2)
    assert (drill.first, drill.last) == (entries[0].sequence, entries[1].sequence)
    assert drill.example.startswith("factor: factor is 'a99001'")
    assert (other.what, other.count) == (f"no. {_last(entries)}", 1)


def _cluster(entry: QuarantineEntry) -> str:
    """Return the name of an entry's cluster."""
    return cluster_id(entry.feed, entry.cause, entry.reason)


async def test_of_many_discards_the_latest_are_kept_and_the_others_counted(
    patient: Patient,
) -> None:
    """The account is bounded, and says what it has forgotten."""
    await patient.send(air(1))
    (entry,) = await patient.entries()
    async with patient.bus() as bus, RemovalsAccount(bus, patient.feed.id) as account:
        await patient.discard(Choice(cause="none"))
    async with patient.bus() as bus, Removal(bus, "environment", patient.feed.id, WHO) as removal:
        start = datetime.now(UTC)
        for number in range(105):
            note = _note(start + timedelta(seconds=number), number)
            await removal.discard([msgspec.structs.replace(entry, counted=False)], note)
    left = await patient.removals()

    assert account.stands.discards == ()
    assert [one.why for one in left.discards] == [f"{number}" for number in range(5, 105)]
    assert left.discards_forgotten == 5


def _note(at: datetime, number: int) -> Discard:
    """Write a note."""
    return Discard(at=at, who=WHO, why=f"{number}", what="all")


async def test_books_that_began_anew_do_not_have_what_left_before(patient: Patient) -> None:
    """The state was lost: the feed counts what it finds, and the account begins with it."""
    await patient.send(air(1), air(2), air(3))
    await patient.discard(Choice(limit=1))
    async with patient.bus() as bus:
        await _forget_state(bus, patient.feed)
    await patient.send(air(4))
    anew = await patient.audit()

    await patient.discard(Choice(limit=1))
    after = await patient.audit()

    assert (anew.findings, anew.feed.quarantined, anew.discarded) == ((), 3, 0)
    assert (after.findings, after.discarded, after.quarantined) == ((), 1, 2)


async def _forget_state(bus: Bus, feed: FeedConfig) -> None:
    """Put a feed's state back to the beginning, its books a minute younger."""
    state = Feed(name=f"{feed.agency}/{feed.id}", agency=feed.agency)
    state.counting_since.FromDatetime(datetime.now(UTC) + timedelta(minutes=1))
    async with Publisher(bus, feeds_stream(feed.agency)) as publisher:
        subject = feed_subject(feed.agency, feed.id)
        await publisher.publish(
            Outgoing(subject, state.SerializeToString(), f"{feed.id}-forgotten")
        )


async def test_a_feed_that_never_told_its_state_keeps_its_quarantine(patient: Patient) -> None:
    """Its counts are not known, so nothing can be accounted for."""
    with pytest.raises(LookupError, match="let it run once"):
        await patient.redrive()


async def test_bytes_that_are_valid_in_part_are_treated_as_they_are_live(
    patient: Patient,
) -> None:
    """The valid part is stored once, however often it is tried; the entry stays whole."""
    both = air(1) + air(2, "a99002")
    await _put(patient, both)
    await patient.send(air(3, "a34004"))
    patient.mend(units=UNITS)

    first, second = await patient.redrive(), await patient.redrive()
    (still,) = first.healings()[0].stays.found()

    assert (first.heals, first.stays, first.records, first.duplicates) == (0, 1, 1, 0)
    assert (second.heals, second.stays, second.records, second.duplicates) == (0, 1, 1, 1)
    assert "'a99002'" in still.reason
    assert [entry.raw for entry in await patient.entries()] == [both]
    assert len(await patient.records()) == 2
    assert (await patient.audit()).findings == ()


async def _put(patient: Patient, raw: bytes) -> None:
    """Put an entry into a feed's quarantine, as its adapter would."""
    entry = _entry(patient, raw)
    stream = quarantine_stream(entry.agency)
    async with patient.bus() as bus, Publisher(bus, stream) as publisher:
        await publisher.publish(outgoing(entry, f"{entry.feed}-{raw!r}"))


def _entry(
    patient: Patient, raw: bytes, kept: Kept = Kept.WHOLE, cause: str = ""
) -> QuarantineEntry:
    """Make an entry of a feed's quarantine."""
    return QuarantineEntry(
        agency=patient.feed.agency,
        feed=patient.feed.id,
        raw=raw,
        cause=cause,
        reason="made by a test",
        received_at=datetime.now(UTC),
        kept=kept,
    )


async def test_a_clock_that_is_ahead_is_doubted_by_when_the_message_came(
    patient: Patient,
) -> None:
    """However late it is tried again: as it would have been live."""
    ahead = datetime.now(UTC) + timedelta(hours=10)
    await patient.send(air(at=f"{ahead.astimezone(ZONE):%Y%m%d%H%M%S}"))
    patient.mend(units=UNITS)

    await patient.redrive()
    (record,) = await patient.records()

    assert record.quality.level == QUALITY_LEVEL_SUSPECT
    assert re.search(r"time is (599|600) min ahead of its receipt", record.quality.note)


async def test_an_entry_is_taken_out_of_the_hour_under_which_the_books_have_it(
    patient: Patient,
) -> None:
    """What waited in a spool arrived earlier than its entry was made; the stamp says when."""
    await patient.send(air(1))
    (entry,) = await patient.entries()
    stamped = int(entry.received_at.timestamp()) // 3600
    async with patient.bus() as bus, Removal(bus, "environment", patient.feed.id, WHO) as removal:
        await removal.heal([msgspec.structs.replace(entry, hour=stamped - 3)])

    assert entry.hour == stamped
    assert (await patient.removals()).hours == {stamped - 3: 1}


@pytest.mark.parametrize(
    ("kept", "cause", "said"),
    [
        (Kept.CONCEALED, "segment", "without the people in them"),
        (Kept.CUT, "segment", "only its first bytes"),
        (Kept.RECORD, "refused", "a record that the bus refused"),
        (Kept.WHOLE, "oversize", "may not be the whole message"),
        (Kept.WHOLE, "login", "its sender had not logged in when it came"),
    ],
)
async def test_bytes_that_are_not_the_message_are_not_tried(
    patient: Patient, kept: Kept, cause: str, said: str
) -> None:
    """They would become a record that nobody sent; the sentence says what to do."""
    entry = _entry(patient, air(1, "a34004"), kept, cause)

    attempt = Retrial(adapter_of(patient.feed)).of(entry)

    assert attempt.translated == ()
    assert attempt.refused is not None
    assert said in attempt.refused.reason
    assert "then discard this" in attempt.refused.reason


async def test_somebody_vouches_for_a_sender_who_had_not_logged_in(patient: Patient) -> None:
    """By choosing that cause; whoever chooses all chooses none of them."""
    entry = _entry(patient, air(1, "a34004"), cause="login")

    attempt = Retrial(adapter_of(patient.feed), is_vouched_for=True).of(entry)

    assert attempt.refused is None
    assert len(attempt.translated) == 1


async def test_bytes_that_hold_no_message_stay(patient: Patient) -> None:
    """Nothing leaves the quarantine that did not become a record."""
    entry = _entry(patient, b"\r\n", cause="garbage")

    attempt = Retrial(adapter_of(patient.feed)).of(entry)

    assert attempt.refused is not None
    assert attempt.refused.cause == "empty"


async def test_the_id_of_a_record_is_that_of_its_live_way(patient: Patient) -> None:
    """Stored live, and computed from the same bytes: one id."""
    await patient.send(air(1, "a34004"))
    (live,) = await patient.deliveries()
    entry = _entry(patient, air(1, "a34004"))
    (one,) = Retrial(adapter_of(patient.feed)).of(entry).translated

    assert Outward(patient.feed.id).message(one, "", b"").message_id == live.headers["Nats-Msg-Id"]


CALLS = "警单编号,报警时刻,事件类型,地址\nA-1,{at},道路积水,中山路1号\nA-2,{at},起火,中山路2号\n"
AT = "2026-06-15 18:00:00"
FIELDS = {"number": "警单编号", "reported_at": "报警时刻", "type": "事件类型"}


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
async def test_rows_are_read_under_their_header_again(
    city_home: Home, plan: BusPlan, tmp_path: Path, encoding: str
) -> None:
    """The header is kept with each row: unknown columns, mended in the options."""
    patient = Patient(city_home, plan, "police/incident_csv", f"drop:{tmp_path / 'in'}")
    await patient.drop(CALLS.format(at=AT).encode(encoding), 3)
    before = [(entry.cause, entry.raw.decode(encoding)) for entry in await patient.entries()]
    patient.mend(fields=FIELDS)

    outlook = await patient.redrive()
    found = {one.incident.number: one.incident.type for one in await patient.records()}
    (header,) = await patient.entries()

    assert [cause for cause, _ in before] == ["header"] * 3
    assert found == {"A-1": "道路积水", "A-2": "起火"}
    assert (outlook.heals, outlook.stays) == (2, 1)
    assert header.raw.decode(encoding) == CALLS.partition("\n")[0]
    await patient.discard(Choice(numbers=frozenset({header.sequence or 0})), "the header")
    assert (await patient.audit()).findings == ()


async def test_a_row_of_a_known_header_heals_alone(
    city_home: Home, plan: BusPlan, tmp_path: Path
) -> None:
    """One row had a time in a form that nobody had told."""
    options: dict[str, Any] = {"fields": FIELDS}
    patient = Patient(city_home, plan, "police/incident_csv", f"drop:{tmp_path / 'in'}", **options)
    rows = CALLS.format(at=AT).splitlines()
    rows[2] = rows[2].replace(AT, "15.06.2026 18h00")
    await patient.drop("\n".join(rows).encode(), 2)
    patient.mend(time_formats=["%d.%m.%Y %Hh%M"])

    await patient.redrive()

    assert [one.incident.number for one in await patient.records()] == ["A-1", "A-2"]
    assert await patient.entries() == []
    assert (await patient.audit()).findings == ()


HAZARDS: dict[str, Any] = {
    "kind": "safety.hazard",
    "entity": "{编号}",
    "format": {"type": "csv"},
    "fields": {"observed_at": "日期", "body.number": "编号", "body.description": "描述"},
}


@pytest.mark.parametrize("titles", [0, 1])
async def test_rows_of_a_mapping_are_read_under_their_header_again(
    city_home: Home, plan: BusPlan, tmp_path: Path, titles: int
) -> None:
    """The mapping named a column wrong, or did not know of the title above the header."""
    wrong = HAZARDS | ({} if titles else {"fields": HAZARDS["fields"] | {"observed_at": "时间"}})
    patient = Patient(
        city_home, plan, "mapping", f"drop:{tmp_path / 'in'}", "emergency", mapping=wrong
    )
    title = "隐患台账,,\n" * titles
    rows = "".join(f"H-{number},{AT},描述{number}\n" for number in range(8))
    await patient.drop(f"{title}编号,日期,描述\n{rows}".encode(), 9 + titles)
    patient.mend(mapping=HAZARDS | {"format": {"type": "csv", "skip_rows": titles}})

    outlook = await patient.redrive()
    found = [one.safety_hazard.description for one in await patient.records()]

    assert found == [f"描述{number}" for number in range(8)]
    assert (outlook.heals, outlook.stays) == (8, 1 + titles)
    assert {one.cause for healing in outlook.healings() for one in healing.stays.found()} <= {
        "empty",
        "header",
    }
    assert (await patient.audit()).findings == ()


async def test_a_choice_says_what_it_is() -> None:
    """For people, and beside the reason of a discard."""
    assert str(ALL) == "all"
    assert str(Choice(cause="crc", start=3, upto=9)) == "cause crc, from no. 3, to no. 9"
