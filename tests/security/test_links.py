"""The ports on which servers meet take servers of the city, and nobody else."""

import contextlib
import json
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from broker.nkey import new_seed, public_key
from broker.users import link
from tests.e2e.machines import Machine, Machines, city_file, node
from tests.running_city import until
from tests.security.forged import forged
from tests.security.forging import hub
from tests.security.hostile import signed

PATIENCE_S = 10


class Door:
    """A port on which servers meet."""

    def __init__(self, machines: Machines, port: int, *, greets: bool) -> None:
        self.machines, self._port, self._greets = machines, port, greets

    def says(
        self, pair: tuple[Path, Path] | None, seed: bytes = b"", nonce: str = "", **more: Any
    ) -> tuple[bytes, str]:
        """Come as a server would; return all that is answered, and what was to be signed."""
        context = ssl.create_default_context(cafile=str(self.machines.home.ca))
        if pair is not None:
            context.load_cert_chain(*pair)
        said, fresh = b"", ""
        with (
            socket.create_connection(("127.0.0.1", self._port), PATIENCE_S) as bare,
            contextlib.suppress(OSError),
        ):
            if self._greets:
                fresh = json.loads(bare.recv(4096).partition(b" ")[2])["nonce"]
            with context.wrap_socket(bare, server_hostname="127.0.0.1") as secure:
                greeting = {"name": "x", "server_id": "X", "headers": True, **more}
                if seed:
                    greeting["nkey"] = public_key(seed)
                    greeting["sig"] = signed(seed, nonce or fresh)
                secure.sendall(f"CONNECT {json.dumps(greeting)}\r\nPING\r\n".encode())
                while b"PONG" not in said and (piece := secure.recv(4096)):
                    said += piece
        return said, fresh


@pytest.fixture
async def leaf_door(tmp_path: Path) -> AsyncIterator[Door]:
    """Run a hub that takes links."""
    async with hub(tmp_path) as machines:
        (server,) = machines.city.grid.hub
        yield Door(machines, server.leaf_port, greets=True)


@pytest.fixture
async def cluster_door(tmp_path: Path) -> AsyncIterator[Door]:
    """Run one server of a cluster, which waits for the others."""
    file = city_file(tmp_path, "cluster", *map(node, ("nats-1", "nats-2", "nats-3")))
    machines = Machines(file, tmp_path)
    machines.render()
    server = Machine(machines.out / "nats-1")
    await server.start()
    until(lambda: "Server is ready" in server.log)
    try:
        yield Door(machines, machines.city.grid.hub[0].cluster_port, greets=False)
    finally:
        await server.stop()


async def test_a_link_takes_a_key_of_the_city_and_a_fresh_proof(
    leaf_door: Door, tmp_path: Path
) -> None:
    """And a certificate; what is missing, forged or used before is not enough."""
    home = leaf_door.machines.home
    own, seed = home.certificate("environment"), home.seed(link("environment"))
    right, nonce = leaf_door.says(own, seed)
    assert b"PONG" in right

    for pair, key, used in (
        (None, seed, ""),
        (forged(home, "environment", "of another authority", tmp_path), seed, ""),
        (own, b"", ""),
        (own, new_seed(), ""),
        (own, seed, nonce),
    ):
        said, _ = leaf_door.says(pair, key, used)
        assert b"PONG" not in said
        assert b"LS+" not in said


async def test_a_cluster_takes_no_server_without_its_secret(
    cluster_door: Door, tmp_path: Path
) -> None:
    """Departments have certificates of the city, and servers of their own."""
    home = cluster_door.machines.home
    secret = home.route_secret.read_text().strip()
    own = home.certificate("server.nats-2")

    tried: tuple[tuple[tuple[Path, Path] | None, dict[str, Any]], ...] = (
        (None, {"user": "routes", "pass": secret}),
        (
            forged(home, "server.nats-2", "of another authority", tmp_path),
            {"user": "routes", "pass": secret},
        ),
        (home.certificate("police"), {}),
        (own, {"user": "routes", "pass": secret[:-1]}),
        (own, {"user": "", "pass": ""}),
    )
    for pair, words in tried:
        said, _ = cluster_door.says(pair, cluster="liandong", **words)
        assert b"PONG" not in said
        assert b"RS+" not in said
    right: dict[str, Any] = {"user": "routes", "pass": secret, "cluster": "liandong"}
    said, _ = cluster_door.says(own, **right)
    assert b"PONG" in said
