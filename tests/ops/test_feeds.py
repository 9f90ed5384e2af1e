"""What `feeds` and its audit show."""

from typing import Any

from tests.ops.conftest import Town, air
from tests.running_city import until


def audited(town: Town) -> dict[str, dict[str, Any]]:
    """Return the audit once feeds, which tell their counts each second, have told the last."""

    def told() -> dict[str, dict[str, Any]]:
        found = {row["feed"]: row for row in town.objects("feeds", "--audit")}
        return found if all(row["in_stream"] == row["stored"] for row in found.values()) else {}

    found: dict[str, dict[str, Any]] = until(told)
    return found


def test_every_feed_is_listed_with_its_counts(town: Town) -> None:
    """The damaged frame is in quarantine, the others are stored."""
    told = {feed["name"]: feed for feed in town.objects("feeds")}
    shown = town.read("feeds")

    assert set(told) == {"environment/environment.hj212", "police/police.calls"}
    assert int(told["environment/environment.hj212"]["stored"]) >= 2
    assert told["police/police.calls"]["state"] == "FEED_STATE_RUNNING"
    assert f"tcp://127.0.0.1:{town.hj212_port}" in shown


def test_the_audit_gives_an_object_for_each_feed_with_numbers_and_findings(town: Town) -> None:
    """The sums are in the books, and the counts of JetStream beside them."""
    found = audited(town)

    assert set(found) == {"environment.hj212", "police.calls"}
    for row in found.values():
        settled = row["stored"] + row["duplicates"] + row["quarantined"]
        assert row["received"] == settled + row["in_flight"]
        assert row["in_quarantine"] == row["quarantined"]
        assert (row["balances"], row["findings"]) == (True, [])
    assert found["police.calls"]["stored"] == 2


def test_a_department_audits_its_own_feeds(town: Town) -> None:
    """With its own key it counts what it may read, and nothing else."""
    found = town.objects("feeds", "--audit", "--as", "police")
    shown = town.read("feeds", "--audit", "--as", "police")

    assert [row["feed"] for row in found] == ["police.calls"]
    assert "balance" in shown


def test_a_feed_that_never_ran_is_not_passed_over(town: Town) -> None:
    """A feed in the city file of which the bus knows nothing is named, by audit and list."""
    city = town.folder / "more.toml"
    more = '[[feed]]\nid = "water.new"\nadapter = "x/y"\nagency = "water"\nsource = "tcp://h:1"\n'
    city.write_text(f"{town.city.read_text()}\n{more}")
    shown = town.read("feeds", "--city", city)
    status, sentence = town.refused("feeds", "--audit", "--json", "--city", city)

    assert "never ran" in shown
    assert (status, sentence) == (1, "the books do not balance: water.new")


def test_a_frame_sent_again_is_a_duplicate_in_the_books(town: Town) -> None:
    """Play shows the answer; the second time nothing is stored, and the books balance."""
    file = town.folder / "again.txt"
    file.write_bytes(air("320100A0009", 12.0))
    play = ("play", "hj212", str(file), "--to", f"tcp://127.0.0.1:{town.hj212_port}")
    (first,) = town.objects(*play)
    (second,) = town.objects(*play)
    until(lambda: audited(town)["environment.hj212"]["duplicates"])

    assert (first["frames"], first["closed"]) == (1, True)
    assert "CN=9014" in first["answers"]
    assert "CN=9014" in second["answers"]
