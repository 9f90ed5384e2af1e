"""A re-drive is killed in its middle, as a process; the next one ends what it began."""

import asyncio
import contextlib
import os
import random
import signal
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from adapters.runner import FeedRunner
from broker.api import call
from broker.connection import Bus
from broker.home import Home
from broker.outgoing import Outgoing
from broker.plan import BusPlan, stream_name
from broker.publisher import Publisher
from broker.quarantine import QuarantineEntry, outgoing
from broker.removals import RemovalsAccount
from broker.users import quarantine_stream
from tests.adapters.sdk.patient import Patient, air
from tests.running_city import LIANDONG

FRAMES = 1200
KILLS = 2
AGENCY = "environment"
START = datetime(2024, 6, 1, tzinfo=UTC)
# So long it runs before it is looked at; for all frames it takes many times that.
SLICE_S = 0.02
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


@pytest.mark.timeout(300)
async def test_a_redrive_that_is_killed_loses_nothing_and_stores_nothing_twice(
    city_home: Home, plan: BusPlan, tmp_path: Path
) -> None:
    """Killed at moments of a seed: the books balance, and the next re-drive ends it well."""
    seed = int(os.environ.get("LIANDONG_SEED") or random.randrange(1 << 32))
    print(f"LIANDONG_SEED={seed}")
    chance = random.Random(seed)
    killed = 0
    # One that ends by itself before it can be killed is no kill, but must have done well, too.
    while killed < KILLS:
        patient = Patient(city_home, plan, "environment/hj212", unknown_factors="quarantine")
        await fall_ill(patient)
        city = tmp_path / f"{patient.feed.id}.toml"
        city.write_text(_CITY.format(port=plan.port, feed=patient.feed.id))

        status = await redrive(patient, city, kill_at=chance.randrange(1, FRAMES * 2 // 3))
        killed += status == -signal.SIGKILL
        await require_exact_books(patient)

        while status:
            await wait_out(patient)
            status = await redrive(patient, city)
            await require_exact_books(patient)
        await require_health(patient)


async def fall_ill(patient: Patient) -> None:
    """Put many frames into a feed's quarantine, as its adapter would, and have it count them."""
    now = datetime.now(UTC)
    messages: list[Outgoing] = []
    for number in range(FRAMES):
        at = START + timedelta(seconds=number)
        entry = QuarantineEntry(
            agency=AGENCY,
            feed=patient.feed.id,
            raw=air(at=f"{at:%Y%m%d%H%M%S}", station=number % 7),
            cause="factor",
            reason="factor is 'a99001', expected a code with a unit",
            received_at=now,
        )
        messages.append(outgoing(entry, f"{patient.feed.id}-{number}"))
    async with patient.bus() as bus, Publisher(bus, quarantine_stream(AGENCY)) as publisher:
        await publisher.publish_all(messages)
    async with FeedRunner(patient.feed, patient.home, patient.plan) as runner:
        assert runner.ledger is not None
        assert runner.ledger.quarantined == FRAMES


async def redrive(patient: Patient, city: Path, kill_at: int = 0) -> int:
    """Run the command; kill it once so many records are stored. Return how it ended.

    It runs a little, is stopped and looked at, and goes on: so what is seen is still true
    when it is killed, however slow the machine is.
    """
    async with patient.bus() as bus:
        before = await stored(bus)
        process = await asyncio.create_subprocess_exec(
            *(LIANDONG, "quarantine", "redrive", "--apply", "--home", patient.home.path),
            *("--city", city, "--feed", patient.feed.id),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        saying = asyncio.create_task(process.communicate())
        while kill_at:
            await asyncio.wait((saying,), timeout=SLICE_S)
            if process.returncode is not None:
                break
            process.send_signal(signal.SIGSTOP)
            is_time = await stored(bus) - before >= kill_at
            # It may have ended before it could be stopped.
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGKILL if is_time else signal.SIGCONT)
            if is_time:
                break
        said, _ = await saying
    assert process.returncode is not None
    # On a machine that stalls it may give the bus up in time; then it says so.
    assert b"Traceback" not in said, said.decode()
    return process.returncode


async def stored(bus: Bus) -> int:
    """Return how many records the agency's stream holds."""
    stream = stream_name(AGENCY)
    count: int = (await call(bus, stream, f"STREAM.INFO.{stream}", {}))["state"]["messages"]
    return count


async def times_on_bus(patient: Patient) -> Counter[int]:
    """Return which frames are records, by their seconds since the first, and how often."""
    begin = int(START.timestamp()) - 8 * 3600
    return Counter(record.observed_at.seconds - begin for record in await patient.records())


async def times_held(patient: Patient) -> set[int]:
    """Return which frames are in the quarantine still, likewise."""
    raws = [entry.raw for entry in await patient.entries()]
    return {int((at_of(raw) - START).total_seconds()) for raw in raws}


def at_of(raw: bytes) -> datetime:
    """Return the time that a frame says, taken for UTC."""
    text = raw.partition(b"DataTime=")[2][:14].decode()
    return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)


async def require_exact_books(patient: Patient) -> None:
    """Check that each frame is a record once, or in quarantine still, and that it adds up."""
    records, held = await times_on_bus(patient), await times_held(patient)
    assert set(records.values()) <= {1}
    assert records.keys() | held == set(range(FRAMES))
    assert (await patient.audit()).findings == ()


async def require_health(patient: Patient) -> None:
    """Check that each frame is a record, once, and that nothing is left."""
    assert await times_on_bus(patient) == Counter(range(FRAMES))
    assert not await patient.entries()
    audited = await patient.audit()
    assert (audited.findings, audited.healed, audited.quarantined) == ((), FRAMES, 0)


async def wait_out(patient: Patient) -> None:
    """Let the claim of who was killed be over."""
    async with patient.bus() as bus, RemovalsAccount(bus, patient.feed.id) as account:
        past = datetime.now(UTC) - timedelta(seconds=1)
        await account.write(msgspec.structs.replace(account.stands, held_until=past))
