"""How soon the console shows a large city, and how smoothly it is moved.

    python -m benchmarks.console [RECORDS] [--pictures FOLDER]

Everything is real: records on the bus, the gateway and the console in processes of their own,
headless Chromium without a graphics card. First view: from the first byte asked for until the
map shows records; all: until it has every one. Frames are the browser's own, while the map is
dragged and zoomed.
"""

import argparse
import asyncio
import contextlib
import shutil
import statistics
import tempfile
import time
import uuid
from collections import defaultdict
from pathlib import Path

import uvloop
from playwright.async_api import Page, async_playwright

from benchmarks.city import child, free_port
from benchmarks.console_city import city_records
from broker.connection import Bus, BusSettings
from broker.home import Home
from broker.outgoing import Outgoing
from broker.plan import stream_name
from broker.publisher import Publisher
from broker.server import EmbeddedServer
from broker.streams import reconcile
from broker.subjects import share_subject
from liandong.record.v1.record_pb2 import Record
from ops.city import City, read_city
from ops.console.signing import Signer
from ops.console.visitors import login_address

RECORDS = 50_000
AGENCIES = {
    "police": "公安 Public Security",
    "environment": "生态环境 Environment",
    "health": "卫生健康 Health",
    "water": "水务 Water",
    "weather": "气象 Weather",
    "transport": "交通 Transport",
    "emergency": "应急 Emergency",
}
_AGREEMENTS = """
[[agreement]]
id = "all-to-emergency"
provider = "*"
consumer = "emergency"
kinds = ["*"]
classification = "restricted"
"""
_LOT = 5000
_NEARER = "() => { liandong.map.stop().setView([32.05, 118.81], 11.5, { animate: false }); }"
# Frames one after the other, while the map is moved at each of them.
_FRAMES = """async (move) => {
    const { map, layer } = liandong;
    const times = [], draws = [];
    let last = performance.now();
    for (let at = 0; at < 90; at++) {
        if (move === "pan") map.panBy([at < 45 ? 14 : -14, at % 2 ? 6 : -6], { animate: false });
        else map.setZoom(map.getZoom() + (at % 30 < 15 ? 0.1 : -0.1), { animate: false });
        await new Promise(requestAnimationFrame);
        const now = performance.now();
        times.push(now - last);
        draws.push(layer.frameMs);
        last = now;
    }
    return { times, draws };
}"""


def city_file(folder: Path) -> City:
    """Write a city without feeds."""
    head = (
        'agreements = "agreements.toml"\n[city]\nname = "bench"\ntitle = "南京 Nanjing"\n'
        f"[nats]\nport = {free_port()}\n[gateway]\nport = {free_port()}\n"
        f"[console]\nport = {free_port()}\n"
    )
    agencies = "".join(
        f'[[agency]]\nname = "{name}"\ntitle = "{title}"\n' for name, title in AGENCIES.items()
    )
    (folder / "agreements.toml").write_text(_AGREEMENTS)
    path = folder / "city.toml"
    path.write_text(head + agencies)
    return read_city(path)


async def publish(home: Home, city: City, records: list[Record]) -> None:
    """Put records on the bus, each as its agency."""
    by_agency = defaultdict(list)
    for record in records:
        by_agency[record.name.partition("/")[0]].append(record)
    for agency, lot in by_agency.items():
        settings = BusSettings.of(home, city.plan, agency)
        async with Bus(settings) as bus, Publisher(bus, stream_name(agency)) as publisher:
            for first in range(0, len(lot), _LOT):
                await asyncio.gather(
                    *(
                        publisher.publish(
                            Outgoing(
                                share_subject(record.name),
                                record.SerializeToString(),
                                uuid.uuid4().hex,
                            )
                        )
                        for record in lot[first : first + _LOT]
                    )
                )


async def look(page: Page, address: str, count: int) -> tuple[float, float]:
    """Open the console; return seconds until it shows records, and until it has all."""
    began = time.perf_counter()
    await page.goto(address)
    await page.wait_for_function("() => window.liandong?.layer.drawn.length > 0", polling="raf")
    first = time.perf_counter() - began
    await page.wait_for_function(
        f"() => liandong.store.size >= {count} && !liandong.layer.waiting", polling="raf"
    )
    return first, time.perf_counter() - began


def told(name: str, found: dict[str, list[float]]) -> str:
    """Return how frames went, in a phrase."""
    times, draws = sorted(found["times"][5:]), sorted(found["draws"][5:])
    late = times[int(len(times) * 0.95)]
    return (
        f"{name}: {1000 / statistics.mean(times):.0f} frames/s, a frame "
        f"{statistics.median(times):.0f} ms (95%: {late:.0f}), of it drawing "
        f"{statistics.median(draws):.1f} ms"
    )


async def measure(city: City, home: Home, count: int, pictures: Path | None) -> None:
    """Look at the city with one browser after the other."""
    signer = Signer(home)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        for visitor in ("first", "next"):
            context = await browser.new_context(
                ignore_https_errors=True,
                locale="zh-CN",
                viewport={"width": 1600, "height": 900},
            )
            page = await context.new_page()
            shown, whole = await look(page, login_address(city, signer, "emergency"), count)
            print(
                f"{visitor} visitor, {count:,} records: "
                f"first view {shown:.2f} s, all {whole:.2f} s",
                flush=True,
            )
            if visitor == "first":
                # The next one finds the department's view warm.
                stays = page
        for move in ("pan", "zoom"):
            print(told(move, await page.evaluate(_FRAMES, move)), flush=True)
        await page.click("#fit")
        if pictures is not None:
            await page.select_option("#heat", "rain")
            await page.click(".attention li:nth-child(2) button")
            await page.wait_for_selector(".details h2")
            await page.wait_for_function("() => !liandong.map._animatingZoom")
            await page.evaluate(_NEARER)
            await page.wait_for_timeout(800)
            await page.screenshot(path=pictures / "console-map.jpg", type="jpeg", quality=82)
        await stays.close()
        await browser.close()


async def main(count: int, pictures: Path | None) -> None:
    """Run the city and look at it."""
    with tempfile.TemporaryDirectory(prefix="liandong-bench-") as name:
        folder = Path(name)
        city, home = city_file(folder), Home(folder / "home")
        options = ("--home", str(home.path), "--city", str(city.path))
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(EmbeddedServer(home, city.plan))
            await reconcile(home, city.plan)
            await publish(home, city, list(city_records(count)))
            await stack.enter_async_context(child("gateway", "run", *options))
            await stack.enter_async_context(child("console", "run", *options))
            await measure(city, home, count, pictures)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("records", nargs="?", type=int, default=RECORDS)
    parser.add_argument("--pictures", type=Path)
    given = parser.parse_args()
    uvloop.run(main(given.records, given.pictures))
