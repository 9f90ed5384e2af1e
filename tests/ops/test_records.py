"""What `get` and `list` show."""

import pytest
from rich.cells import cell_len

from tests.ops.conftest import Town
from tests.ops.screens import Screen


def test_a_department_lists_its_own_records_and_what_an_agreement_opens(town: Town) -> None:
    """Police see the air by agreement; environment sees no incident."""
    police = {record["name"].split("/")[1] for record in town.objects("list", "--as", "police")}
    others = {
        record["name"].split("/")[1] for record in town.objects("list", "--as", "environment")
    }

    assert police == {"environment.air", "incident.report"}
    assert others == {"environment.air"}


def test_options_narrow_the_list(town: Town) -> None:
    """Kind, owner, district, box and time select; a limit ends the list and says so."""
    name = "environment/environment.air/320100A0001"
    narrowed = town.objects(
        *("list", "--kind", "environment.*", "--agency", "environment", "--district", "320102"),
        *("--bbox", "32.0,118.7,32.1,118.8", "--since", "1d"),
    )
    limited = town.read("list", "--kind", "environment.air", "--limit", "1")

    assert [record["name"] for record in narrowed] == [name]
    assert narrowed[0]["environment_air"]["pm2_5_ug_m3"] == 31.0
    assert "1 records as police (there are more: --limit 0 shows all)" in limited


def test_circle_polygon_filter_order_and_fields_reach_the_gateway(town: Town) -> None:
    """What is asked on the command line is what is answered."""
    name = "environment/environment.air/320100A0001"
    filtered = town.objects(
        *("list", "--filter", "record.environment_air.pm2_5_ug_m3 < 40.0", "--kind"),
        *("environment.air", "--circle", "32.05,118.75,20000", "--order-by", "distance"),
        *("--polygon", "31.5,118.2 31.5,119.2 32.6,119.2 32.6,118.2"),
        *("--fields", "environment_air.pm2_5_ug_m3"),
    )
    (only,) = town.objects("get", name, "--fields", "observed_at")

    assert filtered == [{"name": name, "environment_air": {"pm2_5_ug_m3": 31.0}}]
    assert set(only) == {"name", "observed_at"}


def test_a_record_is_shown_whole(town: Town) -> None:
    """`get` shows the row and all fields; with --json the record on one line."""
    name = "environment/environment.air/320100A0002"
    (record,) = town.objects("get", name)
    shown = town.read("get", name)

    assert record["provenance"]["feed"] == "environment.hj212"
    assert "PM2.5 55" in shown
    assert '"rawSha256"' in shown


def test_the_past_is_shown_as_it_was_or_as_it_was_known(town: Town) -> None:
    """An hour ago nothing of this was known; a time of no look back is a wrong command line."""
    kind = ("--kind", "environment.air")
    now = town.objects("list", *kind, "--as-of", "0s")
    known = town.objects("list", *kind, "--as-of", "1h", "--known")
    counted = town.read("summarize", *kind, "--as-of", "1h", "--known")
    gone = town.run("get", now[0]["name"], "--as-of", "1h", "--known")
    refused = [
        town.run("list", *options) for options in (("--known",), ("--as-of", "yesterday evening"))
    ]

    assert now == town.objects("list", *kind)
    assert known == []
    assert "0 records in 0 groups as police" in counted
    assert "more have no past that far back" not in counted
    assert gone.returncode == 1
    assert "there is no record" in gone.stderr
    assert [one.returncode for one in refused] == [2, 2]
    assert "--known speaks of --as-of, which is missing" in refused[0].stderr
    assert "--as-of is 'yesterday evening', expected 30m" in refused[1].stderr


def test_what_others_wrote_does_not_steer_the_terminal(town: Town) -> None:
    """Escapes and markup of a legacy system are shown as text."""
    listed = town.read("list", "--kind", "incident.report")

    assert "[/red] [2J树木倒伏" in listed
    assert "\x1b" not in listed


@pytest.mark.parametrize("columns", [80, 160])
def test_tables_fit_the_screen_with_chinese_in_them(town: Town, columns: int) -> None:
    """No line is wider than the terminal, and no name is cut."""
    screen = Screen(town, columns, "list", "--kind", "environment.air")
    status = screen.read_to_end()
    lines = screen.lines

    assert status == 0
    assert max(map(cell_len, lines)) <= columns
    assert any("environment/environment.air/320100A0001 " in line for line in lines)
    assert any("PM2.5 31" in line for line in lines)
    assert lines[-1].endswith(" records as police")
