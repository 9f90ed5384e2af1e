"""`liandong up` as a person runs it: started, used, broken, stopped, started again."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ops.conftest import Town, incident
from tests.running_city import RunningCity, default_city, event, until

ROOT = Path(__file__).parents[2]
_SERVER = "nats-server"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningCity]:
    """Run the default city with the demo, on free ports."""
    folder = tmp_path_factory.mktemp("demo")
    city = RunningCity(folder / "home", default_city(folder))
    with city.up("--demo"):
        yield city


def kinds(city: RunningCity, agency: str) -> set[str]:
    """Return the kinds of the records that a department sees."""
    return {record["name"].split("/")[1] for record in city.objects("list", "--as", agency)}


def ports(city: RunningCity) -> dict[str, str]:
    """Return the city's ports by those of the default city, which documents name."""
    default = (ROOT / "ops" / "cities" / "nanjing.toml").read_text()
    pairs = zip(default.splitlines(), city.city.read_text().splitlines(), strict=True)
    found = re.compile(r"\b\d{4,5}\b(?=\"?$)")
    return {
        found.findall(was)[0]: found.findall(now)[0]
        for was, now in pairs
        if was != now and found.findall(was)
    }


def documented(city: RunningCity, text: str) -> str:
    """Return what a document says, for this city's home and ports."""
    text = text.replace(".liandong", str(city.home))
    for was, now in ports(city).items():
        text = text.replace(was, now)
    return text


def test_departments_see_what_came_through_sockets_and_files(demo: RunningCity) -> None:
    """Each sees its own and what agreements open; the demo's formats all arrive."""
    until(lambda: {"incident.report", "weather.warning"} <= kinds(demo, "police"))
    until(lambda: {"water.level", "water.rainfall", "environment.air"} <= kinds(demo, "police"))

    assert kinds(demo, "environment") >= {"environment.discharge", "water.level"}
    until(lambda: "health.facility" in kinds(demo, "health"))
    assert kinds(demo, "health") == {
        *("environment.air", "environment.discharge", "incident.report", "health.facility"),
        *("water.level", "weather.warning"),
    }
    assert "environment.air" not in kinds(demo, "water")


def test_a_watch_sees_the_rivers_rise(demo: RunningCity) -> None:
    """After the snapshot come changes, as stations report."""
    with demo.start("watch", "--as", "water", "--kind", "water.level", "--json") as watching:
        event(watching, "BOOKMARK")
        change = event(watching, "CHANGE")
        watching.send_signal(signal.SIGINT)
        watching.communicate()

    assert change["record"]["water_level"]["level_m"] > 8
    assert change["record"]["location"]["district"].startswith("3201")
    assert watching.returncode == 130


def test_departments_answer_what_they_do_not_share(demo: RunningCity) -> None:
    """Police see no hospital's record, and are told where beds are free, and how high water is."""
    until(lambda: _answer(demo, "beds", "--min-free", "1").get("facilities"))
    levels = _answer(demo, "levels_upstream", "--river", "Qinhuai")

    assert "health.facility" not in kinds(demo, "police")
    (station,) = levels["stations"]
    assert station["warning_level_m"] == 8.5
    assert station["observed_at"]


def _answer(city: RunningCity, question: str, *fields: str) -> dict[str, Any]:
    """Return the one answer to a question that police put to all."""
    (said,) = city.objects("ask", question, *fields, "--as", "police")
    answer: dict[str, Any] = said["answer"]
    return answer


def test_the_books_balance_while_feeds_run(demo: RunningCity) -> None:
    """The audit finds nothing, whatever is in flight."""
    found = demo.objects("feeds", "--audit")

    assert [row["findings"] for row in found] == [[]] * 5
    assert all(row["balances"] for row in found)


def test_what_up_prints_can_be_copied(demo: RunningCity) -> None:
    """Every command that it proposes runs as it stands, in a shell of its own."""
    proposed = [line.strip() for line in demo.said.splitlines() if line.startswith("  ")]
    # A watch ends when it is stopped; `!` takes the status of that for success.
    script = "\n".join(proposed).replace("liandong watch", "! timeout 2 liandong watch")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd="/",
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )

    assert [line.split(" --")[0] for line in proposed if line.startswith("liandong")] == [
        *("liandong list", "liandong watch", "liandong feeds", "liandong quarantine list")
    ]
    assert (done.returncode, done.stderr) == (0, "")
    assert "records as police" in done.stdout


def test_a_second_up_on_the_same_home_is_refused(demo: RunningCity) -> None:
    """One sentence says which home, and the first goes on."""
    status, sentence = demo.refused("up")

    assert status == 1
    assert sentence == (
        f"`liandong up` runs already on {demo.home}: stop it, or name another --home"
    )


def test_buf_curl_reads_records_as_the_readme_says(demo: RunningCity) -> None:
    """The README's command, with this city's home and port, over reflection."""
    readme = (ROOT / "README.md").read_text()
    command = readme[readme.index("    buf curl") : readme.index("`buf` lies in")]
    until(lambda: "water.level" in kinds(demo, "police"))
    done = subprocess.run(
        documented(demo, command),
        shell=True,
        env=demo.environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert '"name": "water/water.level/0063200101"' in done.stdout


def test_the_ten_line_client_of_the_documents_runs(demo: RunningCity) -> None:
    """It prints a level for each river."""
    text = (ROOT / "docs" / "clients.md").read_text()
    program = text.split("```python\n")[1].split("```")[0]
    until(lambda: "water.level" in kinds(demo, "police"))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", documented(demo, program)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"(water/water\.level/006320010\d [89]\.\d+\n){3}", done.stdout)


def test_a_client_without_our_code_reads_over_reflection(demo: RunningCity) -> None:
    """The example lists, and watches up to the bookmark."""
    text = (ROOT / "docs" / "clients.md").read_text()
    (command,) = re.findall("^    (python docs/.*)$", text, re.MULTILINE)
    done = subprocess.run(
        [sys.executable, *documented(demo, command).split()[1:]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "listed water/water.level/0063200101" in done.stdout
    assert done.stdout.splitlines()[-1].startswith("event 2")


def test_every_command_in_the_operators_document_runs(demo: RunningCity, tmp_path: Path) -> None:
    """All but those that run until they are stopped, which other tests start."""
    text = (ROOT / "docs" / "operations.md").read_text()
    commands = re.findall(r"^    (liandong .*?)(?:  +#.*)?$", text, re.MULTILINE)
    (tmp_path / "records.jsonl").write_text(incident("from-the-document"))
    (tmp_path / "passphrase").write_text("a long enough passphrase")
    (tmp_path / "backups").mkdir()
    (tmp_path / "frames.txt").write_text("no frame\r\n")
    (tmp_path / "calls.csv").write_text(
        "接警编号,报警时间,事件类型\nB-1,2026-06-15 18:00:00,火灾\n"
    )
    commands.sort(key=lambda command: "quarantine" in command)  # play first, then look
    ran = []
    for printed in commands:
        command = re.sub(r"/(mnt/usb|srv|root)\b", str(tmp_path), documented(demo, printed))
        words = command.replace("'", "").split()[1:]
        if words[0] in {"up", "gateway", "adapter", "console", "metrics", "responder", "watch"}:
            continue
        if words[:2] == ["status", "--watch"]:
            continue
        words = [str(tmp_path / word) if (tmp_path / word).exists() else word for word in words]
        done = demo.run(*words)
        assert done.returncode == 0, (command, done)
        ran.append(words[0])

    assert {"status", "feeds", "list", "quarantine", "publish", "play", "keys"} <= set(ran)


def test_a_killed_adapter_comes_back_and_nothing_is_lost(demo: RunningCity) -> None:
    """The supervisor starts it again, its senders repeat, and the books balance."""
    (before,) = demo.processes("adapter", "water.sl651")
    counted = received(demo, "water.sl651")
    os.kill(before, signal.SIGKILL)
    (after,) = until(lambda: [pid for pid in demo.processes("water.sl651") if pid != before])
    until(lambda: received(demo, "water.sl651") > counted)
    (row,) = demo.objects("feeds", "--audit", "--as", "water")

    assert after != before
    assert row["findings"] == []


def received(city: RunningCity, feed: str) -> int:
    """Return how much a feed has received."""
    told = {told["name"].partition("/")[2]: told for told in city.objects("feeds")}
    return int(told[feed]["received"]) if feed in told else 0


def test_a_watch_goes_on_after_its_gateway_was_killed(demo: RunningCity) -> None:
    """It says so once, and goes on where it was, without a second snapshot."""
    with demo.start("watch", "--as", "water", "--kind", "water.*", "--json") as watching:
        event(watching, "CHANGE")
        (gateway,) = demo.processes("gateway", "run")
        os.kill(gateway, signal.SIGKILL)
        assert watching.stderr is not None
        told = watching.stderr.readline()
        # What the pipe holds from before may be all that is read below.
        until(lambda: demo.run("gateway", "probe").returncode == 0)
        assert watching.stdout is not None
        types = {event(watching, "CHANGE")["type"] for _ in range(3)}
        watching.send_signal(signal.SIGINT)
        rest, errors = watching.communicate()

    assert told == "the gateway went away; the watch goes on when it is back\n"
    assert types == {"EVENT_TYPE_CHANGE"}
    assert "SNAPSHOT" not in rest
    assert errors == ""


def test_it_stops_and_starts_again_and_dies_without_orphans(tmp_path: Path) -> None:
    """Ctrl-C ends all; the second start has keys and records at once; SIGKILL leaves nobody."""
    town = Town(tmp_path / "town")
    with town.up() as first:
        town.feed()
        until(lambda: len(town.objects("list")) == 4)
        held = {file.name: file.read_bytes() for file in secrets(town)}
        assert _SERVER in "".join(map(name_of, town.processes()))
        first.send_signal(signal.SIGINT)
        said, errors = first.communicate(timeout=30)

        assert (first.returncode, errors) == (0, "")
        assert said.endswith(f"stopping…\nstopped; keys and data stay in {town.home}\n")
        assert town.processes() == []

    with town.up("--demo") as second:
        assert "the city has no feed for water/sl651, weather/cap" in town.said
        names = {record["name"] for record in town.objects("list")}
        assert {"environment/environment.air/320100A0001", "police/incident.report/A-1"} <= names
        assert {file.name: file.read_bytes() for file in secrets(town)} == held
        assert [row["findings"] for row in town.objects("feeds", "--audit")] == [[], []]
        second.kill()
        second.wait()
        until(lambda: town.processes() == [])


def secrets(city: RunningCity) -> list[Path]:
    """Return every key and certificate of a city."""
    return sorted([*(city.home / "keys").iterdir(), *(city.home / "tls").iterdir()])


def name_of(pid: int) -> str:
    """Return a process's name."""
    return Path(f"/proc/{pid}/comm").read_text()
