"""Does the server hold what it should, with room left, and does everything flow?"""

import asyncio
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from broker.census import Counted, entries_since, look_at
from broker.errors import BrokerError
from broker.streams import differences
from broker.users import CITY, CITY_FEEDS, quarantine_stream
from ops.doctor.case import Case
from ops.doctor.finding import Finding, UncheckedError, note

_NEARLY_FULL = 0.8
_PAUSE_S = 1.0
_GROWING = 50
_HOUR = timedelta(hours=1)


def check_bus(case: Case) -> Iterator[Finding]:
    """Find accounts of the bus that cannot be asked."""
    for account, why in sorted(case.census.trouble.items()):
        yield Finding(f"account {account}", why)


def check_streams(case: Case) -> Iterator[Finding]:
    """Find streams that are missing, or differ from their definition."""
    for stream in case.census.streams:
        if stream.info is None:
            yield Finding(
                f"stream {stream.name}", "is not there", "start the city again: it is made then"
            )
        elif changed := differences(stream.info["config"], stream.plan.config):
            yield Finding(
                f"stream {stream.name}",
                f"differs from its definition in {', '.join(changed)}",
                "start the city again: it is made as defined",
            )


def check_limits(case: Case) -> Iterator[Finding]:
    """Find streams that are nearly full, by what happens when they are."""
    for stream in case.census.streams:
        share, told = _filling(stream)
        if share <= _NEARLY_FULL or stream.name in _quarantines(case):
            continue
        if stream.refuses_when_full:
            yield Finding(
                f"stream {stream.name}",
                f"is nearly full ({told}); when it is, it takes nothing more",
                "raise its limit in the city's plan, or take away what is not needed",
            )
        else:
            yield note(f"stream {stream.name}", f"is full of {told}; its oldest make room for new")


def check_sources(case: Case) -> Iterator[Finding]:
    """Find agencies whose records do not reach the city's streams."""
    last = {one.name: one.info["state"]["last_seq"] for one in case.census.streams if one.info}
    for name in (CITY, CITY_FEEDS):
        had = _taken(_info(case, name))
        if all(taken >= last.get(source, 0) for source, taken in had.items()):
            continue
        time.sleep(_PAUSE_S)
        try:
            has = _taken(asyncio.run(look_at(case.home, case.city.plan, name)))
        except BrokerError as error:
            raise UncheckedError(str(error)) from error
        for source, taken in had.items():
            lag = last.get(source, 0) - has.get(source, 0)
            # What catches up is no fault.
            if lag > 0 and has.get(source, 0) == taken:
                yield Finding(
                    f"stream {name}",
                    f"is {lag:,} messages behind {source} and does not catch up",
                    f"make room if {name} is full; else start nats-server again",
                )


def check_quarantines(case: Case) -> Iterator[Finding]:
    """Find quarantines that grow or are nearly full."""
    agencies = _quarantines(case)
    for stream in case.census.streams:
        if stream.name not in agencies or stream.info is None:
            continue
        agency, about = agencies[stream.name], f"quarantine of {agencies[stream.name]}"
        look = f"`liandong quarantine list --agency {agency}`"
        share, told = _filling(stream)
        if share > _NEARLY_FULL:
            yield Finding(
                about,
                f"is nearly full ({told}); when it is, senders must wait",
                f"heal or discard entries, see {look}",
            )
        if not stream.info["state"]["messages"]:
            continue
        try:
            new = asyncio.run(entries_since(case.home, case.city.plan, agency, case.now - _HOUR))
        except BrokerError as error:
            raise UncheckedError(str(error)) from error
        if new > _GROWING:
            yield Finding(about, f"grows: {new:,} entries in the last hour", f"see {look}")


def _filling(stream: Counted) -> tuple[float, str]:
    """Return how full a stream is, of 1, and in words."""
    limit = stream.plan.config.max_bytes or 0
    if stream.info is None or limit <= 0:
        return 0.0, ""
    # What is in force now counts, also when somebody has changed it.
    limit = int(stream.info["config"].get("max_bytes") or limit)
    held = int(stream.info["state"]["bytes"])
    return held / max(limit, 1), f"{held / 1e6:.1f} of {limit / 1e6:.1f} MB"


def _quarantines(case: Case) -> dict[str, str]:
    """Return the agencies by the names of their quarantines."""
    return {quarantine_stream(agency): agency for agency in case.city.plan.agencies}


def _info(case: Case, name: str) -> Mapping[str, Any]:
    """Return what the server tells of a stream."""
    return next((one.info or {} for one in case.census.streams if one.name == name), {})


def _taken(info: Mapping[str, Any]) -> dict[str, int]:
    """Return up to which sequence a stream has taken each of its sources.

    The server's own ``lag`` leaves out what it has been sent and cannot store.
    """
    return {source["name"]: int(source.get("seq", 0)) for source in info.get("sources") or ()}
