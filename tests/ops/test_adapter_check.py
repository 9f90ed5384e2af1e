"""`liandong adapter check`: what an adapter makes of sample files, without a bus."""

import json
import os
import subprocess
import textwrap
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.environment.hj212.hj212_frames import upload
from tests.adapters.sdk.packages import install
from tests.adapters.transport.jt808 import jt808_frames as jt808
from tests.running_city import LIANDONG

ROOT = Path(__file__).parents[2]
GOOD = upload("a34004-Rtd=31.5")
LATE = upload("a34004-Rtd=32.5", at="20241301120000")
TABLE = """接警编号,报警时间,事件类型,经度,纬度
A-1,2024-06-01 12:00:00,[red]\x1b[2J树木倒伏,118.7886,32.0436
"""


def check(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return subprocess.run(
        [LIANDONG, "adapter", "check", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def objects(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    """Return what was written as JSON."""
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    """Write frames: a good one, the same again, one of month 13, and noise."""
    file = tmp_path / "frames.txt"
    file.write_bytes(GOOD + GOOD + LATE + b"noise")
    return file


def test_each_message_stands_beside_its_record(frames: Path) -> None:
    """With its answer; what was refused has its reason, and the files a summary."""
    done = check(frames, "--adapter", "environment/hj212")

    for said in (
        "environment/environment.air/320102000000A00000000001",
        "observed 2024-06-01 12:00:00+0800",
        "pm2_5_ug_m3 31.5",
        "##0087QN=",
        "sent again: stored once",
        "refused (time): DataTime is",
        "refused (garbage)",
        "environment.air: 2 records",
        "never: ",
        "4 messages gave 1 record; 1 sent again, 2 refused (time 1, garbage 1)",
    ):
        assert said in done.stdout
    assert "##0126QN=20240601120001000" in done.stdout
    assert done.returncode == 1
    assert done.stderr == "liandong: 2 of 4 messages were refused; --allow-refused allows it\n"


def test_refused_messages_can_be_allowed(frames: Path) -> None:
    """For samples that are to be refused."""
    assert check(frames, "--adapter", "environment/hj212", "--allow-refused").returncode == 0


def test_good_samples_end_well(tmp_path: Path) -> None:
    """The status is for scripts."""
    file = tmp_path / "good.txt"
    file.write_bytes(GOOD)

    done = check(file, "--adapter", "environment/hj212")

    assert (done.returncode, done.stderr) == (0, "")


def test_programs_read_lines_of_json(frames: Path) -> None:
    """A line for each message, and one for the whole."""
    done = check(frames, "--adapter", "environment/hj212", "--json")

    first, again, late, noise, *_, whole = objects(done)
    assert (first["message"], first["outcome"]) == (1, "stored")
    assert bytes.fromhex(first["raw"]) == GOOD.rstrip()
    assert bytes.fromhex(first["answer"]).startswith(b"##")
    (record,) = first["records"]
    assert record["record"]["environment_air"]["pm2_5_ug_m3"] == 31.5
    assert record["message_id"]
    assert again["outcome"] == "duplicate"
    assert late["refused"]["cause"] == "time"
    assert (noise["text"], noise["refused"]["cause"]) == ("noise", "garbage")
    assert whole["summary"]["outcomes"] == {"stored": 1, "duplicate": 1, "quarantined": 2}
    assert whole["coverage"]["environment.air"]["pm2_5_ug_m3"] == 2
    assert whole["coverage"]["environment.air"]["noise_db"] == 0


def test_frames_of_binary_protocols_are_lines_of_hexadecimal(tmp_path: Path) -> None:
    """They are shown in hexadecimal too; what is in no message is told of."""
    file = tmp_path / "frames.hex"
    frame = jt808.message(0x0200, jt808.position())
    file.write_text(f"{frame.hex(' ')}\n7e7e7e\n{frame.hex()}\n")

    done = check(file, "--hex", "--adapter", "transport/jt808")

    assert done.returncode == 0
    assert "traffic.vehicle: 2 records" in done.stdout
    assert frame[:12].hex(" ").upper() in done.stdout
    assert "in no message" in done.stdout


def test_a_line_that_is_no_hexadecimal_is_named(tmp_path: Path) -> None:
    """By file and line."""
    file = tmp_path / "frames.hex"
    file.write_text("7e\nxx\n")

    done = check(file, "--hex", "--adapter", "transport/jt808")

    assert done.returncode == 1
    assert f"{file}, line 2 is no hexadecimal" in done.stderr


def test_a_header_is_shown_as_no_message_and_text_steers_no_terminal(tmp_path: Path) -> None:
    """What others wrote is neither markup nor a command to the screen."""
    file = tmp_path / "calls.csv"
    file.write_text(TABLE)

    done = check(file, "--adapter", "police/incident_csv")

    assert done.returncode == 0
    assert "in no message, at byte 0: 接警编号" in done.stdout
    assert r"[red]\x1b[2J" in done.stdout
    assert "\x1b" not in done.stdout


def test_options_are_given_as_the_city_file_has_them(tmp_path: Path) -> None:
    """Dotted keys reach into tables; what is no value of TOML is a text."""
    file = tmp_path / "good.txt"
    file.write_bytes(GOOD)
    site = (
        'sites.320102000000A00000000001={ title = "玄武湖", latitude = 32.07, longitude = 118.8 }'
    )

    done = check(
        file, "--adapter=environment/hj212", "--option", site, "--option=unknown_factors=keep"
    )
    wrong = check(file, "--adapter=environment/hj212", "--option=unknown=1")

    assert "玄武湖" in done.stdout
    assert (wrong.returncode, "unknown_factors" in wrong.stderr) == (1, True)


def test_a_feed_of_the_city_file_has_its_own_options(tmp_path: Path) -> None:
    """The records are those that the city would get."""
    file = tmp_path / "good.txt"
    file.write_bytes(GOOD)
    city = tmp_path / "city.toml"
    city.write_text(
        '[city]\nname = "testville"\n[[agency]]\nname = "environment"\n[[feed]]\n'
        'id = "environment.loggers"\nadapter = "environment/hj212"\nagency = "environment"\n'
        'source = "tcp://127.0.0.1:0"\nclassification = "restricted"\n'
    )

    done = check(file, "--feed", "environment.loggers", "--city", city, "--json")

    record = objects(done)[0]["records"][0]["record"]
    assert record["provenance"]["feed"] == "environment.loggers"
    assert record["classification"] == "CLASSIFICATION_RESTRICTED"


def test_a_fault_of_the_adapter_is_told_with_its_words_and_line(tmp_path: Path) -> None:
    """Whoever writes it has the samples; a feed that runs keeps the words to itself."""
    source = """

        from tests.adapters.testing.gauges import Gauge
        class Faulty(Gauge):
            def translate(self, message):
                record = next(iter(super().translate(message))).record
                record.water_level.metres = 1
    """
    install(
        tmp_path,
        "faulty_bureau",
        "[liandong.adapters]\nwater/faulty = faulty_bureau:Faulty\n",
        textwrap.dedent(source),
    )
    (tmp_path / "sample.txt").write_text("1001,3.21\n")
    done = subprocess.run(
        [LIANDONG, "adapter", "check", tmp_path / "sample.txt", "--adapter", "water/faulty"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": f"{tmp_path}:{ROOT}"},
    )

    assert done.returncode == 1
    assert 'Level has no "metres" field' in done.stderr
    assert "faulty_bureau.py" in done.stderr


def test_a_long_file_is_counted_whole_and_shown_in_part(tmp_path: Path) -> None:
    """Of what was refused as many are shown as of the first messages."""
    file = tmp_path / "many.txt"
    many = [upload(f"a34004-Rtd={number}.5") for number in range(30)]
    file.write_bytes(b"".join(many) + LATE)

    done = check(file, "--adapter", "environment/hj212", "--show", "2")

    assert "28 more are counted but not shown" in done.stdout
    assert "refused (time)" in done.stdout
    assert "31 messages gave 30 records" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["{file}"], 2, "weather/cap"),
        (["{file}", "--adapter", "water/none"], 1, "there is no adapter 'water/none'"),
        (["{file}", "--adapter", "weather/cap", "--feed", "x"], 2, "--feed has an adapter"),
        (["{file}", "--adapter", "weather/cap", "--option", "x"], 2, "is not key=value"),
        (["{folder}/none", "--adapter", "weather/cap"], 1, "cannot be read"),
        (["{folder}/empty", "--adapter", "weather/cap"], 1, "there is no message"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(
    tmp_path: Path, arguments: list[str], status: int, said: str
) -> None:
    """And by the status: 2 for a wrong option."""
    file = tmp_path / "good.txt"
    file.write_bytes(GOOD)
    (tmp_path / "empty").touch()

    done = check(*(one.format(file=file, folder=tmp_path) for one in arguments))

    assert done.returncode == status
    assert done.stderr.startswith("liandong: ")
    assert said in done.stderr
