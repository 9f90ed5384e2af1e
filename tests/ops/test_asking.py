"""What `ask` shows, and what it refuses."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.ops.conftest import Town
from tests.running_city import until

LEVEL = """{{"name": "water/water.level/Q1", "observed_at": "{at:%FT%T.%fZ}",
"classification": "CLASSIFICATION_INTERNAL", "status": "STATUS_ACTUAL",
"quality": {{"level": "QUALITY_LEVEL_VALID"}},
"location": {{"point": {{"latitude_deg": 31.95, "longitude_deg": 118.84}}}},
"water_level": {{"station_id": "Q1", "station_title": "[red]东山\\u001b[2J", "level_m": 9.1}}}}
"""


@pytest.fixture
def station(town: Town) -> str:
    """Publish a level, and wait until the responder has it."""
    line = LEVEL.replace("\n", " ").format(at=datetime.now(UTC)) + "\n"
    town.read("publish", "-", "--as", "water", given=line)

    def known() -> bool:
        (said,) = town.objects("ask", "levels_upstream", "--river", "qin", "--as", "water")
        return len(said["answer"].get("stations", ())) == 1

    until(known)
    return "Q1"


def test_a_question_is_put_with_its_fields_as_options(town: Town, station: str) -> None:
    """With --json one line for each department, as the gateway sends them."""
    said: list[dict[str, Any]] = town.objects(
        *("ask", "levels_upstream", "--station-id", station, "--to", "water", "--as", "police")
    )

    (one,) = said
    assert one["agency"] == "water"
    assert one["answer"]["@type"].endswith("liandong.question.v1.LevelsUpstreamAnswer")
    (level,) = one["answer"]["stations"]
    assert (level["station_id"], level["level_m"]) == ("Q1", 9.1)
    assert level["observed_at"].startswith("20")
    assert one["answer"]["silent_stations"] == ["Q2"]


def test_a_person_is_shown_who_says_what(town: Town, station: str) -> None:
    """A point is latitude and longitude; what others wrote does not steer the terminal."""
    shown = town.read("ask", "levels_upstream", "--near=31.95,118.84", "--radius-m", "500")

    assert shown.startswith("water: answers (")
    (level,) = json.loads(shown.partition("\n")[2])["stations"]
    assert level["title"] == "[red]东山\x1b[2J"
    assert "\x1b" not in shown


def test_errors_are_shown_and_count_when_nobody_answered(town: Town) -> None:
    """A line for each department, and a status that a script can use."""
    done = town.run(
        *("ask", "levels_upstream", "--river", "qin", "--to", "water"), "--as", "environment"
    )
    other = town.run(*("ask", "beds", "--to", "police", "--as", "police"))

    assert done.returncode == other.returncode == 1
    assert done.stdout.startswith(
        "water: PERMISSION_DENIED environment may not put levels_upstream"
    )
    assert other.stdout.startswith("police: UNIMPLEMENTED police has no responder for beds")
    assert done.stderr == other.stderr == "liandong: no department answered\n"


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (("bets",), 2, "there is no question 'bets'; ask beds, discharge_nearby, levels_"),
        (("beds", "--near", "here"), 2, "--near is 'here', expected LATITUDE,LONGITUDE"),
        (("beds", "--near", "a,b"), 2, "--near is 'a,b', expected LATITUDE,LONGITUDE"),
        (
            ("levels_upstream", "--near", "32,118", "--river", "x"),
            2,
            "--near and --river exclude one another",
        ),
        (("beds", "--color", "red"), 2, "the question has no --color; it has: --bed-types"),
        (("beds", "--min-free"), 2, "--min-free lacks its value"),
        (("beds", "--min-free", "many"), 2, "the question is not right: "),
        (("beds", "free"), 2, "'free' is no option: write --field value"),
        (("beds", "--to", "atlantis"), 2, "agencies[0]: is 'atlantis', expected a department"),
        (("levels_upstream",), 2, "question.of: "),
        (("beds",), 1, "no department has a responder for beds"),
    ],
)
def test_a_question_that_is_not_right_is_refused_in_one_sentence(
    town: Town, words: tuple[str, ...], status: int, sentence: str
) -> None:
    """It says which option, and what was expected."""
    ended, said = town.refused("ask", *words)

    assert said.startswith(sentence)
    assert ended == status
