"""What the doctor says of a city that is well, and of one whose parts are away."""

import json
from collections.abc import Callable
from pathlib import Path

from ops.doctor.checks import CHECKS
from tests.conftest import free_port
from tests.ops.conftest import Town

OPERATIONS = Path(__file__).parents[3] / "docs" / "operations.md"


def test_a_healthy_city_has_no_complaint(patient: Town) -> None:
    """Every check is made, and nobody must do anything; the exit status is 0."""
    said = patient.objects("doctor")
    shown = patient.read("doctor")

    assert {one["check"] for one in said} == set(CHECKS)
    assert {one["state"] for one in said} <= {"well", "note"}
    assert all(name in shown for name in CHECKS)


def test_without_bus_or_gateway_the_other_checks_are_made(
    patient: Town, variant: Callable[..., Path]
) -> None:
    """What could not be looked at is told with the reason; the exit status is 1."""
    nats = patient.city.read_text().split("[nats]\nport = ")[1].split("\n", 1)[0]
    city, nowhere = variant((nats, str(free_port()))), f"localhost:{free_port()}"

    done = patient.run("doctor", "--json", "--city", city, "--gateway", nowhere)

    said = [json.loads(line) for line in done.stdout.splitlines()]
    states = {one["check"]: one["state"] for one in said if one["state"] != "note"}
    unchecked = [one for one in said if one["state"] == "unchecked"]
    assert done.returncode == 1
    assert done.stderr.startswith("liandong: ")
    assert done.stderr.count("\n") == 1
    assert {one["check"] for one in unchecked} == {
        "versions",
        "bus",
        "clock",
        "streams",
        "limits",
        "sources",
        "feeds",
        "quarantines",
    }
    assert all(
        "cannot be reached" in one["problem"] or nowhere in one["problem"] for one in unchecked
    )
    assert states["ports"] == "wrong"
    assert states["certificates"] == states["spools"] == states["agreements"] == "well"


def test_a_broken_city_file_is_told_with_its_line_and_the_rest_as_far_as_it_goes(
    patient: Town, tmp_path: Path
) -> None:
    """The disk and the spools need no city file."""
    city = tmp_path / "broken.toml"
    city.write_text(patient.city.read_text().replace("[gateway]", "[gatewy]", 1))

    done = patient.run("doctor", "--json", "--city", city)

    said = {one["check"]: one for one in map(json.loads, done.stdout.splitlines())}
    line = 1 + city.read_text().splitlines().index("[gatewy]")
    assert done.returncode == 1
    assert f"{city}, line {line}: there is no key `gatewy`" in said["city file"]["problem"]
    assert said["ports"]["state"] == "unchecked"
    assert said["spools"]["state"] == "well"


def test_every_check_is_in_the_operators_book() -> None:
    """The table of docs/operations.md has a line for each, and none that is not there."""
    section = OPERATIONS.read_text().split("## The doctor", 1)[1].split("\n## ", 1)[0]
    told = [line.split("|")[1].strip() for line in section.splitlines() if line.startswith("| ")]

    assert told[1:] == list(CHECKS)
