"""Play the evening: each agency's systems send what they would send, minute by minute."""

import asyncio
import contextlib
import csv
import io
from collections.abc import Callable, Collection, Coroutine, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from ops.demo import evening, frames, hospitals, warnings
from ops.demo.senders import Station, drop

MINUTES_A_SECOND = 0.5
_STEP_S = 4.0
_BACKFILL_MIN = 60
_BACKFILL_STEP_MIN = 10
_ORANGE_MINUTE = 25.0
_HOSPITALS_S = 15.0
_ZONE = ZoneInfo("Asia/Shanghai")
_HEADER = (
    "接警编号", "报警时间", "事件类型", "事件级别", "经度", "纬度", "地址", "处置状态",
)  # fmt: skip


async def play_evening(sources: Mapping[str, str]) -> None:
    """Play the evening through a city's own feeds until cancelled.

    The storm's clock runs faster than the city's: a second is half a minute of storm.
    Observation times are the city's own, so that what is shown is now.

    Args:
        sources: Where each adapter gets its bytes, ``tcp://host:port`` or ``drop:folder``;
            what needs an adapter that is not there is left out.
    """
    async with asyncio.TaskGroup() as players:
        for adapter, play in _PLAYERS.items():
            if adapter in sources:
                players.create_task(play(sources[adapter]))


def missing(adapters: Collection[str]) -> list[str]:
    """Return the adapters that the evening needs and a city does not have."""
    return [adapter for adapter in _PLAYERS if adapter not in adapters]


def _folder(source: str) -> Path:
    """Return the drop folder that a source names."""
    return Path(source.removeprefix("drop:"))


def _now() -> datetime:
    """Return the city's time."""
    return datetime.now(_ZONE)


async def _environment(source: str) -> None:
    """Send air stations' readings and the outlet's."""
    address = urlsplit(source)
    station = Station(address.hostname or "", address.port or 0, lambda answer: b"&&&&" in answer)
    async with contextlib.aclosing(station):
        started = _now()
        while True:
            now = _now()
            minute = (now - started).total_seconds() * MINUTES_A_SECOND
            for number, air in enumerate(evening.AIR_STATIONS):
                fine = evening.pm2_5_ug_m3(air, minute)
                await station.send(
                    frames.hj212(
                        station=air.number,
                        station_type="22",
                        command="2011",
                        sent=now + timedelta(milliseconds=number),
                        observed=now,
                        values=[
                            ("a34004", fine),
                            ("a34002", fine * 1.6),
                            ("a21004", 31.0 * air.factor),
                            ("a21026", 6.0),
                            ("a21005", 0.7 * air.factor),
                            ("a05024", 48.0),
                            ("a01001", 24.5 - minute / 60),
                            ("a01002", min(88.0 + minute / 10, 99.0)),
                        ],
                    )
                )
            await station.send(
                frames.hj212(
                    station=evening.OUTLET,
                    station_type="32",
                    command="2011",
                    sent=now + timedelta(milliseconds=99),
                    observed=now,
                    values=[
                        ("w00000", 181.0 + minute),
                        ("w01018", evening.cod_mg_l(minute)),
                        ("w21003", 2.1),
                        ("w01001", 7.3),
                    ],
                )
            )
            await asyncio.sleep(_STEP_S)


async def _water(source: str) -> None:
    """Send river levels and rain: first the hour before, then as it goes on."""
    address = urlsplit(source)
    station = Station(address.hostname or "", address.port or 0, _is_sl651_answer)
    async with contextlib.aclosing(station):
        started = _now()
        serial = 0
        for minute in range(-_BACKFILL_MIN, 0, _BACKFILL_STEP_MIN):
            serial = await _round(station, started + timedelta(minutes=minute), minute, serial)
        while True:
            now = _now()
            minutes = (now - started).total_seconds() * MINUTES_A_SECOND
            serial = await _round(station, now, minutes, serial)
            await asyncio.sleep(_STEP_S)


async def _round(station: Station, observed: datetime, minute: float, serial: int) -> int:
    """Send one report of every river and gauge; return the last serial number used."""
    rain = evening.rain_total_mm(minute)
    hour = rain - evening.rain_total_mm(minute - 60)
    levels = {river.station: evening.level_m(river, minute) for river in evening.RIVERS}
    for number in evening.GAUGES:
        serial = serial % 65535 + 1
        elements = [("20", rain, 3, 1), ("1A", hour, 3, 1), ("26", 1250.0 + rain, 3, 1)]
        if number in levels:
            elements.append(("39", levels[number], 4, 3))
        elements.append(("38", 12.6, 2, 2))
        await station.send(
            frames.sl651(
                station=number,
                station_class="48" if number in levels else "50",
                serial=serial,
                sent=_now(),
                observed=observed,
                elements=elements,
            )
        )
    return serial


def _is_sl651_answer(received: bytes) -> bool:
    """Tell whether a whole downlink frame has come: 14 bytes of head, 8 of body, 3 of end."""
    return received.startswith(b"\x7e\x7e") and len(received) >= 14 + 8 + 3


async def _weather(source: str) -> None:
    """Issue the yellow warning at once and the orange one that replaces it later."""
    folder = _folder(source)
    yellow = _now()
    drop(
        folder, f"{warnings.identifier(yellow)}.xml", warnings.rainstorm("yellow", yellow, 0, None)
    )
    await asyncio.sleep(_ORANGE_MINUTE / MINUTES_A_SECOND)
    orange = _now()
    content = warnings.rainstorm("orange", orange, _ORANGE_MINUTE, yellow)
    drop(folder, f"{warnings.identifier(orange)}.xml", content)


async def _health(source: str) -> None:
    """Tell how many beds are free, as the hospitals' reporting system does."""
    folder = _folder(source)
    started = _now()
    while True:
        now = _now()
        minute = (now - started).total_seconds() * MINUTES_A_SECOND
        drop(folder, f"have_{now:%Y%m%d_%H%M%S}.xml", hospitals.document(now, minute))
        await asyncio.sleep(_HOSPITALS_S)


async def _police(source: str) -> None:
    """Export the dispatch table each time a call comes in, as the dispatch system does."""
    folder = _folder(source)
    started = _now()
    reported: list[tuple[evening.Call, datetime]] = []
    for number, call in enumerate(evening.CALLS):
        due = started + timedelta(seconds=number and call.minute / MINUTES_A_SECOND)
        await asyncio.sleep(max((due - _now()).total_seconds(), 0.0))
        reported.append((call, _now()))
        drop(folder, f"calls_{_now():%Y%m%d_%H%M%S}.csv", _export(reported))


def _export(reported: list[tuple[evening.Call, datetime]]) -> bytes:
    """Write the dispatch table of the evening's calls, as CSV in GB18030."""
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(_HEADER)
    for number, (call, at) in enumerate(reported, start=1):
        row = (f"NJ110-{reported[0][1]:%Y%m%d%H%M%S}-{number:03d}", f"{at:%Y-%m-%d %H:%M:%S}")
        point = (f"{call.longitude:.6f}", f"{call.latitude:.6f}")
        writer.writerow((*row, call.type, call.level, *point, call.address, "处置中"))
    return table.getvalue().encode("gb18030")


_PLAYERS: dict[str, Callable[[str], Coroutine[None, None, None]]] = {
    "environment/hj212": _environment,
    "water/sl651": _water,
    "weather/cap": _weather,
    "health/have": _health,
    "police/incident_csv": _police,
}
