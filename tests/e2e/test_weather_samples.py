"""Recorded weather and water data through a folder, to the last report accounted for."""

import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.e2e.samples import Run


async def test_metar_samples(run: Run, feeds_folder: Path, tmp_path: Path) -> None:
    """Each report is a record; those that differ only in their end are one."""
    async with run("weather/metar", f"drop:{tmp_path}") as feed:
        files = sorted((feeds_folder / "metar").glob("cn_*.txt"))
        lines = [line.strip(" =") for file in files for line in file.read_text().splitlines()]
        moved = [await feed.drop(file) for file in files]

        await feed.balance("metar")
        assert {path.parent.name for path in moved} == {"done"}
        reports = [record.weather_observation.report for record in await feed.records()]
        assert Counter(reports) == Counter(set(filter(None, lines)))
        assert not await feed.quarantined()


async def test_synop_samples(run: Run, feeds_folder: Path, tmp_path: Path) -> None:
    """Each report is a record, but the one that names no station."""
    async with run("weather/synop", f"drop:{tmp_path}") as feed:
        file = feeds_folder / "synop" / "pymetdecoder_synop.txt"
        lines = file.read_text().splitlines()
        moved = await feed.drop(file)

        await feed.balance("synop")
        assert moved.parent.name == "failed"
        assert len(await feed.records()) == len(lines) - 1
        (refused,) = await feed.quarantined()
        assert refused.cause == "station"
        assert refused.raw.decode().strip() in lines


async def test_a_bulletin_with_a_bad_report(run: Run, tmp_path: Path) -> None:
    """The good ones are stored, the bad one kept with its reason, in one file."""
    bulletin = tmp_path / "SACI31.txt"
    bulletin.write_bytes(
        b"\x01\r\r\n001\r\r\nSACI31 ZBAA 010600\r\r\nMETAR\r\r\n"
        b"ZSNJ 010600Z 05003MPS CAVOK 15/14 Q1017 NOSIG=\r\r\n"
        b"ZSSS 05003MPS CAVOK 15/14 Q1017=\r\r\nZSPD 010600Z NIL=\r\r\n\x03"
    )
    async with run("weather/metar", f"drop:{tmp_path / 'in'}") as feed:
        await feed.drop(bulletin)

        await feed.balance("bulletin")
        names = {record.name.rpartition("/")[2] for record in await feed.records()}
        assert names == {"ZSNJ", "ZSPD"}
        (refused,) = await feed.quarantined()
        assert refused.cause == "time"
        assert b"ZSSS" in refused.raw


async def test_reports_over_a_socket(run: Run) -> None:
    """A sender needs no file; where it hangs up, the last report has ended."""
    async with run("weather/metar", "tcp://127.0.0.1:0") as feed:
        answers = await feed.send(
            b"METAR ZSNJ 010600Z 05003MPS CAVOK 15/14 Q1017=\r\nSPECI ZSNJ 010617Z 05009MPS 0800 FG"
        )

        await feed.balance("socket")
        assert answers == b""
        times = {record.observed_at.ToDatetime().minute for record in await feed.records()}
        assert times == {0, 17}


async def test_nwis_samples(run: Run, feeds_folder: Path, tmp_path: Path) -> None:
    """Every answer is stored; polled again, nothing is."""
    async with run("water/nwis", f"drop:{tmp_path / 'in'}") as feed:
        files = sorted((feeds_folder / "usgs-nwis").glob("waterservices_*.txt"))
        moved = [await feed.drop(file) for file in files]
        stored = await feed.records()
        for file in files:
            again = tmp_path / f"again-{file.name}"
            shutil.copyfile(file, again)
            moved.append(await feed.drop(again))

        await feed.balance("usgs-nwis")
        assert {path.parent.name for path in moved} == {"done"}
        kinds = Counter(record.name.split("/")[1] for record in stored)
        assert kinds == {"water.level": 14, "station.report": 2}
        assert len(await feed.records()) == len(stored)
        assert feed.ledger.duplicates == len(stored)
        assert not await feed.quarantined()


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
async def test_a_station_s_page(run: Run, tmp_path: Path, encoding: str) -> None:
    """The observation and the warning are stored; a nameless warning is kept."""
    page = tmp_path / f"58238-{encoding}.json"
    page.write_text(
        '{"data": {"location": {"id": "58238", "name": "南京"}, "now": {"temperature": 24.6}, '
        '"alarm": [{"id": "32010041600000_20260701173012", "title": "南京市发布暴雨橙色预警", '
        '"effective": "2026/07/01 17:30", "eventType": "11B03", "severity": "ORANGE"}, '
        '{"title": "无名"}], "lastUpdate": "2026/07/01 17:35"}}',
        encoding=encoding,
    )
    folder = f"drop:{tmp_path / 'in'}"
    async with run("weather/cma_json", folder) as feed:
        moved = await feed.drop(page)

        await feed.balance(f"cma-json {encoding}")
        assert moved.parent.name == "failed"
        names = {record.name for record in await feed.records()}
        assert names == {
            "weather/weather.observation/58238",
            "weather/weather.warning/32010041600000_20260701173012",
        }
        (refused,) = await feed.quarantined()
        assert refused.raw == '{"title": "无名"}'.encode(encoding)
        assert refused.cause == "identifier"
