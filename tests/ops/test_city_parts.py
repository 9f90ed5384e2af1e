"""A city whose state is split: its file, its gateways, and what the commands say of them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.home import Home
from broker.toml import FileWrong
from ops.city import City, read_city
from ops.doctor.case import Case
from ops.doctor.checks import examine
from ops.doctor.finding import Finding, Weight
from ops.doctor.state_parts import holes
from ops.failure import Failure
from ops.options import part_of
from tests.conftest import free_port
from tests.ops.conftest import Town

_TOWN = """
[city]
name = "town"

[[agency]]
name = "water"

[[agency]]
name = "gulou-water"
district = "320106"

[[agency]]
name = "gulou-safety"
district = "320106001"
"""


def town_of(folder: Path, *lines: str) -> City:
    """Read a city file with these lines at its end."""
    file = folder / "city.toml"
    file.write_text("\n".join([_TOWN, *lines]))
    return read_city(file)


def part(name: str, *lines: str) -> str:
    """Return a part as the city file has it."""
    return "\n".join(["[[gateway.part]]", f'name = "{name}"', *lines])


def test_a_district_s_part_holds_what_its_departments_own(tmp_path: Path) -> None:
    """Those of its streets as well, and others that are named; no department is two things."""
    text = part("gulou", 'districts = ["320106"]', 'agencies = ["water", "gulou-water"]')

    (gulou,) = town_of(tmp_path, text).gateway.parts

    assert gulou.agencies == ("water", "gulou-water", "gulou-safety")
    assert gulou.holds(["gulou-safety"], ["safety.hazard"])
    assert not gulou.holds(kinds=["safety.hazard"])


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (['kinds = ["wter.*"]'], "holds 'wter.*', which is no kind; did you mean"),
        (['agencies = ["watr"]'], "holds 'watr', which is no [[agency]] here; did you mean water"),
        (['districts = ["320104"]'], "holds district '320104', of which there is no department"),
        ([], "would hold everything: name its kinds, agencies or districts"),
        (['kinds = ["water.*"]', 'address = "here"'], "has the address 'here': write host:port"),
        (['kinds = ["water.*"]', "port = 70000"], "Expected `int` <= 65535"),
        (['kinds = ["water.*"]', part("a", 'kinds = ["*"]')], "two parts are called 'a'"),
    ],
)
def test_a_wrong_part_is_refused_with_one_sentence(
    tmp_path: Path, lines: list[str], said: str
) -> None:
    """It names the file, the part and what to write."""
    with pytest.raises(FileWrong) as caught:
        town_of(tmp_path, part("a", *lines))

    assert said in str(caught.value)
    assert str(tmp_path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_somebody_must_answer_and_the_console_needs_the_whole(tmp_path: Path) -> None:
    """No gateway of the whole state, and no part either, is no city that can be asked."""
    none = ["[gateway]", "workers = 0"]
    with pytest.raises(FileWrong, match="nobody would answer"):
        town_of(tmp_path, *none)
    with pytest.raises(FileWrong, match=r"the \[console\] asks a gateway of the whole state"):
        town_of(tmp_path, *none, part("a", 'kinds = ["water.*"]'), "[console]")


def test_a_part_that_the_city_does_not_have_is_not_run(tmp_path: Path) -> None:
    """The sentence tells those that it has."""
    city = town_of(tmp_path, part("rivers", 'kinds = ["water.*"]'))

    with pytest.raises(Failure, match=r"has no \[\[gateway.part\]\] 'river'; it has: rivers"):
        part_of(city, "river")


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([part("all", 'kinds = ["*"]')], []),
        (
            [
                part("a", 'kinds = ["water.*", "traffic.*", "incident.*", "weather.*"]'),
                part("b", 'kinds = ["health.*", "safety.*", "station.*", "environment.air"]'),
                part("c", 'kinds = ["response.*"]', 'agencies = ["water"]'),
                part("d", 'districts = ["320106001"]'),
            ],
            [(["water"], ["environment.discharge"])],
        ),
        (
            [part("a", 'agencies = ["water"]'), part("b", 'agencies = ["gulou-water"]')],
            [(["gulou-safety"], [])],
        ),
    ],
)
def test_what_is_in_no_part_is_found(
    tmp_path: Path, parts: list[str], expected: list[tuple[list[str], list[str]]]
) -> None:
    """By department and kind; a whole domain is called by its name."""
    found = holes(town_of(tmp_path, *parts))

    told = {agency: set(kinds) for agencies, kinds in found for agency in agencies}
    for agencies, kinds in expected:
        for agency in agencies:
            assert set(kinds) <= told[agency]
    assert bool(found) == bool(expected)


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Run the small city in two parts, and none of the whole."""
    town = Town(tmp_path_factory.mktemp("split"))
    first, second = free_port(), free_port()
    text = town.city.read_text().replace(
        "[gateway]\n",
        "[gateway]\nworkers = 0\n",
    )
    air = part("air", 'kinds = ["environment.*"]', f"port = {first}")
    rest = part("rest", 'agencies = ["police", "water"]', f"port = {second}")
    town.city.write_text(f"{text}\n{air}\n{rest}")
    town.gateway_port = second
    with town.up():
        town.feed()
        yield town


def findings(town: Town, city: Path | None = None) -> list[Finding]:
    """Return what the doctor says of the parts."""
    return examine(Case(Home(town.home), city or town.city), "state parts")


def test_up_runs_a_gateway_of_each_part(split: Town) -> None:
    """Each answers for its own; what lies elsewhere is refused, with who has it."""
    elsewhere = f"localhost:{split.gateway_port}"

    first = split.objects("list", "--as", "environment", "--kind", "environment.air")
    own = split.objects("list", "--as", "police", "--agency", "police", "--gateway", elsewhere)
    status, said = split.refused("list", "--as", "police", "--agency", "police")

    assert {one["name"].split("/")[1] for one in first} == {"environment.air"}
    assert {one["name"].split("/")[0] for one in own} == {"police"}
    assert status == 1
    assert "holds part air of the state (environment.* of every department)" in said
    assert f"ask a gateway of part rest at {elsewhere} (FAILED_PRECONDITION)" in said
    assert "liandong list --as police --kind 'environment.*'" in split.said
    assert "gateway-air" in split.said
    assert "gateway-rest" in split.said
    assert len(split.processes("gateway", "run")) == 2


def test_the_status_tells_each_part(split: Town) -> None:
    """What all gateways know is asked at the first of them."""
    told = {one["name"]: one for one in split.objects("status") if one["part"] == "gateway"}

    assert all(one["well"] for one in told.values())
    assert told["part air"]["state"].startswith("serves environment.* of every department at ")
    assert "every kind of police, water" in told["part rest"]["state"]


def test_the_doctor_finds_a_hole_between_parts(split: Town) -> None:
    """Departments' records of which nobody would answer; with a whole gateway, somebody does."""
    whole = split.folder / "whole.toml"
    whole.write_text(split.city.read_text().replace("workers = 0", "workers = 1"))

    (alone,), (beside,) = findings(split), findings(split, whole)

    assert alone.weight is Weight.WRONG
    assert alone.sentence.startswith("health.*, incident.*")
    assert "of environment, which is in no part, is answered by nobody: add it" in alone.sentence
    assert beside.weight is Weight.NOTE


def test_the_doctor_finds_parts_that_are_away_or_another_s(split: Town) -> None:
    """A part is never taken for another, nor for the whole."""
    text = split.city.read_text()
    ports = [line for line in text.splitlines() if line.startswith("port = ")][-2:]
    swapped = split.folder / "swapped.toml"
    swapped.write_text(text.replace(ports[0], f"port = {free_port()}").replace(ports[1], ports[0]))

    _, away, other = findings(split, swapped)

    assert away.about == "part air (environment.* of every department)"
    assert "is answered by nobody: no gateway answers at localhost:" in away.problem
    assert other.problem.endswith("somebody holds part air")
    assert "`liandong gateway run --part rest`" in other.remedy
