"""The worked examples, through the real file drop, onto the real bus: every record, every field.

The demo city runs as its file has it; `expected/` holds the records, less when they came and
the digest of their bytes.
"""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict

from adapters.mapping.trial import main
from adapters.runner import FeedRunner
from adapters.sdk.stamp import FEED_HEADER
from broker.connection import Bus, BusSettings
from broker.home import Home
from broker.plan import BusPlan, stream_name
from broker.quarantine import entries
from broker.server import EmbeddedServer
from broker.streams import reconcile
from broker.subscriber import scan
from liandong.record.v1.record_pb2 import Record
from ops.city import City, read_city
from tests.conftest import Books, small_plan

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples" / "mappings"
EXPECTED = Path(__file__).parent / "expected"
_DIGITS = 9
_TIME = "expected a time as"
_WORD = "add the word to `values`, or set `otherwise`"
# Feed: its demo file, and why a row of it is in quarantine.
FEEDS = {
    "safety.hazards": (
        "hazards.csv",
        f"line 8: column 隐患等级 is '较大', expected one of 重大, 一般 for body.grade: {_WORD}",
    ),
    "construction.inspections": (
        "site_inspections.jsonl",
        "line 4: column item is '', expected a value",
    ),
    "urban.grid": (
        "grid_events.xml",
        f"entry 4: column 更新时间 is '7月1日傍晚', {_TIME} %Y年%m月%d日 %H时%M分 for observed_at",
    ),
    "transport.crowds": (
        "station_crowds.txt",
        f"line 5: column 日期, 时刻 is '20250701 / 1865', {_TIME} %Y%m%d %H%M for observed_at",
    ),
    "police.dispatch": (
        "dispatch.jsonl",
        f"line 4: column CATEGORY is '7', expected one of 1, 2, 3, 4 for body.category: {_WORD}",
    ),
}


@pytest.fixture(scope="module")
def city() -> City:
    """Return the demo city."""
    return read_city(EXAMPLES / "city.toml")


@pytest.fixture(scope="module")
async def bus(
    city: City, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Home, BusPlan]]:
    """Run the demo city's bus."""
    home = Home(tmp_path_factory.mktemp("mappings"))
    plan = small_plan(tuple(agency.name for agency in city.agencies))
    async with EmbeddedServer(home, plan):
        await reconcile(home, plan)
        yield home, plan


async def _drop(file: Path, folder: Path, name: str) -> str:
    """Put a file into a folder; return where it was moved to."""
    shutil.copyfile(file, folder / f".{name}")
    (folder / f".{name}").rename(folder / name)
    async with asyncio.timeout(30):
        while True:
            for outcome in ("done", "failed"):
                if (folder / outcome / name).exists():
                    return outcome
            await asyncio.sleep(0.02)


def _plain(record: Record) -> dict[str, Any]:
    """Return a record less what differs from run to run."""
    record.ClearField("received_at")
    assert len(record.provenance.raw_sha256) == 32
    record.provenance.ClearField("raw_sha256")
    record.provenance.ClearField("trace_id")
    if record.location.HasField("point"):
        # The last digits of a sine are the machine's.
        point = record.location.point
        point.latitude_deg = round(point.latitude_deg, _DIGITS)
        point.longitude_deg = round(point.longitude_deg, _DIGITS)
    return MessageToDict(record, preserving_proto_field_name=True)


@pytest.mark.parametrize("feed_id", FEEDS)
async def test_every_row_of_the_example_is_on_the_bus_or_in_quarantine(
    city: City, bus: tuple[Home, BusPlan], feed_id: str, books: Books
) -> None:
    """And the same file again adds nothing."""
    home, plan = bus
    feed = city.feed(feed_id)
    file, reason = FEEDS[feed_id]
    settings = BusSettings.of(home, plan, feed.agency)
    async with FeedRunner(feed, home, plan) as runner, Bus(settings) as reader:
        folder = Path(runner.address.removeprefix("drop:"))
        first = await _drop(EXAMPLES / file, folder, f"1-{file}")
        second = await _drop(EXAMPLES / file, folder, f"2-{file}")

        found = [
            _plain(Record.FromString(delivery.payload))
            async for delivery in scan(reader, stream_name(feed.agency), f"share.{feed.agency}.>")
            if delivery.headers.get(FEED_HEADER) == feed_id
        ]
        refused = [entry async for entry in entries(reader, feed.agency, feed_id)]
        assert runner.ledger is not None
        books(f"{feed_id} by mapping", runner.ledger)
        assert runner.ledger.stored == len(found)

    assert found == json.loads((EXPECTED / f"{feed_id}.json").read_text(encoding="utf-8"))
    assert [entry.reason for entry in refused] == [reason]
    assert (EXAMPLES / file).read_bytes().count(refused[0].raw) == 1
    assert first == second == "failed"


def test_a_mapping_can_be_tried_without_a_bus(capsys: pytest.CaptureFixture[str]) -> None:
    """`python -m adapters.mapping` prints records, and why rows make none."""
    status = main([str(EXAMPLES / "hazards.mapping.toml"), str(EXAMPLES / "hazards.csv")])

    printed = capsys.readouterr().out
    assert status == 1
    assert '"number": "YH20250701001"' in printed
    assert f"refused: {FEEDS['safety.hazards'][1]}" in printed
    assert "4 records, 1 rows refused" in printed


def test_a_wrong_mapping_is_told_when_it_is_tried(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the line, as the feed would tell it."""
    text = (EXAMPLES / "hazards.mapping.toml").read_text(encoding="utf-8")
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(text.replace("body.owner", "body.ower"), encoding="utf-8")

    status = main([str(wrong), str(EXAMPLES / "hazards.csv")])

    assert status == 2
    assert "did you mean body.owner" in capsys.readouterr().out
