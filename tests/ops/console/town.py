"""A small city with a console, and browsers that look at it."""

import asyncio
import json
import re
import shutil
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from adapters.sdk.journal import last_state
from broker.home import Home
from broker.quarantine import entries
from ops.bus import bus_of
from ops.city import read_city
from ops.console.signing import Signer
from ops.console.visitors import login_address
from tests.adapters.sdk.patient import air
from tests.conftest import free_port
from tests.running_city import RunningCity

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SHOTS = Path(__file__).parents[3] / "test-results"
LIVE = '#live[data-state="live"]'
_CITY = """
agreements = "agreements.toml"

[city]
name = "brightville"
title = "明城 Brightville"

[nats]
port = {nats}

[gateway]
port = {gateway}

[console]
port = {console}
boundaries = "districts.geojson"

[[agency]]
name = "police"
title = "公安 Police"

[[agency]]
name = "health"
title = "卫健 Health"

[[agency]]
name = "environment"
title = "环境 Environment"

[[feed]]
id = "environment.hj212"
adapter = "environment/hj212"
agency = "environment"
source = "tcp://127.0.0.1:{hj212}"

[feed.options]
unknown_factors = "quarantine"
"""
_STRICT = 'unknown_factors = "quarantine"'
_AGREEMENTS = """
[[agreement]]
id = "hospitals-to-police"
provider = "health"
consumer = "police"
kinds = ["health.facility"]
classification = "internal"
"""
_DISTRICTS = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"name": "东区"},
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[118.7, 32.0], [118.9, 32.0], [118.9, 32.1], [118.7, 32.0]]],
            },
        }
    ],
}


class Lit(RunningCity):
    """The city."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ports = {name: free_port() for name in ("nats", "gateway", "console", "hj212")}
        city = folder / "city.toml"
        city.write_text(_CITY.format(**self.ports))
        (folder / "agreements.toml").write_text(_AGREEMENTS)
        (folder / "districts.geojson").write_text(json.dumps(_DISTRICTS))
        super().__init__(folder / "home", city)

    @property
    def url(self) -> str:
        """Return where the console is."""
        return f"https://localhost:{self.ports['console']}"

    def address(self, agency: str) -> str:
        """Return an address that lets in once."""
        return login_address(read_city(self.city), Signer(Home(self.home)), agency)

    def share(self, agency: str, *lines: str) -> None:
        """Publish records as their agency."""
        self.read("publish", "-", "--as", agency, given="\n".join(lines) + "\n")

    def spoil(self, *frames: bytes) -> None:
        """Send frames that go to quarantine, and wait until the feed has told its counts."""
        with socket.create_connection(("127.0.0.1", self.ports["hj212"])) as logger:
            for frame in frames:
                logger.sendall(frame)
                assert logger.recv(4096), "the frame is answered once it is kept"
        with ThreadPoolExecutor(1) as beside:
            # A browser's own loop runs in this thread.
            beside.submit(asyncio.run, self._counted()).result()

    async def _counted(self) -> None:
        """Wait until the feed has told its counts of all that is in quarantine."""
        city = read_city(self.city)
        async with bus_of(Home(self.home), city, "environment") as bus, asyncio.timeout(30):
            held = [one async for one in entries(bus, "environment", headers_only=True)]
            while True:
                state = await last_state(bus, "environment", "environment.hj212")
                if state and state.settled.quarantine_sequence >= (held[-1].sequence or 0):
                    return
                await asyncio.sleep(0.05)

    def mend(self) -> None:
        """Give the city file the unit that was missing."""
        text = self.city.read_text()
        self.city.write_text(text.replace(_STRICT, f'{_STRICT}\nunits = {{ a99001 = "mg/m3" }}'))


def record(name: str, body: str, *, latitude: float = 32.04, longitude: float = 118.78) -> str:
    """Return a record as `publish` takes it; its body is JSON."""
    now = datetime.now(UTC)
    return (
        f'{{"name": "{name}", "observed_at": "{now:%FT%TZ}", '
        '"classification": "CLASSIFICATION_INTERNAL", "status": "STATUS_ACTUAL", '
        '"quality": {"level": "QUALITY_LEVEL_VALID"}, "location": {"district": "320102", '
        f'"point": {{"latitude_deg": {latitude}, "longitude_deg": {longitude}}}}}, {body}}}'
    )


def incident(number: str, type_: str, level: str = "II", **place: float) -> str:
    """Return an incident of the police."""
    body = f'"incident": {{"number": "{number}", "type": "{type_}", "level": "LEVEL_{level}"}}'
    return record(f"police/incident.report/{number}", body, **place)


def hospital(number: str, title: str, **place: float) -> str:
    """Return a hospital."""
    body = (
        f'"health_facility": {{"facility_id": "{number}", "title": "{title}", '
        '"beds": [{"bed_type": "adult", "available": 12}]}'
    )
    return record(f"health/health.facility/{number}", body, **place)


def movement(number: str) -> str:
    """Return a patient's movement, which no agreement opens."""
    body = (
        f'"health_movement": {{"movement_id": "{number}", "type": "MOVEMENT_TYPE_ADMIT", '
        '"facility_id": "H1", "ward": "ICU"}'
    )
    return record(f"health/health.movement/{number}", body)


@pytest.fixture(scope="session")
def lit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lit]:
    """Run the city."""
    city = Lit(tmp_path_factory.mktemp("brightville"))
    with city.up():
        city.share("police", incident("A-1", "道路积水"))
        city.share(
            "health",
            hospital("H1", "鼓楼医院 Gulou Hospital", latitude=32.06, longitude=118.79),
            movement("M-1"),
        )
        city.spoil(air(1), air(2, "a99002"))
        yield city


# Its loop stays in this thread until it ends: of a module, no asynchronous test comes between.
@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Run the system's Chromium, or skip."""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def looking(
    city: Lit,
    browser: Browser,
    agency: str,
    language: str = "zh-CN",
    *,
    live: str = LIVE,
    may_fail: str = "",
    width: int = 1600,
    height: int = 900,
) -> Iterator[Page]:
    """Open the console as a department; what the page complains about fails the test.

    Args:
        city: The city.
        browser: The browser.
        agency: The department.
        language: The browser's language.
        live: What is visible once the page is there.
        may_fail: A pattern of what the page may complain about; empty: nothing.
        width: Of the screen.
        height: Of the screen.
    """
    with browser.new_context(
        ignore_https_errors=True, locale=language, viewport={"width": width, "height": height}
    ) as context:
        page = context.new_page()
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda said: (
                complaints.append(said.text) if said.type in {"error", "warning"} else None
            ),
        )
        page.goto(city.address(agency))
        page.wait_for_selector(live)
        yield page
        expected = re.compile(may_fail or r"\A(?!)")
        assert [one for one in complaints if not expected.search(one)] == []


def shoot(page: Page, name: str) -> None:
    """Keep a picture of the page."""
    SHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SHOTS / f"console-{name}.png")
