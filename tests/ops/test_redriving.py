"""The quarantine as operators empty it: look at causes, try dry, heal, discard the rest."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.sdk.patient import air
from tests.conftest import free_port
from tests.running_city import RunningCity, until

_HEAD = """
[city]
name = "sickville"

[nats]
port = {nats}

[gateway]
port = {gateway}

[[agency]]
name = "environment"

[[agency]]
name = "police"
"""
_FEED = """
[[feed]]
id = "environment.{name}"
adapter = "environment/hj212"
agency = "environment"
source = "tcp://127.0.0.1:{port}"

[feed.options]
unknown_factors = "quarantine"
"""
FEEDS = ("healed", "tried", "discarded", "given", "listed")


class Hospital(RunningCity):
    """A city with several feeds that refuse factors without a unit; each test has its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = {name: free_port() for name in FEEDS}
        head = _HEAD.format(nats=free_port(), gateway=free_port())
        city = folder / "city.toml"
        feeds = (_FEED.format(name=name, port=port) for name, port in self.ports.items())
        city.write_text(head + "".join(feeds))
        super().__init__(folder / "home", city)

    def send(self, name: str, *frames: bytes) -> None:
        """Send frames to a feed, and wait until it has told its counts of them."""
        file = self.folder / f"{name}.txt"
        file.write_bytes(b"".join(frames))
        self.read("play", "hj212", file, "--to", f"tcp://127.0.0.1:{self.ports[name]}")
        until(lambda: int(self.books(name)["received"]) >= len(frames))

    def books(self, name: str) -> dict[str, Any]:
        """Return the audit of a feed."""
        rows = self.objects("feeds", "--audit")
        return next(row for row in rows if row["feed"] == f"environment.{name}")

    def mended(self) -> Path:
        """Write the city file anew, with a unit for the factor; what runs has read the old one."""
        text = self.city.read_text()
        mended = self.folder / "mended.toml"
        strict = 'unknown_factors = "quarantine"'
        mended.write_text(text.replace(strict, f'{strict}\nunits = {{ a99001 = "mg/m3" }}'))
        return mended

    def entries(self, name: str) -> list[dict[str, Any]]:
        """Return the entries of a feed."""
        return self.objects("quarantine", "list", "--entries", "--feed", f"environment.{name}")


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    """Run the city."""
    city = Hospital(tmp_path_factory.mktemp("sickville"))
    with city.up():
        yield city


def test_causes_are_listed_together_the_most_frequent_first(hospital: Hospital) -> None:
    """How many of how many senders, and one to look at."""
    hospital.send("listed", air(1), air(2), air(3, "a99002"))
    of_feed = ("quarantine", "list", "--feed", "environment.listed")

    first, second = hospital.objects(*of_feed)
    shown = hospital.read(*of_feed)
    only = hospital.objects(*of_feed, "--entries", "--cluster", first["cluster"])
    sample = hospital.read("quarantine", "show", str(first["sample"]), "--agency", "environment")

    assert (first["entries"], first["senders"], first["share"]) == (2, 1, 0.6667)
    assert (second["entries"], second["cause"]) == (1, "factor")
    assert "'a99001'" in first["reason"]
    assert re.search(rf"{first['cluster']} +2 +1 +67%", shown)
    assert "`liandong quarantine redrive`" in shown
    assert [one["number"] for one in only] == [first["sample"], first["sample"] + 1]
    assert "text: ##0125QN=20240601120001000" in sample


def test_it_is_tried_dry_first_and_then_healed_while_the_feed_runs(hospital: Hospital) -> None:
    """The command says what would come, how to do it, and what came; the books balance."""
    hospital.send("healed", air(1), air(2), air(3, "a99002"))
    redrive = (
        *("quarantine", "redrive", "--feed", "environment.healed"),
        *("--city", str(hospital.mended())),
    )

    dry = hospital.read(*redrive)
    untouched = len(hospital.entries("healed"))
    (done,) = hospital.objects(*redrive, "--apply")
    nothing = hospital.read(*redrive, "--cause", "crc")
    books = hospital.books("healed")

    assert "of 3 entries, 2 would leave as 2 records; 1 would stay" in dry
    assert "for example environment/environment.air/" in dry
    assert "1 would stay: as before" in dry
    assert "the same command with --apply does it" in dry
    assert untouched == 3
    assert (done["applied"], done["heals"], done["records"], done["stays"]) == (True, 2, 2, 1)
    healed, still = done["clusters"]
    assert healed["example"]["environment_air"]["measurements"][0]["code"] == "a99001"
    assert (still["heals"], still["stays"][0]["entries"], still["example"]) == (0, 1, None)
    assert nothing == "there is nothing to try again\n"
    assert len(hospital.entries("healed")) == 1
    assert (books["balances"], books["healed"], books["in_quarantine"]) == (True, 2, 1)
    assert "balance (of the quarantined 2 healed" in hospital.read("feeds", "--audit")
    begun, ended = [
        one
        for one in hospital.objects("audit", "list", "--as", "ops", "--oldest")
        if one.get("action", {}).get("feed") == "environment.healed"
    ]
    assert begun["agency"] == ended["agency"] == "ops"
    assert "@" in ended["actor"]
    assert (begun["phase"], begun["action"]["meant"]) == ("PHASE_OPENED", "3")
    assert (ended["action"]["removed"], ended["action"]["records"]) == ("2", "2")
    verified = hospital.objects("audit", "verify")[-1]
    assert (verified["whole"], verified["operators"]) == (True, True)
    assert "2 entries of environment as 2 records" in " ".join(
        hospital.read("audit", "list", "--as", "environment").split()
    )


@pytest.mark.parametrize("more", [(), ("--json",), ("--apply",)])
def test_a_cluster_that_there_is_not_is_told(hospital: Hospital, more: tuple[str, ...]) -> None:
    """Nothing to try again would sound as if all were well."""
    status, sentence = hospital.refused("quarantine", "redrive", "--cluster", "12345678", *more)

    assert status == 1
    assert "nothing is tried again: no quarantine has cluster 12345678" in sentence


def test_a_feed_that_the_city_does_not_have_is_named(hospital: Hospital) -> None:
    """Its entries stay, and that is not passed over in silence."""
    hospital.send("given", air(1))
    without = hospital.folder / "without.toml"
    head, *feeds = hospital.city.read_text().split("[[feed]]")
    kept = (feed for feed in feeds if "environment.given" not in feed)
    without.write_text("[[feed]]".join((head, *kept)))

    status, sentence = hospital.refused("quarantine", "redrive", "--city", without)

    assert status == 1
    assert "has no feed environment.given, whose entries stay" in sentence


def test_what_is_given_up_is_told_with_who_and_why(hospital: Hospital) -> None:
    """By number or by cluster; the discard stays to be read, and the books balance."""
    hospital.send("discarded", air(1), air(2), air(3, "a99002"))
    first, _ = hospital.objects("quarantine", "list", "--feed", "environment.discarded")
    last = hospital.entries("discarded")[-1]["number"]
    discard = ("quarantine", "discard", "--agency", "environment", "--reason", "a drill")

    said = hospital.read(*discard, "--cluster", first["cluster"])
    (one,) = hospital.objects(*discard, str(last))
    missing = hospital.refused(*discard, str(last))
    told = hospital.objects("quarantine", "discarded", "--agency", "environment")
    shown = hospital.read("quarantine", "discarded")
    books = hospital.books("discarded")

    assert "environment.discarded: 2 entries discarded" in said
    assert one == {"feed": "environment.discarded", "discarded": 1, "waiting": 0}
    assert missing == (
        1,
        f"nothing is discarded: the quarantine of environment has no no. {last}",
    )
    mine = [row for row in told if row["feed"] == "environment.discarded"]
    assert [(row["why"], row["count"]) for row in mine] == [("a drill", 2), ("a drill", 1)]
    assert all("@" in row["who"] for row in mine)
    assert mine[0]["example"].startswith("factor: factor is 'a99001'")
    assert "a drill" in shown
    assert hospital.entries("discarded") == []
    assert (books["balances"], books["discarded"], books["in_quarantine"]) == (True, 3, 0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("discard 1 --reason x", "Missing option '--agency'"),
        ("discard 1 --agency environment", "Missing option '--reason'"),
        ("discard 1 --agency environment --reason=", "say why these entries are given up"),
        ("discard --agency environment --reason x", "by number, or by --cluster or --cause"),
        ("discard 1 --agency nobody --reason x", "has no department 'nobody'"),
        (
            "redrive --feed environment.tried --agency police",
            "feed environment.tried is of environment, not of police",
        ),
        ("redrive --feed none", "has no feed 'none'"),
        ("redrive --agency nobody", "has no department 'nobody'"),
    ],
)
def test_a_wrong_command_line_changes_nothing(
    hospital: Hospital, arguments: str, said: str
) -> None:
    """It is told what was wrong, and nothing is taken out."""
    done = hospital.run("quarantine", *arguments.split())

    assert done.returncode in {1, 2}
    assert said in done.stderr


def test_status_tells_how_full_a_quarantine_is(hospital: Hospital) -> None:
    """In entries, and in bytes of how many it may have."""
    hospital.send("tried", air(1))

    parts = {part["part"]: part for part in hospital.objects("status")}

    assert parts["quarantine"]["name"] == "environment"
    assert re.fullmatch(r"[\d,]+ entr(y|ies), [\d.]+ of 268 MB", parts["quarantine"]["state"])
    assert parts["quarantine"]["well"]
