"""Logs of this program and of its libraries."""

import json
import subprocess
import sys

from tests.ops.conftest import Town

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
    assert {"gateway serves", "feed runs", "connected"} <= {event["event"] for event in events}
