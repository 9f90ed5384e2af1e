"""The server's monitoring tells everybody who asks: it is not there for other machines."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from broker.home import Home
from broker.server import EmbeddedServer
from ops.doctor.listeners import listeners
from tests.conftest import free_port, small_plan


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
async def test_monitoring_is_of_this_machine_wherever_clients_come_from(
    tmp_path: Path, host: str
) -> None:
    """It asks for no key, and is not encrypted."""
    plan = msgspec.structs.replace(small_plan(("water",)), host=host, monitor_port=free_port())

    async with EmbeddedServer(Home(tmp_path / "home"), plan):
        found = {one.port: str(one.address) for one in await asyncio.to_thread(listeners, "tcp")}

    assert (found[plan.port] == "127.0.0.1") == (host == "127.0.0.1")
    assert found[plan.monitor_port] == "127.0.0.1"
