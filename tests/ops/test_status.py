"""What `status` shows, well and unwell."""

import json

from tests.conftest import free_port
from tests.ops.conftest import Town
from tests.running_city import together


def test_all_parts_are_well(town: Town) -> None:
    """Server, gateway and each feed, for the operators; a department sees its own."""
    parts = {part["name"]: part for part in town.objects("status")}
    own = town.read("status", "--as", "police")

    assert set(parts) > {"environment.hj212", "police.calls"}
    assert all(part["well"] for part in parts.values())
    assert "POLICE holds" in own
    assert "environment.hj212" not in own


def test_parts_that_are_away_are_named_and_the_others_shown(town: Town) -> None:
    """Without the server, or the gateway, the rest is still told; the exit status is 1."""
    nats, city = str(free_port()), town.folder / "away.toml"
    text = town.city.read_text()
    ours = text.split("[nats]\nport = ")[1].split("\n", 1)[0]
    city.write_text(text.replace(ours, nats, 1))
    nowhere = f"localhost:{free_port()}"
    no_server, no_gateway, no_bus = together(
        [
            town.start("status", "--json", "--city", city),
            town.start("status", "--gateway", nowhere),
            town.start("quarantine", "list", "--city", city),
        ]
    )

    assert no_server[0] == no_gateway[0] == no_bus[0] == 1
    wells = {part["part"]: part["well"] for part in map(json.loads, no_server[1].splitlines())}
    assert wells == {"nats-server": False, "gateway": True, "feed": True, "agreements": True}
    assert f"no gateway answers at {nowhere}" in no_gateway[1]
    assert no_gateway[2] == f"liandong: not all is well: look at {nowhere}\n"
    assert no_bus[2].startswith(f"liandong: the bus at tls://127.0.0.1:{nats} cannot be reached")
    assert no_bus[2].count("\n") == 1
