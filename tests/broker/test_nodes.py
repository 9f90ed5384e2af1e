"""The folders of servers and parts: whole, secret, and no more than each needs."""

import asyncio
import json
import ssl
import stat
from pathlib import Path

import pytest
from cryptography import x509

from broker.errors import ServerFailed
from broker.home import Home
from broker.nodes import write_servers
from broker.parts import write_parts
from broker.plan import BusPlan
from broker.provision import prepare
from broker.server import check_config
from broker.signing import make_signing_key
from broker.topology import Grid, Leaf, Node, Topology, arrange, plan_of
from tests.conftest import free_port
from tests.e2e.machines import Machine

AGENCIES = ("police", "water")
NODES = [
    Node(
        name=f"n{number}",
        host="127.0.0.1",
        names=(f"n{number}.example",),
        port=free_port(),
        cluster_port=free_port(),
        leaf_port=free_port(),
    )
    for number in range(3)
]
FAR = Node(name="far", host="127.0.0.1", region="south", leaf_port=free_port())
LEAF = Leaf(agency="water", host="127.0.0.1")


def rendered(folder: Path, topology: Topology) -> tuple[Home, BusPlan, list[Path]]:
    """Render a shape."""
    grid: Grid = arrange(
        topology, [*NODES, FAR] if topology is Topology.TWO_REGIONS else NODES, [LEAF]
    )
    home, plan = Home(folder / "home"), plan_of(BusPlan(agencies=AGENCIES), grid)
    prepare(home, plan)
    return home, plan, write_servers(home, plan, grid, folder / "out")


@pytest.mark.parametrize("topology", Topology)
def test_nats_server_takes_every_configuration(tmp_path: Path, topology: Topology) -> None:
    """Each from its own folder, so that it can be copied to its machine."""
    _, _, folders = rendered(tmp_path, topology)
    moved = (tmp_path / "out").rename(tmp_path / "moved")

    for folder in folders:
        check_config(moved / folder.name / "nats.conf")


def test_a_configuration_that_nats_server_refuses_is_told(tmp_path: Path) -> None:
    """In its own words."""
    _, _, (folder,) = rendered(tmp_path, Topology.SINGLE)
    (folder / "accounts.conf").write_text("accounts {")

    with pytest.raises(ServerFailed, match=r"refuses .*nats\.conf: .*accounts\.conf"):
        check_config(folder / "nats.conf")


def test_folders_hold_no_seed_but_that_of_their_own_link(tmp_path: Path) -> None:
    """Servers know public keys; whoever reads a hub's folder cannot pass for anybody."""
    home, _, folders = rendered(tmp_path, Topology.LEAF)
    seeds = {path.name: path.read_text().strip() for path in home.keys_dir.glob("*.nk")}

    held = {
        folder.name: {
            name
            for name, seed in seeds.items()
            for file in folder.rglob("*")
            if file.is_file() and seed in file.read_text()
        }
        for folder in folders
    }

    assert held == {"n0": set(), "n1": set(), "n2": set(), "leaf-water": {"leaf.water.nk"}}
    for folder in folders:
        secrets = [folder / "nats.conf", folder / "accounts.conf", folder / "tls" / "nats.key"]
        assert {stat.S_IMODE(file.stat().st_mode) for file in secrets} == {0o600}


def test_a_servers_certificate_is_for_all_its_names(tmp_path: Path) -> None:
    """Others know it by them."""
    _, _, (folder, *_) = rendered(tmp_path, Topology.CLUSTER)

    pem = (folder / "tls" / "nats.pem").read_bytes()
    held = x509.load_pem_x509_certificate(pem).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert "n0.example" in held.value.get_values_for_type(x509.DNSName)


def test_each_part_gets_the_keys_that_it_needs(tmp_path: Path) -> None:
    """And no others; the authority's key stays where it is."""
    home, plan, _ = rendered(tmp_path, Topology.LEAF)

    make_signing_key(*home.signing_key("gateway-rivers"))
    gateways = ("gateway", "gateway-rivers")

    folders = write_parts(home, plan, tmp_path / "parts", gateways)

    held = {
        folder.name: {file.name for file in folder.rglob("*") if file.is_file()}
        for folder in folders
    }
    hands = {"gateway.police.nk", "gateway.water.nk"}
    certificates = {"gateway.pem", "gateway.key", "probe.pem", "probe.key"}
    signing = {f"{name}.audit.{end}" for name in gateways for end in ("key", "pub")}
    signing.add("ops.audit.pub")
    assert held == {
        "gateway": {"ca.pem", "gateway.nk", *hands, *certificates, *signing},
        "streams": {"ca.pem", "admin.hub.nk", "admin.police.nk", "admin.water.nk"},
        "police": {"ca.pem", "police.nk"},
        "water": {"ca.pem", "water.nk"},
    }


async def test_a_departments_certificate_does_not_join_the_cluster(tmp_path: Path) -> None:
    """It is the authority's too, but the servers know each other by more than that."""
    home, _, (folder, *_) = rendered(tmp_path, Topology.CLUSTER)
    machine = Machine(folder)
    await machine.start()
    try:
        context = ssl.create_default_context(cafile=home.ca)
        pem, key = home.certificate("water")
        context.load_cert_chain(pem, key)

        async with asyncio.timeout(60):
            reader, writer = await connected(NODES[0].cluster_port, context)
            info = json.loads((await reader.readline()).removeprefix(b"INFO "))
            hello = {"server_id": "forged", "name": "forged", "cluster": info["cluster"]}
            writer.write(b"CONNECT " + json.dumps(hello).encode() + b"\r\nPING\r\n")
            answer = await reader.read()
            writer.close()

        assert b"Authorization Violation" in answer
    finally:
        await machine.stop()


async def connected(
    port: int, context: ssl.SSLContext
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect as soon as somebody listens."""
    while True:
        try:
            return await asyncio.open_connection("127.0.0.1", port, ssl=context)
        except OSError:
            await asyncio.sleep(0.02)
