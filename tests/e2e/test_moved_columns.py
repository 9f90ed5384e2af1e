"""Exports whose columns stand elsewhere in the next file, are missing or have another name."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from liandong.incident.v1.incident_pb2 import LEVEL_III
from tests.e2e.samples import Run, Running

CALLS = ["接警编号", "报警时间", "事件类型", "事件级别", "地址", "备注"]
MAPPING = """
kind = "safety.hazard"
entity = "{编号}"

[format]
type = "csv"

[fields]
observed_at = { column = "时间", format = "%Y-%m-%d %H:%M:%S" }
body.number = "编号"
body.description = "描述"
body.owner = "单位"
"""


def call(number: int) -> dict[str, str]:
    """Return a call of whose cells any two could be taken for one another."""
    cells = (f"A{number}", f"2026-07-01 20:0{number}:00", "火灾", "三级", f"中山路{number}号", "无")
    return dict(zip(CALLS, cells, strict=True))


def hazard(number: int) -> dict[str, str]:
    """Return a hazard of whose cells any two could be taken for one another."""
    return {
        "编号": f"H{number}",
        "时间": f"2026-07-01 20:0{number}:00",
        "描述": "堆放杂物",
        "单位": f"{number}号厂",
    }


def table(*rows: dict[str, str], renamed: dict[str, str] | None = None, header: bool = True) -> str:
    """Write rows under a header in their own order of cells."""
    names = [(renamed or {}).get(name, name) for name in rows[0]]
    lines = [names] if header else []
    return "".join(",".join(cells) + "\n" for cells in [*lines, *(row.values() for row in rows)])


def moved(row: dict[str, str]) -> dict[str, str]:
    """Return a row whose columns stand in the opposite order."""
    return dict(reversed(row.items()))


class Exports:
    """A feed's folder, and a place to write files."""

    def __init__(self, feed: Running, drafts: Path) -> None:
        self.feed = feed
        self._drafts = drafts

    async def drop(self, name: str, content: str) -> str:
        """Drop a file; return the folder where it ended."""
        draft = self._drafts / name
        draft.write_text(content, encoding="utf-8")
        return (await self.feed.drop(draft)).parent.name


@pytest.fixture
def exporting(run: Run, tmp_path: Path) -> Any:
    """Return how to run a feed of files."""

    @asynccontextmanager
    async def opened(adapter: str, **options: Any) -> AsyncIterator[Exports]:
        async with run(adapter, f"drop:{tmp_path / 'in'}", **options) as feed:
            yield Exports(feed, tmp_path)

    return opened


@pytest.fixture
def hazards(exporting: Any, tmp_path: Path) -> Any:
    """Return how to run a feed of hazards by a mapping."""
    mapping = tmp_path / "hazards.mapping.toml"
    mapping.write_text(MAPPING, encoding="utf-8")
    return lambda: exporting("mapping", agency="emergency", file=str(mapping))


async def require_calls(exports: Exports, *numbers: int) -> None:
    """Check that each call is a record, with each cell in its own field."""
    records = await exports.feed.records()
    assert [record.name.rpartition("/")[2] for record in records] == [f"A{n}" for n in numbers]
    for number, record in zip(numbers, records, strict=True):
        assert record.incident.type == "火灾"
        assert record.incident.level == LEVEL_III
        assert record.location.address == f"中山路{number}号"
        assert record.observed_at.ToDatetime().minute == number


async def test_columns_of_calls_are_found_by_name_wherever_they_stand(exporting: Any) -> None:
    """The same row in another order is a duplicate, a new one is a record."""
    async with exporting("police/incident_csv") as exports:
        assert await exports.drop("1.csv", table(call(1), call(2))) == "done"
        assert await exports.drop("2.csv", table(moved(call(2)), moved(call(3)))) == "done"

        await exports.feed.balance("calls whose columns moved")
        await require_calls(exports, 1, 2, 3)
        assert exports.feed.ledger.duplicates == 1


async def test_a_column_of_calls_that_has_another_name_is_missed_by_its_name(
    exporting: Any,
) -> None:
    """No row is read without it; each says what is missing and what there is."""
    async with exporting("police/incident_csv", preset="chinese", fields={"level": "事件级别"}) as (
        exports
    ):
        assert await exports.drop("1.csv", table(call(1))) == "done"
        renamed = table(call(2), call(3), renamed={"事件级别": "严重程度"})
        assert await exports.drop("2.csv", renamed) == "failed"

        await exports.feed.balance("calls of which a column was renamed")
        await require_calls(exports, 1)
        held = await exports.feed.quarantined()
        assert [entry.raw.decode() for entry in held] == renamed.splitlines()
        for entry in held:
            assert "there is no column '事件级别'" in entry.reason
            assert "严重程度" in entry.reason


@pytest.mark.parametrize("header", [False, True])
async def test_columns_that_are_configured_give_way_to_a_header(
    exporting: Any, *, header: bool
) -> None:
    """Files without one are read by position; one that has another order says so itself."""
    async with exporting("police/incident_csv", preset="chinese", columns=CALLS) as exports:
        assert await exports.drop("1.csv", table(call(1), header=header)) == "done"
        assert await exports.drop("2.csv", table(moved(call(2)))) == "done"

        await require_calls(exports, 1, 2)
        assert not await exports.feed.quarantined()


async def test_a_header_that_lacks_a_column_that_is_configured_is_refused(exporting: Any) -> None:
    """Its rows would else be read by position, each cell as another."""
    async with exporting("police/incident_csv", preset="chinese", columns=CALLS) as exports:
        renamed = table(moved(call(1)), renamed={"备注": "说明"})
        assert await exports.drop("1.csv", renamed) == "failed"

        await exports.feed.balance("calls that lack a configured column")
        assert not await exports.feed.records()
        reasons = [entry.reason for entry in await exports.feed.quarantined()]
        assert len(reasons) == 2
        assert all("there is no column '备注'" in reason for reason in reasons)


async def test_columns_of_a_mapping_are_found_by_name_wherever_they_stand(hazards: Any) -> None:
    """The mapping names columns, never positions."""
    async with hazards() as exports:
        assert await exports.drop("1.csv", table(hazard(1))) == "done"
        assert await exports.drop("2.csv", table(moved(hazard(1)), moved(hazard(2)))) == "done"

        await exports.feed.balance("a mapping whose columns moved")
        records = await exports.feed.records()
        read = [(one.safety_hazard.number, one.safety_hazard.owner) for one in records]
        assert read == [("H1", "1号厂"), ("H2", "2号厂")]
        assert {one.safety_hazard.description for one in records} == {"堆放杂物"}
        assert exports.feed.ledger.duplicates == 1


async def test_a_column_of_a_mapping_that_has_another_name_is_missed_by_its_name(
    hazards: Any,
) -> None:
    """With what was perhaps meant."""
    async with hazards() as exports:
        assert await exports.drop("1.csv", table(hazard(1))) == "done"
        renamed = table(hazard(2), hazard(3), renamed={"单位": "单位名"})
        assert await exports.drop("2.csv", renamed) == "failed"

        await exports.feed.balance("a mapping of which a column was renamed")
        assert len(await exports.feed.records()) == 1
        held = await exports.feed.quarantined()
        assert [entry.raw.decode() for entry in held] == renamed.splitlines()
        for entry in held:
            assert "the header names no column '单位'" in entry.reason
            assert "did you mean 单位名?" in entry.reason
