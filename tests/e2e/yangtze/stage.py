"""Who runs the night: the departments' feeds and responders, and the city's gateway."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx

from adapters.responding import ResponderRunner
from adapters.sdk.responder import ResponderConfig
from broker.connection import BusSettings
from broker.home import Home
from broker.plan import BusPlan
from broker.users import hand
from gateway.server import Gateway
from gateway.settings import GatewaySettings
from liandong.gateway.v1 import publishing_pb2, publishing_pb2_grpc
from liandong.record.v1.record_pb2 import Record
from tests.conftest import AGENCIES
from tests.e2e.samples import Run, Running
from tests.e2e.yangtze.scene import DISTRICT, LATITUDE, LONGITUDE, Scene
from tests.gateway.town import City, journal

AGREEMENTS: Final = Path(__file__).with_name("agreements.toml")
_WARNING_M: Final = 8.5
_COD_MG_L: Final = 50.0
_HERE: Final[dict[str, Any]] = {
    "title": "八卦洲",
    "latitude": LATITUDE,
    "longitude": LONGITUDE,
    "district": DISTRICT,
}


class Feeds(NamedTuple):
    """The departments' feeds, each with a port or folder of its own."""

    warnings: Running
    gauges: Running
    outlets: Running
    calls: Running
    boats: Running
    hospitals: Running
    admissions: Running

    async def post(self, document: bytes) -> int:
        """Post a hospital's document; return the status that it is answered."""
        url = self.hospitals.runner.address.replace("http-listen", "http")
        async with httpx.AsyncClient(timeout=30) as hospital:
            return (await hospital.post(url, content=document)).status_code


@asynccontextmanager
async def feeding(run: Run, scene: Scene, folder: Path) -> AsyncIterator[Feeds]:
    """Run the departments' feeds."""
    boat = {"title": "苏公巡 1", "kind": "vessel", "district": DISTRICT}
    gauge = {**_HERE, "warning_level_m": _WARNING_M}
    here: dict[str, Any] = {"district": DISTRICT}
    tcp = "tcp://127.0.0.1:0"
    async with AsyncExitStack() as stack:
        feeds = [
            await stack.enter_async_context(one)
            for one in (
                run("weather/cap", f"drop:{folder / 'warnings'}"),
                run("water/sl651", tcp, sites={scene.station: gauge}),
                run("environment/hj212", tcp, sites={scene.logger: _HERE}),
                run("police/incident_csv", f"drop:{folder / 'calls'}", **here),
                run("transport/jt808", tcp, agency="police", vehicles={scene.phone: boat}),
                run("health/have", "http-listen://127.0.0.1:0/have", **here),
                run("health/hl7v2", "mllp://127.0.0.1:0", **here),
            )
        ]
        yield Feeds(*feeds)


@asynccontextmanager
async def responding(home: Home, plan: BusPlan, scene: Scene) -> AsyncIterator[None]:
    """Run the departments' responders; the weather service has none."""
    river = {"name": "Yangtze", "stations": [scene.upper_station, scene.station]}
    limits = {"cod_mg_l": {"max": _COD_MG_L, "basis": "GB 18918-2002 1A"}}
    options: dict[str, dict[str, Any]] = {
        "health/beds": {},
        "water/levels_upstream": {"rivers": [river]},
        "environment/discharge_nearby": {"limits": limits},
        "police/units_nearby": {},
    }
    async with AsyncExitStack() as stack:
        for name, given in options.items():
            agency = name.partition("/")[0]
            config = ResponderConfig(
                id=name.replace("/", "."), responder=name, agency=agency, options=given
            )
            await stack.enter_async_context(ResponderRunner(config, home, plan))
        yield


@asynccontextmanager
async def governed(home: Home, plan: BusPlan, folder: Path) -> AsyncIterator[City]:
    """Run the city's gateway under the night's agreements."""
    pem, key = home.certificate("gateway")
    settings = GatewaySettings(
        host="127.0.0.1",
        port=0,
        certificate=str(pem),
        key=str(key),
        ca=str(home.ca),
        agreements=str(AGREEMENTS),
        agencies=AGENCIES,
        titles={"health": "卫生健康 Health", "emergency": "应急管理 Emergency"},
        bus=BusSettings.of(home, plan, "gateway"),
        hands={agency: BusSettings.of(home, plan, hand(agency)) for agency in plan.agencies},
        audit=journal(folder),
        revoked=str(folder / "revoked"),
    )
    async with Gateway(settings) as gateway:
        yield City(home, plan, gateway, AGREEMENTS)


async def publish(city: City, agency: str, *published: Record) -> None:
    """Publish a department's own records over gRPC; each must be new."""
    async with city.channel(agency) as channel:
        stub: publishing_pb2_grpc.PublishingServiceAsyncStub
        stub = publishing_pb2_grpc.PublishingServiceStub(channel)
        answer = await stub.PublishRecords(publishing_pb2.PublishRecordsRequest(records=published))
    stored = publishing_pb2.PUBLISH_OUTCOME_STORED
    assert [one.outcome for one in answer.records] == [stored] * len(published)
