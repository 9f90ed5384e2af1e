"""The page that a running city serves: true, and all that is asked of it."""

import re
import subprocess
import urllib.request
from collections.abc import Iterator

import pytest

from broker.home import Home
from ops.metrics.endpoint import note_of
from tests.deploy.metric_names import named
from tests.deploy.test_alerts import OPERATIONS, RULES, promtool
from tests.deploy.test_dashboards import FILES, expressions, read
from tests.ops.conftest import Town
from tests.ops.metrics.pages import series_of, value
from tests.running_city import until

HJ212 = {"agency": "environment", "feed": "environment.hj212"}


def scrape(town: Town) -> str:
    """Return the page as Prometheus gets it."""
    address = f"http://127.0.0.1:{town.metrics_port}/metrics"
    with urllib.request.urlopen(address, timeout=30) as answer:
        page: bytes = answer.read()
    return page.decode()


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Run a city to which nobody else sends anything."""
    town = Town(tmp_path_factory.mktemp("counted"))
    with town.up():
        town.feed()
        yield town


@pytest.fixture(scope="module")
def page(counted: Town) -> str:
    """Return the page after a question, and one that was refused."""
    town = counted
    town.read("list", "--as", "police")
    town.refused("get", "environment/environment.air/nobody", "--as", "police")
    town.refused("ask", "levels_upstream", "--river", "nil", "--to", "water", "--as", "police")
    until(lambda: value(scrape(town), "liandong_feed_running", **HJ212))
    return scrape(town)


def test_prometheus_takes_the_page_and_has_nothing_to_say_of_its_names(page: str) -> None:
    """Each metric once, with help and type, named as Prometheus's conventions say."""
    done = subprocess.run(
        [promtool(), "check", "metrics"], input=page, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_it_tells_what_the_books_tell(page: str) -> None:
    """Two good frames and a damaged one were sent."""
    counts = {
        word: value(page, f"liandong_feed_{word}_total", **HJ212)
        for word in ("received", "stored", "quarantined", "duplicates", "withdrawn")
    }

    assert counts == {
        "received": 3,
        "stored": 2,
        "quarantined": 1,
        "duplicates": 0,
        "withdrawn": 0,
    }
    assert value(page, "liandong_feed_store_duration_seconds_count", **HJ212) == 2
    assert value(page, "liandong_feed_freshness", freshness="silent", **HJ212) == 0
    held = {"account": "ENVIRONMENT", "stream": "QUARANTINE_ENVIRONMENT"}
    assert value(page, "liandong_stream_messages", **held) == 1
    assert value(page, "liandong_stream_limit_bytes", discard="new", **held) > 0


def test_it_tells_of_every_part_and_of_the_gateways_calls(page: str) -> None:
    """All answer; a refusal has the reason that its caller was told."""
    up = {
        dict(labels)["part"]: is_up
        for (name, labels), is_up in series_of(page).items()
        if name == "liandong_part_up"
    }
    read_one = {"method": "SharedStateService/GetRecord"}

    assert up == {
        "gateway": 1,
        "adapter-environment.hj212": 1,
        "adapter-police.calls": 1,
        "responder-water.levels": 1,
    }
    assert value(page, "liandong_servers") == 1
    assert value(page, "liandong_server_healthy", server="liandong") == 1
    assert value(page, "liandong_gateway_calls_total", code="NOT_FOUND", **read_one) == 1
    assert value(page, "liandong_gateway_refusals_total", reason="NO_SUCH_RECORD") == 1
    assert value(page, "liandong_gateway_call_duration_seconds_count", **read_one) == 1
    assert value(page, "liandong_gateway_records") >= 4


def test_it_tells_what_responders_are_asked(page: str) -> None:
    """A river that there is not was asked for; nothing is being worked on."""
    levels = {"agency": "water", "responder": "water.levels"}
    asked = levels | {"question": "levels_upstream"}

    assert value(page, "liandong_responder_questions_total", **asked) == 1
    assert value(page, "liandong_responder_errors_total", **asked) == 1
    assert value(page, "liandong_responder_processing_seconds_total", **asked) > 0
    assert value(page, "liandong_responder_working", **levels) == 0


def test_certificates_end_when_they_do(counted: Town, page: str) -> None:
    """Every certificate of the home, by its file's name."""
    ends = {
        dict(labels)["certificate"]
        for (name, labels) in series_of(page)
        if name == "liandong_certificate_expiry_timestamp_seconds"
    }

    assert ends == {file.stem for file in (counted.home / "tls").glob("*.pem")}


def test_every_metric_that_an_alert_or_a_dashboard_reads_is_there(page: str) -> None:
    """A misspelt name would never fire, and draw an empty panel."""
    asked = named("".join(re.findall(r"expr:(.*?)(?:for|labels):", RULES.read_text(), re.DOTALL)))
    for file in FILES:
        asked |= named("\n".join(expressions(read(file))))

    missing = asked - {name for name, _ in series_of(page)}

    assert len(asked) > 30
    assert missing <= {
        # Told once an entity's rhythm is known.
        "liandong_feed_usual_interval_seconds",
    }


def test_every_metric_stands_in_the_documentation(page: str) -> None:
    """And nothing else does."""
    exported = set(re.findall(r"^# TYPE (liandong_\w+) ", page, re.MULTILINE))

    documented = set(re.findall(r"^\| `(liandong_\w+)", OPERATIONS.read_text(), re.MULTILINE))

    assert documented == exported


def test_a_killed_adapter_is_told_and_then_its_successor(counted: Town, page: str) -> None:
    """It says that it runs, and nobody answers; then another does."""
    town = counted
    (pid,) = town.processes("adapter", "run", "police.calls")
    note = note_of(Home(town.home), "adapter-police.calls")
    before = note.read_text()

    subprocess.run(["kill", "-9", str(pid)], check=True)

    until(lambda: value(scrape(town), "liandong_part_up", part="adapter-police.calls") == 0)
    until(lambda: note.read_text() != before)
    until(lambda: value(scrape(town), "liandong_part_up", part="adapter-police.calls") == 1)
