"""The commands for many machines, and for keys that turn, beside a city that runs."""

import asyncio
import json
import shutil
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from rich.console import Console

from broker.connection import Bus, BusSettings
from broker.errors import BrokerError, KeyRefused
from broker.home import Home
from broker.toml import FileWrong
from broker.topology import Topology
from ops.city import read_city
from ops.deploy import deploy_render
from ops.failure import Failure
from ops.keys import keys
from ops.supervisor import Supervisor
from tests.conftest import free_port
from tests.e2e.machines import city_file, leaf, node
from tests.ops.conftest import Town, air
from tests.running_city import until

CLUSTER = (node("nats-1"), node("nats-2"), node("nats-3"))


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    """Return what a command printed."""
    return capsys.readouterr().out.splitlines()


def test_a_folder_is_written_for_each_server_and_each_part(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And told, for people or for machines."""
    city = city_file(tmp_path, "leaf", node("nats-1"), leaf("water"))
    out, home = tmp_path / "out", tmp_path / "home"

    deploy_render(out, home=home, city=city)
    told = lines(capsys)
    deploy_render(out, home=home, city=city, as_json=True)
    objects = [json.loads(line) for line in lines(capsys)]

    names = ["nats-1", "leaf-water", "parts/gateway", "parts/streams"]
    names += [f"parts/{agency}" for agency in ("environment", "police", "water")]
    assert told == [f"wrote {out / name}" for name in names]
    assert [one["folder"] for one in objects] == [str(out / name) for name in names]
    assert all((out / name).is_dir() for name in names)


def test_each_of_several_gateways_gets_a_key_to_sign_with(tmp_path: Path) -> None:
    """Of its own, so that the record tells them apart; the same one when rendered again."""
    city = city_file(tmp_path, "single", node("nats-1"))
    keys = tmp_path / "out" / "parts" / "gateway" / "keys"

    for _ in range(2):
        deploy_render(tmp_path / "out", home=tmp_path / "home", city=city, replicas=2)
        made = {file.name: file.read_bytes() for file in keys.glob("*.audit.key")}
        deploy_render(tmp_path / "out", home=tmp_path / "home", city=city)
        again = {file.name: file.read_bytes() for file in keys.glob("*.audit.key")}

    assert set(made) == {"gateway.audit.key", "gateway-0.audit.key", "gateway-1.audit.key"}
    assert len(set(made.values())) == 3
    assert again == made


def test_another_shape_than_the_city_files_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The parts read the city file, and would look elsewhere."""
    city = city_file(tmp_path, "single", *CLUSTER)

    deploy_render(tmp_path / "out", Topology.CLUSTER, tmp_path / "home", city)

    assert lines(capsys)[-1].endswith(
        'its parts look for these servers when [nats] says topology = "cluster"'
    )
    assert {folder.name for folder in (tmp_path / "out").iterdir()} == {
        *("nats-1", "nats-2", "nats-3", "parts")
    }


@pytest.mark.parametrize(
    ("turned", "said"),
    [
        ({"rotate": ["nobody"]}, "nobody is no bus user"),
        ({"retire": ["water"]}, "water has no former key"),
        ({"rotate": ["water", "water"]}, "water has a former key already"),
        ({"renew": ["nobody"]}, "there is no server 'nobody'; there is: console, gateway, nats"),
    ],
)
def test_a_key_that_cannot_turn_is_told(tmp_path: Path, turned: dict[str, Any], said: str) -> None:
    """One sentence."""
    city, home = city_file(tmp_path, "single"), tmp_path / "home"
    keys(home, city)

    with pytest.raises((BrokerError, Failure), match=said):
        keys(home, city, **turned)


async def test_a_city_of_many_machines_does_not_come_up_on_one(tmp_path: Path) -> None:
    """Its parts would look for servers that nobody started."""
    city = read_city(city_file(tmp_path, "cluster", *CLUSTER))

    with pytest.raises(Failure, match=r"on machines of their own \(cluster\)"):
        await Supervisor(city, Home(tmp_path / "home"), Console()).run(demo=False)
    with pytest.raises(FileWrong, match="has no server in region 'north'"):
        city.plan_in("north")


def test_streams_that_are_laid_out_stay(town: Town) -> None:
    """Whoever lays them out twice changes nothing."""
    assert town.read("deploy", "streams") == "every stream is as defined\n"


def test_a_probe_tells_whether_the_gateway_serves(town: Town) -> None:
    """By its status; the certificate that it shows reads no record."""
    assert town.read("gateway", "probe") == ""
    port = free_port()
    said = town.refused("gateway", "probe", "--gateway", f"localhost:{port}")[1]
    assert said.startswith(f"the gateway at localhost:{port} does not answer: ")

    other = town.folder / "probing"
    shutil.copytree(town.home / "tls", other / "tls")
    for end in ("pem", "key"):
        shutil.copyfile(town.home / "tls" / f"probe.{end}", other / "tls" / f"police.{end}")
    assert "names liandong://probe" in town.refused("list", "--as", "police", "--home", other)[1]


def test_a_running_server_takes_another_key_and_refuses_the_former(town: Town) -> None:
    """The feed whose key it is goes on without a restart."""
    home, plan = Home(town.home), read_city(town.city).plan
    stolen = town.folder / "stolen.nk"
    shutil.copyfile(home.seed_path("environment"), stolen)
    reads_again = "told the server that runs on this home to read its configuration again"
    adapter = town.processes("adapter", "environment.hj212")

    told = [town.read("keys", f"--{step}", "environment") for step in ("rotate", "retire")]

    assert [lines.splitlines() for lines in told] == [
        ["made another key of bus user environment", reads_again],
        ["retired the former key of bus user environment", reads_again],
    ]
    settings = BusSettings(
        servers=plan.hub, user="environment", seed_path=str(stolen), ca_path=str(home.ca)
    )
    until(lambda: asyncio.run(is_refused(settings)))
    frame = town.folder / "after.txt"
    frame.write_bytes(air("320100A0009", 12.0))
    said = town.read("play", "hj212", frame, "--to", f"tcp://127.0.0.1:{town.hj212_port}")
    assert "9014" in said
    assert town.processes("adapter", "environment.hj212") == adapter


async def is_refused(settings: BusSettings) -> bool:
    """Tell whether the server refuses a key."""
    try:
        async with Bus(settings):
            return False
    except KeyRefused:
        return True


def test_a_renewed_certificate_is_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And is for all names by which clients reach the gateway."""
    city, home = city_file(tmp_path, "single"), Home(tmp_path / "home")
    city.write_text(f'{city.read_text()}\n[gateway]\nnames = ["gateway.example", "192.0.2.7"]\n')
    keys(home.path, city)
    lines(capsys)
    before = home.certificate("gateway")[0].read_bytes()

    keys(home.path, city, renew=["gateway"])

    assert lines(capsys) == [
        "removed the certificate of server gateway",
        "made the certificate of server gateway",
    ]
    after = home.certificate("gateway")[0].read_bytes()
    held = x509.load_pem_x509_certificate(after).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert after != before
    assert "gateway.example" in held.value.get_values_for_type(x509.DNSName)
    assert ip_address("192.0.2.7") in held.value.get_values_for_type(x509.IPAddress)
