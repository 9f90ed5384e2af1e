"""Logs of this program and of its libraries."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import free_port
from tests.ops.conftest import Town
from tests.running_city import until

_NAME, _NUMBER, _PHONE, _ADDRESS = "欧阳娜娜", "320102198807072345", "13912345678", "珠江路一号"
_PEOPLE = """
[[agency]]
name = "health"

[[feed]]
id = "health.hl7"
adapter = "health/hl7v2"
agency = "health"
source = "tcp://127.0.0.1:{port}"

[[feed]]
id = "health.folder"
adapter = "health/hl7v2"
agency = "health"
source = "drop:inbox/health"
"""
_CALLS = f"""接警编号,报警时间,事件类型,事件级别,经度,纬度,地址,处置状态,报警电话
A-1,2026-07-01 08:00:00,道路积水,一般,118.7886,32.0436,{_ADDRESS},处置中,{_PHONE}
A-2,{_PHONE},道路积水,一般,{_PHONE},32.0436,{_ADDRESS} {_NAME},处置中,{_PHONE}
A-3,2026-07-01 08:00:00,{_NAME},{_PHONE},118.7886,32.0436,{_NUMBER},{_PHONE},{_PHONE}
"""

_EVENTS = """
import logging, warnings
import structlog
from ops import logs
logs.configure("info")
structlog.get_logger().info("ours", n=1)
logging.getLogger("asyncio").warning(
    "returning true from eof_received() has no effect when using ssl")
logging.getLogger("asyncio").warning("something else of asyncio")
logging.getLogger("nats.aio.client").error("a library's, %d", 2)
warnings.warn("a warning")
try:
    1 / 0
except ZeroDivisionError:
    structlog.get_logger().exception("broken")
"""
_QUOTING = """
import structlog
from ops import logs
logs.configure("info")
try:
    try:
        open("/nowhere/at/all")
    except OSError as error:
        raise ExceptionGroup("of 13912345678", [ValueError("13912345678"), error]) from error
except ExceptionGroup:
    structlog.get_logger().exception("broken")
try:
    int("13912345678, 欧阳娜娜")
except ValueError as error:
    error.add_note("13912345678")
    structlog.get_logger().error("broken", exc_info=error)
"""


def test_each_event_is_one_line_of_json_and_one_noise_is_left_out() -> None:
    """Libraries' records and warnings are events like our own; tracebacks do not break lines."""
    done = subprocess.run(
        [sys.executable, "-c", _EVENTS],
        env={"LIANDONG_LOG": "json"},
        capture_output=True,
        text=True,
        check=True,
    )
    events = [json.loads(line) for line in done.stderr.splitlines()]

    assert [event["event"].splitlines()[0].split(": ")[-1] for event in events] == [
        "ours",
        "something else of asyncio",
        "a library's, 2",
        "a warning",
        "broken",
    ]
    assert events[-1]["exception"][0]["exc_type"] == "ZeroDivisionError"
    assert all(event["level"] and event["timestamp"] for event in events)


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize("level", ["info", "debug"])
def test_an_exception_is_told_without_the_value_that_it_quotes(form: str, level: str) -> None:
    """Type, place, and the operating system's words; all of it only at level debug."""
    done = subprocess.run(
        [sys.executable, "-c", _QUOTING],
        env={"LIANDONG_LOG": form, "LIANDONG_LOG_LEVEL": level, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert ("13912345678" in done.stderr) == ("欧阳娜娜" in done.stderr) == (level == "debug")
    assert all(word in done.stderr for word in ("ValueError", "ExceptionGroup", "/nowhere/at/all"))


async def test_what_feeds_say_of_people_is_in_no_log(tmp_path: Path) -> None:
    """Good, broken and cut messages, by socket and by folder, a file's name, a refused call."""
    town = Town(tmp_path / "town")
    port = free_port()
    with town.city.open("a") as city:
        city.write(_PEOPLE.format(port=port))
    with town.up():
        inbox = town.home / "inbox"
        _drop(inbox / "health" / f"{_NAME} {_NUMBER}.hl7", _admission())
        _drop(inbox / "police" / "calls.csv", _CALLS.encode("gb18030"))
        for message in (_admission(), _admission()[:-40], f"{_NAME} {_PHONE}".encode()):
            await _send(port, b"\x0b" + message + b"\x1c\r")
        until((inbox / "police" / "failed" / "calls.csv").exists)
        until(lambda: [*(inbox / "health").glob("*/*.hl7")])
        town.run("get", f"police/incident.report/{_PHONE}", "--as", "water")
        logged = "".join(file.read_text() for file in town.home.glob("logs/*.log"))
        fared = {feed["name"]: feed for feed in town.objects("feeds")}

    assert "file settled" in logged
    assert int(fared["health/health.hl7"]["quarantined"]) > 0
    assert int(fared["health/health.hl7"]["stored"]) > 0
    assert int(fared["police/police.calls"]["quarantined"]) > 0
    assert [word for word in (_NAME, _NUMBER, _PHONE, _ADDRESS) if word in logged] == []


def test_the_logs_of_a_running_city_are_json_lines(town: Town) -> None:
    """Every process but the server, from its first line to its last."""
    files = [file for file in town.home.glob("logs/*.log") if file.stem != "nats-server"]
    events = [json.loads(line) for file in files for line in file.read_text().splitlines()]

    assert {file.stem for file in files} == {
        "gateway",
        "adapter-environment.hj212",
        "adapter-police.calls",
        "metrics",
        "responder-water.levels",
    }
    assert {"environment.hj212", "police.calls"} <= {event.get("feed") for event in events}
    assert {"gateway serves", "feed runs", "connected"} <= {event["event"] for event in events}


def _admission() -> bytes:
    """Return a hospital's message about a patient."""
    return "\r".join(
        (
            "MSH|^~\\&|HIS|NJ1|BUS|CITY|20260701083000+0800||ADT^A01|1|P|2.5.1||||||UNICODE UTF-8",
            f"PID|1||{_NUMBER}||{_NAME}||19880707|F|||{_ADDRESS}||{_PHONE}",
            "PV1|1|I|ICU^1^2^NJ1",
            "",
        )
    ).encode()


def _drop(file: Path, content: bytes) -> None:
    """Put a file into a feed's folder whole."""
    draft = file.with_name(f".{file.name}")
    draft.write_bytes(content)
    draft.rename(file)


async def _send(port: int, content: bytes) -> None:
    """Send bytes over a socket of their own, and wait until it is answered or closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(content)
    writer.write_eof()
    async with asyncio.timeout(30):
        await reader.read()
    writer.close()
    await writer.wait_closed()
