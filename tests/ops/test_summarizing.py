"""What `summarize` shows."""

import pytest

from tests.ops.conftest import Town

# Stations of other tests may have told of themselves.
BOTH = "record.name.endsWith('/320100A0001') || record.name.endsWith('/320100A0002')"
AIR = (
    *("--kind", "environment.air", "--filter", BOTH),
    *("--value", "environment_air.pm2_5_ug_m3"),
)


def test_values_are_aggregated_by_what_is_named(town: Town) -> None:
    """One JSON object a group, or a table."""
    by_kind = town.objects("summarize", *AIR, "--by", "kind,agency", "--json")
    table = town.read("summarize", *AIR, "--by", "kind")

    (group,) = by_kind
    assert (group["kind"], group["agency"]) == ("environment.air", "environment")
    assert (int(group["count"]), group["min"], group["max"], group["mean"]) == (2, 31.0, 55.0, 43.0)
    assert "2 records in 1 groups as police" in table
    assert table.split()[:7] == ["kind", "count", "stated", "sum", "mean", "min", "max"]


def test_cells_and_time_buckets_are_groups(town: Town) -> None:
    """A bucket begins at a multiple of its length."""
    timed = town.objects(
        *("summarize", *AIR, "--by", "cell", "--resolution", "6"),
        *("--bucket", "1h", "--since", "1d", "--json"),
    )
    table = town.read("summarize", *AIR, "--by", "cell", "--bucket", "1d", "--since", "1d")

    assert sum(int(group["count"]) for group in timed) == 2
    assert all(group["start_at"].endswith(":00:00Z") for group in timed)
    assert {group["h3_cell"][:2] for group in timed if "h3_cell" in group} == {"86"}
    assert "2 revisions in" in table
    assert table.split()[:2] == ["from", "cell"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--by", "street"), "--by is 'street', expected some of cell, district, kind, agency"),
        (("--bucket", "soon"), "--bucket is 'soon', expected a length of time"),
        (("--bucket", "0m"), "--bucket is '0m', expected a length of time"),
        (("--bucket", "1h"), "selection.observed.start_at: is missing"),
        (("--value", "water_level.level"), "did you mean water_level.level_m"),
        (("--resolution", "16"), "h3_resolution"),
    ],
)
def test_what_cannot_be_summarised_is_said_in_one_sentence(
    town: Town, options: tuple[str, ...], said: str
) -> None:
    """With the status of a wrong command line."""
    refused = town.run("summarize", *options)

    assert refused.returncode == 2
    assert said in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
