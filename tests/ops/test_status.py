"""What `status` shows, well and unwell."""

import json
from pathlib import Path

import msgspec

from broker.connection import Bus, BusSettings
from broker.home import OPS, Home
from broker.outgoing import Outgoing
from broker.plan import MEBIBYTE
from broker.publisher import Publisher
from broker.server import EmbeddedServer
from broker.streams import reconcile
from ops.city import City, read_city
from ops.status import quarantine_part
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


def test_a_file_of_agreements_that_is_wrong_is_named(town: Town) -> None:
    """Where to look is the last thing that is said."""
    broken, city = town.folder / "broken.toml", town.folder / "with_broken.toml"
    broken.write_text("[[agreement]\n")
    city.write_text(town.city.read_text().replace("agreements.toml", broken.name, 1))

    status, sentence = town.refused("status", "--city", city)

    assert status == 1
    assert sentence == f"not all is well: look at {broken}"


async def test_a_quarantine_that_is_nearly_full_is_told_before_senders_must_wait(
    tmp_path: Path,
) -> None:
    """Nothing while it is empty, well while there is room, unwell above four fifths."""
    home, city = Home(tmp_path / "home"), _small(tmp_path / "city.toml")
    told = []
    async with EmbeddedServer(home, city.plan):
        await reconcile(home, city.plan)
        async with (
            Bus(BusSettings.of(home, city.plan, "water")) as bus,
            Publisher(bus, "QUARANTINE_WATER") as publisher,
        ):
            told.append(await quarantine_part(home, city, OPS, "water"))
            for number in range(2):
                piece = bytes(450 << 10)
                await publisher.publish(Outgoing("quarantine.water.x", piece, f"{number}"))
                told.append(await quarantine_part(home, city, OPS, "water"))

    empty, half, full = told
    assert empty is None
    assert half is not None
    assert (half.name, half.well) == ("water", True)
    assert half.state == "1 entry, 0.5 of 1 MB"
    assert full is not None
    assert not full.well
    assert "heal or discard entries" in full.state


def _small(file: Path) -> City:
    """Describe a city whose quarantine holds a mebibyte."""
    name = '[[agency]]\nname = "water"'
    file.write_text(f'[city]\nname = "t"\n[nats]\nport = {free_port()}\n{name}\n')
    city = read_city(file)
    plan = msgspec.structs.replace(
        city.plan, quarantine_bytes=MEBIBYTE, agency_bytes=MEBIBYTE, city_bytes=MEBIBYTE
    )
    return msgspec.structs.replace(city, plan=plan)
