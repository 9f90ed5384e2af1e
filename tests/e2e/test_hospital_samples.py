"""Recorded messages of hospitals over MLLP and HTTP, to the last message accounted for."""

from collections import Counter
from pathlib import Path

import httpx

from tests.e2e.samples import Run

BOM = b"\xef\xbb\xbf"


def on_the_wire(file: Path) -> bytes:
    """Return a file as a hospital sends it: in a block, its segments ended by CR."""
    return b"\x0b" + file.read_bytes().removeprefix(BOM).replace(b"\n", b"\r") + b"\x1c\r"


async def test_hl7v2_samples(run: Run, feeds_folder: Path) -> None:
    """Each message is a record and answered so; what stands between some is in quarantine."""
    files = [
        file
        for file in sorted((feeds_folder / "hl7v2").iterdir())
        if file.suffix in {".hl7", ".txt"}
    ]
    async with run("health/hl7v2", "mllp://127.0.0.1:0") as feed:
        answers = b"".join([await feed.send(on_the_wire(file)) for file in files])

        await feed.balance("hl7v2 over mllp")
        kinds = Counter(record.name.split("/")[1] for record in await feed.records())
        causes = Counter(entry.cause for entry in await feed.quarantined())
        assert kinds == {"health.movement": 7, "station.report": 21}
        # Ten of the twelve comments between messages are the same words.
        assert causes == {"not_hl7": 3}
        assert feed.ledger.duplicates == 9
        told = Counter(block.partition(b"\rMSA|")[2][:2] for block in answers.split(b"\x0b")[1:])
        # MSH-15 says AL in four messages and NE in three; one is an acknowledgement itself.
        assert told == {b"AA": 20, b"CA": 4, b"AR": 12}


async def test_have_samples(run: Run, feeds_folder: Path) -> None:
    """Each of seven hospitals is a record; the document posted again adds nothing."""
    document = (feeds_folder / "edxl-have" / "HAVE-2.0-wd.xml").read_bytes()
    async with (
        run("health/have", "http-listen://127.0.0.1:0/have") as feed,
        httpx.AsyncClient(timeout=30) as hospital,
    ):
        url = feed.runner.address.replace("http-listen", "http")
        statuses = [(await hospital.post(url, content=document)).status_code for _ in range(2)]

        await feed.balance("edxl-have over http")
        assert statuses == [200, 200]
        names = [record.name for record in await feed.records()]
        assert len(names) == len(set(names)) == 7
        assert not await feed.quarantined()
