"""What `agreements list`, `explain` and `rehearse` show."""

import pytest

from tests.ops.conftest import Town


def test_agreements_are_listed_with_their_line_and_whether_they_hold(town: Town) -> None:
    """All for the operators, a department's own for it."""
    agreement, _ = town.objects("agreements", "list")
    shown = town.read("agreements", "list", "--as", "environment")
    none = town.objects("agreements", "list", "--as", "water")[1:]

    assert (agreement["id"], agreement["line"], agreement["in_force"]) == ("air-to-police", 2, True)
    assert "environment.air of environment" in shown
    assert "holds" in shown
    assert none == []


def test_a_decision_is_explained_down_to_the_line(town: Town) -> None:
    """The sentence first; then each condition, met or not."""
    name = "environment/environment.air/320100A0001"
    allowed = town.read("agreements", "explain", "police", name)
    traits = ("--provider", "environment", "--kind", "environment.air")
    refused = town.read(
        "agreements", "explain", "police", *traits, "--classification", "restricted"
    )
    (facts,) = town.objects("agreements", "explain", "water", *traits)

    assert allowed.startswith("police may read environment.air of environment by air-to-police\n")
    assert refused.startswith("police may not read environment.air of environment: none of")
    (line,) = [line for line in refused.splitlines() if "opens up to internal" in line]
    assert line.split()[:3] == ["7", "no", "classification"]
    assert line.rstrip().endswith("this is restricted")
    assert facts["decision"] == "ACCESS_DECISION_REFUSED"
    assert "there is no agreement" in facts["sentence"]


def test_a_wrong_question_is_told_in_one_sentence(town: Town) -> None:
    """What to name, what was expected, and whose decisions one may ask about."""
    nothing = town.refused("agreements", "explain", "police")
    word = town.refused(
        *("agreements", "explain", "police", "--provider", "water", "--kind", "water.level"),
        *("--classification", "secret"),
    )
    others = town.refused(
        "agreements", "explain", "police", "environment/environment.air/1", "--as", "water"
    )

    assert nothing == (2, "name a record, or else --provider and --kind")
    assert word[0] == 2
    assert word[1].startswith("--classification is 'secret', expected public, internal")
    assert others[0] == 1
    assert others[1].startswith("water is neither consumer nor provider here")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            ("polic", "environment/environment.air/1"),
            "consumer: is 'polic', which is no",
        ),
        (("police", "--provider", "watr", "--kind", "water.level"), "did you mean water"),
        (("police", "--provider", "water", "--kind", "water.lvl"), "did you mean water.level"),
        (("police", "watr/water.level/1"), "name: is 'watr', which is no department of the city"),
    ],
)
def test_what_cannot_be_is_not_explained_as_a_missing_agreement(
    town: Town, asked: tuple[str, ...], said: str
) -> None:
    """A slip of the pen is told as one."""
    status, sentence = town.refused("agreements", "explain", *asked)

    assert status == 2
    assert said in sentence


def test_proposed_agreements_are_rehearsed_on_the_citys_own_records(town: Town) -> None:
    """What each department would gain and lose, with names; nothing changes by it."""
    proposed = town.folder / "proposed.toml"
    text = (town.folder / "agreements.toml").read_text()
    hidden = text.replace('"internal"', '"internal"\nhidden = ["location.point"]')
    calls = text.replace("air-to-police", "calls-to-water").replace('"police"', '"water"')
    calls = calls.replace('"environment"', '"police"').replace("environment.air", "incident.report")
    proposed.write_text(hidden + calls[: calls.index("[[agreement]]", 20)])
    incidents = town.objects("list", "--as", "police", "--kind", "incident.report")

    changes = {
        (one["consumer"], one["change"]): one
        for one in town.objects("agreements", "rehearse", str(proposed))
    }
    shown = town.read("agreements", "rehearse", proposed)
    same = town.read("agreements", "rehearse", town.folder / "agreements.toml")

    lost, gained = changes["police", "lose"], changes["water", "gain"]
    assert (lost["fields"], lost["records"]) == (["location.point"], 1)
    assert lost["samples"] == ["environment/environment.air/320100A0001"]
    assert (gained["records"], gained["kind"]) == (len(incidents), "incident.report")
    assert "gains: 1, losses: 1, on" in shown
    assert same.startswith("no difference, on ")
    assert town.objects("agreements", "list")[0]["id"] == "air-to-police"


def test_a_proposal_that_is_wrong_is_told_with_its_line(town: Town) -> None:
    """Before anybody signs it."""
    proposed = town.folder / "wrong.toml"
    text = (town.folder / "agreements.toml").read_text()
    proposed.write_text(text.replace('"internal"', '"internal"\nhidden = ["place"]'))

    status, sentence = town.refused("agreements", "rehearse", proposed)

    assert status == 1
    assert "wrong.toml, line 8, agreement air-to-police: hidden has 'place'" in sentence


def test_a_file_in_force_that_became_wrong_is_told_by_status(town: Town) -> None:
    """With its line; what held before stays in force."""
    (town.folder / "broken.toml").write_text('[[agreement]]\nid = "a"\nprovder = "water"\n')
    city = town.folder / "broken-town.toml"
    city.write_text(town.city.read_text().replace('"agreements.toml"', '"broken.toml"'))

    done = town.run("status", "--json", "--city", city)

    (part,) = [part for line in done.stdout.splitlines() if "agreements" in (part := line)]
    assert done.returncode == 1
    assert "broken.toml, line 3: there is no key `provder` here" in part
    assert "those before it stay in force" in part
