"""A city's bus for the tests: the real server, with accounts, keys and TLS."""

import contextlib
import itertools
import os
import random
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.scheduler import LoadFileScheduling

from adapters.sdk.ledger import Ledger
from broker.connection import Bus, BusSettings
from broker.home import Home
from broker.plan import MEBIBYTE, BusPlan
from broker.server import EmbeddedServer
from broker.streams import reconcile
from liandong.feed.v1.feed_pb2 import Feed

AGENCIES = ("environment", "water", "weather", "police", "health", "emergency", "transport")


def _ports_of_this_worker() -> Iterator[int]:
    """Yield ports of this worker's own part of those that the system gives to nobody.

    A city keeps its ports while it is stopped, and nobody listens on them then: workers that
    drew from the same numbers would find them free. The start is not of the tests' own order
    of chance, which several runs on a machine could share.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    own = range(10_240 + worker, 32_700, workers)
    start = random.SystemRandom().randrange(len(own))
    return itertools.cycle([*own[start:], *own[:start]])


# What a siege asserts is told in as many words as in a test, whoever imports it first.
pytest.register_assert_rewrite("tests.security.siege", "tests.security.stronghold")
# A shell has what it starts in the background ignore Ctrl-C, which commands would inherit.
signal.signal(signal.SIGINT, signal.default_int_handler)
_ports = _ports_of_this_worker()
# Machines are busy at times: how long an example takes says nothing of what it shows. Each run
# draws other examples, so few of them find in a week of runs what many would find in one;
# `--hypothesis-profile thorough` is for whoever changes a decoder.
settings.register_profile("liandong", deadline=None, max_examples=60)
settings.register_profile("thorough", deadline=None, max_examples=2_000)
settings.load_profile("liandong")

_CITIES = ("tests/ops/doctor/", "tests/security/")
"""Folders whose tests share a city of many processes, which runs for a whole session."""
_SLOW = ("tests/chaos/", "tests/deploy/", "tests/e2e/", "tests/ops/", "tests/security/")


class _ByCity(LoadFileScheduling):  # type: ignore[misc]  # xdist is not typed
    """Has one worker run all tests of a file, and all of a folder that share a city.

    Each worker has a session of its own, in which it would start a city of its own.
    """

    def _split_scope(self, nodeid: str) -> str:
        """Return what a test is kept together with."""
        shared = (folder for folder in _CITIES if nodeid.startswith(folder))
        return next(shared, super()._split_scope(nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Give tests to workers by city, where they are given by file."""
    return _ByCity(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what is slow: what begins last must not be what all others wait for."""
    items.sort(key=lambda item: not item.nodeid.startswith(_SLOW))


def free_port() -> int:
    """Return a port that nobody listens on, and that no other test was given.

    It is none of those that the system gives to whoever asks for any: one of these could
    be taken before it is used.

    Raises:
        OSError: If none is free.
    """
    for port in itertools.islice(_ports, 1_000):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError("a thousand ports in a row are all in use")


def small_plan(agencies: tuple[str, ...] = AGENCIES) -> BusPlan:
    """Return a plan that leaves room on the disk."""
    return BusPlan(
        agencies=agencies,
        port=free_port(),
        agency_bytes=64 * MEBIBYTE,
        quarantine_bytes=32 * MEBIBYTE,
        city_bytes=256 * MEBIBYTE,
        audit_bytes=64 * MEBIBYTE,
    )


@pytest.fixture(scope="session")
def plan() -> BusPlan:
    """Return the plan of the session's bus."""
    return small_plan()


@pytest.fixture(scope="session")
async def city_home(tmp_path_factory: pytest.TempPathFactory, plan: BusPlan) -> AsyncIterator[Home]:
    """Run the session's server, with every stream."""
    home = Home(tmp_path_factory.mktemp("city"))
    async with EmbeddedServer(home, plan):
        await reconcile(home, plan)
        yield home


@pytest.fixture
def bus_of(city_home: Home, plan: BusPlan) -> Callable[[str], AbstractAsyncContextManager[Bus]]:
    """Return how to connect as a user of the session's bus."""
    return lambda user: Bus(BusSettings.of(city_home, plan, user))


@pytest.fixture
def feeds_folder() -> Path:
    """Return the folder of recorded messages, or skip."""
    folder = Path(os.environ.get("LIANDONG_FEEDS", Path(__file__).parents[2] / "shared" / "feeds"))
    if not folder.is_dir():
        pytest.skip(f"no recorded messages at {folder}; set LIANDONG_FEEDS to their folder")
    return folder


Books = Callable[[str, Ledger | Feed], None]
_BOOKS = "books"
SECONDS = "seconds"
"""Of a test's property: lines on how long what took, for the summary."""
FAULT = "fault"
"""Of a test's property: a row on what a fault did, for the summary."""
_SECTIONS = {
    _BOOKS: "books of feeds",
    SECONDS: "seconds from a socket to a client",
    FAULT: (
        "fault | acknowledged | stored | duplicates | lost | first answer after s | "
        "watchers after s | seed"
    ),
}


@pytest.fixture
def books(record_property: Callable[[str, object], None]) -> Books:
    """Return how to show the books of a feed in the summary, once nothing is under way."""

    def show(label: str, ledger: Ledger | Feed) -> None:
        settled = ledger.stored + ledger.duplicates + ledger.quarantined
        assert ledger.received == settled
        told = (
            f"{label}: received {ledger.received} = stored {ledger.stored} + duplicates "
            f"{ledger.duplicates} + quarantined {ledger.quarantined}, "
            f"lost {ledger.received - settled}"
        )
        record_property(_BOOKS, told)

    return show


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show what tests tell of themselves, whichever process ran them."""
    for section, title in _SECTIONS.items():
        told = [
            str(value)
            for report in terminalreporter.stats.get("passed", ())
            for name, value in report.user_properties
            if name == section
        ]
        if told:
            terminalreporter.section(title)
            for line in sorted(told) if section == _BOOKS else told:
                terminalreporter.write_line(line)
