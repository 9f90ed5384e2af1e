"""A re-drive is killed in its middle, as a process; the next one ends what it began."""

import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from adapters.runner import FeedRunner
from adapters.sdk.audit import Audit
from broker.home import Home
from broker.outgoing import Outgoing
from broker.plan import BusPlan
from broker.publisher import Publisher
from broker.quarantine import QuarantineEntry, feeds_held, outgoing
from broker.removals import RemovalsAccount
from broker.users import quarantine_stream
from tests.adapters.sdk.patient import PATIENCE_S, Patient, air
from tests.running_city import LIANDONG

FRAMES = 3000
_RUNS = 3
_CITY = """
[city]
name = "t"

[nats]
port = {port}

[[agency]]
name = "environment"

[[feed]]
id = "{feed}"
adapter = "environment/hj212"
agency = "environment"
source = "tcp://127.0.0.1:1"
options = {{ unknown_factors = "quarantine", units = {{ a99001 = "mg/m3" }} }}
"""


async def test_a_redrive_that_is_killed_loses_nothing_and_stores_nothing_twice(
    city_home: Home, plan: BusPlan, tmp_path: Path
) -> None:
    """Killed three times at some moment: the books balance each time, in the end all is well."""
    patient = Patient(city_home, plan, "environment/hj212", unknown_factors="quarantine")
    await _fall_ill(patient)
    city = tmp_path / "city.toml"
    city.write_text(_CITY.format(port=plan.port, feed=patient.feed.id))

    audits: list[Audit] = []
    for below in (FRAMES, FRAMES - 600, FRAMES - 1300):
        await _kill_below(patient, city, below)
        audits.append(await patient.audit())
        await _wait_out(patient)
    patient.mend(units={"a99001": "mg/m3"})
    outlook = await patient.redrive()
    records, last = await patient.records(), await patient.audit()

    assert [audit.findings for audit in audits] == [()] * 3
    assert 0 < audits[0].healed < audits[2].healed < FRAMES
    assert outlook.heals == FRAMES - audits[2].healed
    assert sorted(record.observed_at.seconds for record in records) == sorted(
        {record.observed_at.seconds for record in records}
    )
    assert len(records) == FRAMES
    assert (last.findings, last.healed, last.quarantined) == ((), FRAMES, 0)


async def _fall_ill(patient: Patient) -> None:
    """Put many frames into a feed's quarantine, as its adapter would, and have it count them."""
    start, now = datetime(2024, 6, 1, tzinfo=UTC), datetime.now(UTC)
    messages: list[Outgoing] = []
    for number in range(FRAMES):
        at = start + timedelta(seconds=number)
        entry = QuarantineEntry(
            agency="environment",
            feed=patient.feed.id,
            raw=air(at=f"{at:%Y%m%d%H%M%S}", station=number % 7),
            cause="factor",
            reason="factor is 'a99001', expected a code with a unit",
            received_at=now,
        )
        messages.append(outgoing(entry, f"{patient.feed.id}-{number}"))
    async with (
        patient.bus() as bus,
        Publisher(bus, quarantine_stream("environment")) as publisher,
    ):
        await publisher.publish_all(messages)
    async with FeedRunner(patient.feed, patient.home, patient.plan) as runner:
        assert runner.ledger is not None
        assert runner.ledger.quarantined == FRAMES


async def _kill_below(patient: Patient, city: Path, below: int) -> None:
    """Run the command, and kill it when so few entries are left; again if it ended by itself."""
    for _ in range(_RUNS):
        process = await asyncio.create_subprocess_exec(
            *(LIANDONG, "quarantine", "redrive", "--apply", "--home", patient.home.path),
            *("--city", city, "--feed", patient.feed.id),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        is_killed = False
        async with patient.bus() as bus, asyncio.timeout(PATIENCE_S):
            while process.returncode is None and not is_killed:
                if (await feeds_held(bus, "environment"))[patient.feed.id] < below:
                    is_killed = True
                    with contextlib.suppress(ProcessLookupError):
                        process.kill()
        said, _ = await process.communicate()
        if is_killed:
            return
        print(f"the re-drive ended by itself: {said.decode()}")
    pytest.fail("no re-drive was there to be killed")


async def _wait_out(patient: Patient) -> None:
    """Let the claim of who was killed be over."""
    async with patient.bus() as bus, RemovalsAccount(bus, patient.feed.id) as account:
        assert account.stands.holder
        past = datetime.now(UTC) - timedelta(seconds=1)
        await account.write(msgspec.structs.replace(account.stands, held_until=past))
