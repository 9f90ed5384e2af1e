"""Several gateways on one port: each call is served by one of them, each on record."""

import os
import signal
from pathlib import Path

from tests.ops.conftest import Town, incident
from tests.running_city import event, until


def test_gateways_share_a_port_and_a_watch_goes_on_at_another(tmp_path: Path) -> None:
    """Connections spread over both; when one is killed its watch goes on where it was."""
    town = Town(tmp_path / "town")
    text = town.city.read_text()
    assert "[gateway]" in text
    town.city.write_text(text.replace("[gateway]", "[gateway]\nworkers = 2", 1))
    with town.up():
        town.read("publish", "-", "--as", "police", given=incident("1"))

        until(lambda: town.read("list", "--as", "police", "--json") and len(serving(town)) == 2)
        with town.start("watch", "--as", "police", "--json") as watching:
            event(watching, "BOOKMARK")
            (there,) = watchers(town)
            (process,) = town.processes("gateway", "run", there)
            os.kill(process, signal.SIGKILL)
            town.read("publish", "-", "--as", "police", given=incident("2"))
            change = event(watching, "CHANGE")
            watching.send_signal(signal.SIGINT)
            rest, _ = watching.communicate()

    assert change["record"]["name"].endswith("/2")
    assert "SNAPSHOT" not in rest


def serving(town: Town) -> set[str]:
    """Return the gateways that have recorded accesses."""
    return {one["gateway"] for one in town.objects("audit", "list", "--as", "ops")}


def watchers(town: Town) -> set[str]:
    """Return the gateways that have recorded a watch."""

    def found() -> set[str]:
        return {
            one["gateway"]
            for one in town.objects("audit", "list", "--as", "ops")
            if one["method"].endswith("WatchRecords")
        }

    told: set[str] = until(found)
    return told
