"""A small city that runs, its feeds fed through socket and folder."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from ops.demo import frames
from tests.conftest import free_port
from tests.running_city import AIR_TO_POLICE, RunningCity, until, write_city

_PARTS = """
[[feed]]
id = "environment.hj212"
adapter = "environment/hj212"
agency = "environment"
source = "tcp://127.0.0.1:{hj212}"
district = "320100"

[feed.options.sites.320100A0001]
title = "玄武湖 Xuanwu Lake"
latitude = 32.0717
longitude = 118.7972
district = "320102"

[[responder]]
id = "water.levels"
responder = "water/levels_upstream"
agency = "water"

[[responder.options.rivers]]
name = "秦淮河 Qinhuai"
stations = ["Q2", "Q1"]

[[feed]]
id = "police.calls"
adapter = "police/incident_csv"
agency = "police"
source = "drop:inbox/police"
district = "320100"
"""
_LEVELS_TO_POLICE = """
[[agreement]]
id = "levels-to-police"
provider = "water"
consumer = "police"
kinds = ["ask.levels_upstream"]
"""
_CALLS = """接警编号,报警时间,事件类型,事件级别,经度,纬度,地址,处置状态
A-1,{at},道路积水,一般,118.7886,32.0436,玄武区中山南路新街口地下通道,处置中
A-2,{at},[/red]\x1b[2J树木倒伏,一般,118.8022,32.0601,玄武区北京东路41号门前,处置中
"""


class Town(RunningCity):
    """The small city."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        ports = {name: free_port() for name in ("nats", "gateway", "metrics", "hj212")}
        self.hj212_port, self.gateway_port = ports["hj212"], ports["gateway"]
        self.metrics_port = ports["metrics"]
        agencies = ("police", "environment", "water")
        city = write_city(
            folder,
            "testville",
            agencies,
            _PARTS.format(**ports),
            ports=ports,
            agreements=AIR_TO_POLICE + _LEVELS_TO_POLICE,
        )
        super().__init__(folder / "home", city)
        self.folder = folder

    def feed(self) -> None:
        """Send two good frames and a damaged one, and put a table into the folder."""
        good = [air("320100A0001", 31.0), air("320100A0002", 55.0)]
        sent = self.folder / "frames.txt"
        sent.write_bytes(b"".join(good) + damaged("320100A0003"))
        table = self.folder / "calls.csv"
        table.write_bytes(
            _CALLS.format(at=f"{datetime.now(ZoneInfo('Asia/Shanghai')):%F %T}").encode("gb18030")
        )
        self.read("play", "hj212", sent, "--to", f"tcp://127.0.0.1:{self.hj212_port}")
        self.read("play", "raw", table, "--to", f"drop:{self.home / 'inbox' / 'police'}")
        until((self.home / "inbox" / "police" / "done" / "calls.csv").exists)


def air(station: str, pm2_5: float, *, minute: int = 0) -> bytes:
    """Make the frame of an air station."""
    at = datetime.now(ZoneInfo("Asia/Shanghai")) + timedelta(minutes=minute)
    return frames.hj212(
        station=station,
        station_type="22",
        command="2011",
        sent=at,
        observed=at,
        values=[("a34004", pm2_5)],
    )


def damaged(station: str) -> bytes:
    """Make a frame whose checksum is wrong."""
    frame = air(station, 1.0)
    return frame[:-6] + (b"0000" if frame[-6:-2] != b"0000" else b"0001") + b"\r\n"


def incident(number: str) -> str:
    """Make a record of the police as `publish` takes it: a line of JSON."""
    return (
        f'{{"name": "police/incident.report/{number}", '
        f'"observed_at": "{datetime.now(UTC):%FT%TZ}", '
        '"classification": "CLASSIFICATION_INTERNAL", "status": "STATUS_ACTUAL", '
        '"quality": {"level": "QUALITY_LEVEL_VALID"}, '
        f'"incident": {{"number": "{number}", "type": "drill", "level": "LEVEL_IV"}}}}\n'
    )


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Run the small city, fed."""
    town = Town(tmp_path_factory.mktemp("town"))
    with town.up():
        town.feed()
        yield town
