"""Nothing by which a patient can be known gets onto the bus.

All recorded messages and some of our own go through a real socket and a real folder, good
and broken; then every message of every stream of every account is searched, and the
server's files and what was logged besides.
"""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote_to_bytes

import pytest

from adapters.runner import FeedRunner
from adapters.sdk.feed import FeedConfig
from broker.connection import Bus, BusSettings
from broker.definitions import definitions
from broker.home import Home
from broker.plan import BusPlan
from broker.quarantine import Kept, entries
from broker.server import EmbeddedServer
from broker.streams import reconcile
from broker.subscriber import scan
from broker.users import admin
from tests.conftest import small_plan

OURS = [
    "欧阳娜娜",
    "320102198807072345",
    "19880707",
    "13912345678",
    "珠江路一号",
    "PATIENT-77",
    "VISIT-88",
    "ACCOUNT-99",
    "吃了生鸡蛋",
]
_KEY = re.compile(rb"\b[AUX][A-Z2-7]{55}\b")
_KEPT_BY_DESIGN = {"EVN": (1, 2, 6), "PV1": (2, 3, 6), "OBR": (4, 7, 22), "OBX": (2, 3)}
_NOBODY = {"test", "name", "Reason", "EMERGENCY", "0000000000", "27268008"}
"""Words of the messages that the bus has of itself, and the finding that is notifiable."""


def _message(kind: str, control_id: str, *more: str, time: str = "20260701083000+0800") -> bytes:
    """Return a message that says all that there is about our own patient."""
    patient = (
        "PID|1||PATIENT-77^^^NJ1||欧阳娜娜||19880707|F|||珠江路一号||13912345678"
        "|||||ACCOUNT-99|320102198807072345"
    )
    segments = (
        f"MSH|^~\\&|HIS|NJ1|BUS|CITY|{time}||{kind}|{control_id}|P|2.5.1||||||GB 18030-2000",
        patient,
        "NK1|1|欧阳娜娜的父亲|FTH|珠江路一号|13912345678",
        "PV1|1|I|ICU^1^2^NJ1" + "|" * 16 + "VISIT-88",
        "NTE|1||欧阳娜娜吃了生鸡蛋",
        *more,
    )
    return "\r".join((*segments, "")).encode("gb18030")


def _broken() -> Iterator[bytes]:
    """Yield messages that cannot be records, each in its own way."""
    good = _message("ADT^A01", "1")
    yield _message("ADT^A01", "2", time="soon")
    yield _message("", "3")
    yield _message("欧阳娜娜", "4")
    yield good.replace(b"|P|2.5.1", "|欧阳娜娜|2.5.1".encode("gb18030"))
    yield good.replace(b"GB 18030-2000", b"UNICODE UTF-8")
    yield good.replace(b"MSH|^~\\&", b"MSH|^^^^")
    yield good.partition(b"\r")[2]
    yield b"NO HL7 " + "欧阳娜娜 320102198807072345".encode()
    yield good.replace(b"\r", b" ")
    yield _message("ORU^R01", "5", "OBX|1|TX|8251-1||" + "欧阳娜娜" * 20_000)


def _secrets(samples: list[Path]) -> set[str]:
    """Return every word of the recorded messages, but for what is kept by design."""
    text = "\n".join(file.read_text("utf-8-sig") for file in samples)
    found: set[str] = set()
    kept = ""
    for line in re.split(r"[\r\n]+", text):
        name, *fields = line.split("|")
        if not re.fullmatch(r"[A-Z][A-Z0-9]{2}", name):
            continue
        by_design = range(20) if name == "MSH" else _KEPT_BY_DESIGN.get(name, ())
        kept += "|".join(field for place, field in enumerate(fields, 1) if place in by_design)
        rest = "^".join(field for place, field in enumerate(fields, 1) if place not in by_design)
        found.update(word.strip() for word in re.split(r"[\^~&}]", rest))
    # Shorter words and numbers are codes, or stand in others by chance.
    telling = {word for word in found if re.search(r"\d{6}|[A-Za-z]{4}", word)}
    return {word for word in telling - _NOBODY if word not in kept}


@pytest.fixture
async def own_city(tmp_path: Path) -> AsyncIterator[tuple[Home, BusPlan]]:
    """Run a bus that carries nothing but this test's messages."""
    home, plan = Home(tmp_path / "city"), small_plan()
    async with EmbeddedServer(home, plan):
        await reconcile(home, plan)
        yield home, plan


async def _everything(home: Home, plan: BusPlan) -> bytes:
    """Return all that is on the bus: subjects, headers and payloads, also unquoted."""
    pieces: list[bytes] = []
    for stream in definitions(plan):
        assert stream.config.name is not None
        async with Bus(BusSettings.of(home, plan, admin(stream.account))) as bus:
            async for delivery in scan(bus, stream.config.name, ">"):
                head = repr(dict(delivery.headers)).encode()
                pieces += [delivery.subject.encode(), head, delivery.payload]
    content = b"\n".join(pieces)
    return content + unquote_to_bytes(content)


async def _send(address: str, content: bytes) -> bytes:
    """Send bytes over a socket of their own; return the answers."""
    host, port = address.removeprefix("tcp://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(content)
    writer.write_eof()
    async with asyncio.timeout(60):
        answers = await reader.read()
    writer.close()
    return answers


async def _settled(folder: Path, count: int) -> None:
    """Wait until files have been moved to where they belong."""
    async with asyncio.timeout(60):
        while True:
            if _count(folder) >= count:
                return
            await asyncio.sleep(0.05)


def _count(folder: Path) -> int:
    """Return how many files have been moved."""
    return len([*folder.glob("*/*")])


def _spellings(word: str) -> set[bytes]:
    """Return how a word may be written on the bus."""
    return {word.encode("utf-8"), word.encode("gb18030"), word.encode("unicode_escape")}


async def test_no_patient_is_found_on_the_whole_bus(
    own_city: tuple[Home, BusPlan],
    feeds_folder: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Neither names, numbers, addresses nor birth dates; in no stream, file or log."""
    home, plan = own_city
    samples = [f for f in sorted((feeds_folder / "hl7v2").iterdir()) if f.suffix != ".md"]
    secrets = {*OURS, *_secrets(samples)}
    options = {
        "wards": {"NJ1/ICU": {"baseline": 9}},
        "census_at": "2026-06-30T00:00:00Z",
        "notifiable": ["625-4", "718-7", "8251-1"],
        "max_message_bytes": 100_000,
    }
    common: dict[str, Any] = {"adapter": "health/hl7v2", "agency": "health", "options": options}
    socket = FeedConfig(id="health.socket", source="tcp://127.0.0.1:0", **common)
    folder = FeedConfig(id="health.folder", source=f"drop:{tmp_path / 'in'}", **common)
    good = [_message(f"ADT^A0{number}", f"G{number}") for number in (1, 2, 3, 8)]
    answers = b""

    async with FeedRunner(socket, home, plan) as server, FeedRunner(folder, home, plan) as drop:
        for file in samples:
            answers += await _send(server.address, file.read_bytes())
        for raw in (*good, *good, *_broken()):
            answers += await _send(server.address, b"\x0b" + raw + b"\x1c\r")
        answers += await _send(server.address, b"\x0b" + good[0][:-60])
        target = tmp_path / "in" / "欧阳娜娜 320102198807072345.hl7"
        for number, raw in enumerate((*good, *_broken())):
            draft = target.with_name(f".{number}")
            draft.write_bytes(raw)
            draft.rename(target.with_stem(f"{target.stem} {number}"))
        await _settled(tmp_path / "in", len(good) + len([*_broken()]))
        assert server.ledger is not None
        assert drop.ledger is not None
        counts = {
            runner.feed.id: (
                runner.ledger.received,
                runner.ledger.stored,
                runner.ledger.quarantined,
            )
            for runner in (server, drop)
            if runner.ledger is not None
        }
        async with Bus(BusSettings.of(home, plan, "health")) as bus:
            held = [entry async for entry in entries(bus, "health")]

    content = await _everything(home, plan)
    for file in home.nats_dir.rglob("*"):
        content += file.read_bytes() if file.is_file() else b""
    # Keys are letters at random, among which a short name is found now and then.
    content = _KEY.sub(b"", content) + "".join(capfd.readouterr()).encode()
    print(f"\n{len(secrets)} words, {len(content)} bytes searched; {counts}")

    # The search finds what is there: the senders, the wards, the control ids.
    for there in ("NJ1", "ICU", "599102", "HOMERTON UNIVER", "625-4", "health.movement"):
        assert there.encode() in content
    assert len(secrets) > 700
    assert {"欧阳娜娜", "DONALD", "19241010", "111 DUCK ST", "Timothy", "Huckleberry"} <= secrets
    assert counts["health.socket"][1] > 30
    assert counts["health.socket"][2] >= len([*_broken()])
    assert {entry.cause for entry in held} >= {"not_hl7", "encoding", "time", "oversize", "framing"}
    # What was blanked must not be tried again: it would become a record of nobody.
    assert {entry.kept for entry in held} == {Kept.CONCEALED}
    found = {word for word in secrets for one in _spellings(word) if one in content}
    assert found == set()
    # A sender hears of its own message what the bus never does; not even that is the case.
    assert not [word for word in OURS for one in _spellings(word) if one in answers]
    assert b"MSA|AA|G1" in answers
    assert b"MSA|AE|2|" in answers
    assert b"MSA|AR||" in answers
    shutil.rmtree(tmp_path / "in")
