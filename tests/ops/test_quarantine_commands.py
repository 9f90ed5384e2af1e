"""What `quarantine list` and `quarantine show` show."""

import asyncio
import base64
import json

from broker.api import call
from broker.connection import Bus, BusSettings
from broker.home import Home
from broker.streams import reconcile
from broker.users import admin
from ops.city import read_city
from tests.ops.conftest import Town


def test_what_could_not_be_translated_is_listed_with_the_reason(town: Town) -> None:
    """The operators see every department's, a department its own."""
    (everything,) = town.objects("quarantine", "list", "--entries")
    (own,) = town.objects("quarantine", "list", "--entries", "--as", "environment")
    shown = town.read("quarantine", "list", "--entries")

    assert everything == own
    assert (own["agency"], own["feed"], own["cause"]) == ("environment", "environment.hj212", "crc")
    assert own["reason"] in shown
    assert town.read("quarantine", "list", "--as", "police") == "the quarantine is empty\n"


def test_an_entry_is_shown_with_its_raw_bytes(town: Town) -> None:
    """As hexadecimal and text for people, as base64 for programs."""
    (entry,) = town.objects("quarantine", "list", "--entries", "--agency", "environment")
    number = str(entry["number"])
    (whole,) = town.objects("quarantine", "show", number)
    shown = town.read("quarantine", "show", number, "--as", "environment")

    assert b"MN=320100A0003" in base64.b64decode(whole["raw"])
    assert "000000  23 23 " in shown
    assert entry["reason"] in shown


def test_an_operator_who_looked_at_raw_bytes_is_on_record(town: Town) -> None:
    """The department whose they are sees who it was; its own looks are its own affair."""
    (entry,) = town.objects("quarantine", "list", "--entries", "--agency", "environment")
    number = str(entry["number"])
    looks = ("audit", "list", "--as", "environment", "--consumer", "ops")
    town.read("quarantine", "show", number, "--as", "environment")
    before = town.objects(*looks)
    town.read("quarantine", "show", number)
    (look,) = [one for one in town.objects(*looks) if one not in before]

    assert (look["method"], look["role"]) == ("Quarantine/Show", "command")
    assert look["action"]["numbers"] == [number]


async def test_a_quarantine_that_cannot_be_read_hides_no_other(town: Town) -> None:
    """The rest is listed, and one sentence and the status say that it is not all."""
    home, plan = Home(town.home), read_city(town.city).plan
    async with Bus(BusSettings.of(home, plan, admin("POLICE"))) as bus:
        await call(bus, "QUARANTINE_POLICE", "STREAM.DELETE.QUARANTINE_POLICE")
    try:
        done = await asyncio.to_thread(town.run, "quarantine", "list", "--json")
    finally:
        await reconcile(home, plan)

    (cluster,) = map(json.loads, done.stdout.splitlines())
    assert cluster["agency"] == "environment"
    assert done.returncode == 1
    assert "stream QUARANTINE_POLICE cannot be read" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_number_that_is_not_there_is_told(town: Town) -> None:
    """One sentence, and the exit status 1."""
    assert town.refused("quarantine", "show", "4711") == (
        1,
        "there is no entry 4711 in the quarantine",
    )


def test_a_department_cannot_read_the_quarantine_of_another(town: Town) -> None:
    """The command says so before the bus would."""
    status, sentence = town.refused("quarantine", "list", "--as", "police", "--agency", "water")

    assert status == 2
    assert sentence.startswith("police may read its own quarantine only")
