"""A small city that is broken as it breaks in life, and what it says of that.

`liandong up` starts again whatever ends: it is halted while something is broken, as a
supervisor that has given up.
"""

import asyncio
import contextlib
import os
import signal
import ssl
import subprocess
import urllib.request
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import aiohttp

from broker.home import OPS, Home
from ops.doctor.case import Case
from ops.doctor.checks import CHECKS, examine
from tests.conftest import free_port
from tests.running_city import RunningCity, write_city

HJ212: Final = {"agency": "environment", "feed": "environment.hj212"}
CALLS: Final = {"agency": "police", "feed": "police.calls"}
_FEEDS: Final = """
[[feed]]
id = "environment.hj212"
adapter = "environment/hj212"
agency = "environment"
source = "tcp://127.0.0.1:{hj212}"
spool = {{ after_s = 0.5 }}

[[feed]]
id = "police.calls"
adapter = "police/incident_csv"
agency = "police"
source = "drop:inbox/police"
"""


class Look(NamedTuple):
    """What a city says at a moment.

    Attributes:
        page: Its metrics, as Prometheus gets them.
        doctor: The doctor's sentences.
        console: What the console tells the operators, a line each.
    """

    page: str
    doctor: list[str]
    console: list[str]


class Breakable(RunningCity):
    """The city."""

    def __init__(self, folder: Path) -> None:
        names = ("nats", "gateway", "metrics", "console", "hj212")
        self.ports = {name: free_port() for name in names}
        agencies = ("police", "environment")
        city = write_city(
            folder, "fragile", agencies, _FEEDS.format(**self.ports), ports=self.ports
        )
        self.agreements = folder / "agreements.toml"
        super().__init__(folder / "home", city)
        self._up: subprocess.Popen[str] | None = None

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Run it."""
        with self.up() as self._up:
            yield

    @contextlib.contextmanager
    def halted(self, *words: str, by: signal.Signals) -> Iterator[None]:
        """End a process, which does not come back before leaving."""
        assert self._up is not None, "it runs"
        (pid,) = self.processes(*words)
        self._up.send_signal(signal.SIGSTOP)
        try:
            os.kill(pid, by)
            yield
        finally:
            self._up.send_signal(signal.SIGCONT)

    def scrape(self) -> str:
        """Return its metrics."""
        address = f"http://127.0.0.1:{self.ports['metrics']}/metrics"
        with urllib.request.urlopen(address, timeout=30) as answer:
            page: bytes = answer.read()
        return page.decode()

    def look(self, live: str = "") -> Look:
        """Ask metrics, doctor and console.

        Args:
            live: The line of the console's live view that is waited for; empty: none.
        """
        return asyncio.run(self._looked(live))

    async def _looked(self, live: str) -> Look:
        """Ask all of them at the same time."""
        doctor, console, page = await asyncio.gather(
            asyncio.to_thread(self.examined), self._shown(live), asyncio.to_thread(self.scrape)
        )
        return Look(page, doctor, console)

    def examined(self, *checks: str) -> list[str]:
        """Return the doctor's sentences, as its command prints them."""
        case = Case(Home(self.home), self.city)
        return [
            f"{name}  {one.weight}  {one.sentence}"
            for name in checks or CHECKS
            for one in examine(case, name)
        ]

    async def _shown(self, live: str) -> list[str]:
        """Return what the pages are told: of feeds, streams, causes, and what needs doing."""
        async with self._operators() as client:
            told = [_told(client, path) for path in ("bus", "quarantine", "doctor")]
            if live:
                told.append(_live(client, live))
            return [line for lines in await asyncio.gather(*told) for line in lines]

    @contextlib.asynccontextmanager
    async def _operators(self) -> AsyncIterator[aiohttp.ClientSession]:
        """Come to the console as the operators."""
        home = Home(self.home)
        context = ssl.create_default_context(cafile=str(home.ca))
        context.load_cert_chain(*home.certificate(OPS))
        url = f"https://localhost:{self.ports['console']}"
        connector = aiohttp.TCPConnector(ssl=context)
        async with aiohttp.ClientSession(url, connector=connector, headers={"Origin": url}) as one:
            async with one.get("/") as answer:
                assert answer.url.path == "/"
            yield one


async def _live(client: aiohttp.ClientSession, wanted: str) -> list[str]:
    """Return how the watch and the feeds are, once one of the lines is the wanted one."""
    async with client.ws_connect("/api/live") as live, asyncio.timeout(30):
        await live.send_str("bus")
        while True:
            frame = await live.receive_json()
            lines = [
                f"{one['name'].partition('/')[2]} {one['word']}" for one in frame.get("feeds", ())
            ]
            if frame.get("away"):
                lines.append(f"gateway away: {frame['away']}")
            if any(wanted in line for line in lines):
                return lines


async def _told(client: aiohttp.ClientSession, path: str) -> list[str]:
    """Return what a page shows of an answer."""
    async with client.get(f"/api/{path}") as answer:
        told: Any = await answer.json()
    if "error" in told:
        return [f"Could not be done: {told['error']}"]
    if path == "bus":
        full = {one["name"]: one["bytes"] / max(one["limit"], 1) for one in told["streams"]}
        return [f"{name} {share:.0%} full" for name, share in full.items()]
    if path == "doctor":
        return [f"Needs doing: {one['check']}  {one['sentence']}" for one in told]
    return [f"{one['agency']}: {one['problem']}" for one in told["unread"]] + [
        f"{one['agency']} {one['cause']} {one['entries']}: {one['reason']}"
        for one in told["clusters"]
    ]
