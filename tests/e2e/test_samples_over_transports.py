"""Recorded messages through each adapter's real transport, to the last byte accounted for.

Where an adapter's reading differs from ``expected.json``, the adapters' own sample tests
give the clause.
"""

import json
import shutil
from collections import Counter
from pathlib import Path

from adapters.sdk.audit import audit
from tests.e2e.samples import Run


async def test_hj212_samples(run: Run, feeds_folder: Path) -> None:
    """Frames with a right checksum are records, the others are in quarantine."""
    folder = feeds_folder / "hj212"
    expected = json.loads((folder / "expected.json").read_text())
    frames = [frame for lot in expected.values() for frame in lot]
    good = [frame for frame in frames if frame["len_ok"] and frame["crc_ok"]]
    async with run("environment/hj212", "tcp://127.0.0.1:0") as feed:
        for file in sorted(folder.glob("*.txt")):
            await feed.send(file.read_bytes())

        await feed.balance("hj212")
        records, bad = await feed.records(), await feed.quarantined()
        assert len(records) == len(good)
        assert len(bad) == len(frames) - len(good)
        stations = Counter(record.name.rpartition("/")[2] for record in records)
        wanted = Counter(
            {key.strip(", "): value for key, value in frame["head"].items()}["MN"] for frame in good
        )
        assert stations == wanted


async def test_gbk_log_of_a_receiver(run: Run, feeds_folder: Path) -> None:
    """A log in GBK sent to a socket by mistake is kept in quarantine, byte for byte."""
    content = (feeds_folder / "gb18030" / "gb212rx_20201203.log").read_bytes()
    async with run("environment/hj212", "tcp://127.0.0.1:0") as feed:
        await feed.send(content)

        await feed.balance("gb18030 log")
        kept = b"".join(entry.raw for entry in await feed.quarantined())
        assert kept.translate(None, b"\r\n") == content.translate(None, b"\r\n")


async def test_sl651_samples(run: Run, feeds_folder: Path) -> None:
    """Every good uplink message is at least one record; a picture of 13 packets is one."""
    async with run("water/sl651", "tcp://127.0.0.1:0") as feed:
        for file in sorted((feeds_folder / "sl651").glob("*.hex")):
            await feed.send(b"".join(map(bytes.fromhex, file.read_text().split())))

        await feed.balance("sl651")
        kinds = Counter(record.name.split("/")[1] for record in await feed.records())
        assert kinds["water.picture"] == 1
        causes = Counter(entry.cause for entry in await feed.quarantined())
        assert causes == {"crc": 2, "direction": 1}


async def test_cap_samples(run: Run, feeds_folder: Path, tmp_path: Path) -> None:
    """Every alert is a warning; XML that is none is in quarantine and its file in failed."""
    async with run("weather/cap", f"drop:{tmp_path}") as feed:
        files = sorted(f for f in (feeds_folder / "cap").iterdir() if f.suffix in {".cap", ".xml"})
        moved = [await feed.drop(file) for file in files]
        other = await feed.drop(feeds_folder / "gb18030" / "gb212_params.xml")

        await feed.balance("cap")
        assert {path.parent.name for path in moved} == {"done"}
        assert other.parent.name == "failed"
        sent = [record for record in await feed.records() if record.weather_warning.infos]
        assert len(sent) >= len(files) - 1
        assert [entry.cause for entry in await feed.quarantined()] == ["not_cap"]


async def test_dispatch_samples(run: Run, feeds_folder: Path, tmp_path: Path) -> None:
    """Each of 1,500 rows is a record or a duplicate; the same file again adds nothing."""
    file = feeds_folder / "cad-911" / "montgomery_911_part1.csv"
    async with run(
        "police/incident_csv",
        f"drop:{tmp_path / 'in'}",
        preset="montgomery-911",
    ) as feed:
        await feed.drop(file)
        stored = len(await feed.records())
        again = tmp_path / "again.csv"
        shutil.copyfile(file, again)
        await feed.drop(again)

        await feed.balance("cad-911")
        assert feed.ledger.received == 3000
        assert len(await feed.records()) == stored
        assert not await feed.quarantined()


async def test_the_audit_finds_the_books_of_a_feed_balanced(run: Run, feeds_folder: Path) -> None:
    """What `liandong feeds --audit` checks holds after good, bad and repeated frames."""
    content = (feeds_folder / "hj212" / "guocay_test.txt").read_bytes()
    async with run("environment/hj212", "tcp://127.0.0.1:0") as feed:
        await feed.send(content)
        await feed.send(content)
        found = await audit(feed.bus, "environment", feed.feed.id)

    assert found.findings == ()
    assert found.stored == 3
    assert found.quarantined == 4
