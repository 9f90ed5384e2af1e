"""What the doctor says of ports, the disk, clocks and versions."""

import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from broker.home import Home
from broker.server import binary
from ops.doctor.case import Case
from ops.doctor.finding import Weight
from ops.doctor.listeners import Process
from ops.doctor.machine import (
    is_older,
    judge_clock,
    judge_disk,
    judge_server,
    server_version,
    skew,
)
from tests.conftest import free_port
from tests.ops.conftest import Town
from tests.ops.doctor.conftest import FOUND

_NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def test_a_port_that_another_process_has_is_told_with_that_process(
    found: FOUND, patient: Town, variant: Callable[..., Path]
) -> None:
    """The parts that listen as they should are not named."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        told = found("ports", variant((f"port = {patient.gateway_port}", f"port = {port}")))

    assert [one.about for one in told] == [f"tcp port {port} (gateway)"]
    assert "is taken by python" in told[0].problem
    assert "stop that, or change the port" in told[0].remedy


@pytest.mark.parametrize(
    ("words", "home", "is_ours"),
    [
        (("nats-server", "-c", "/srv/city/nats/nats.conf"), "", True),
        (("nats-server", "-c", "/srv/other/nats/nats.conf"), "", False),
        (("python", "-m", "ops.command", "gateway", "run", "--home", "city"), "", True),
        (("/opt/venv/bin/liandong", "gateway", "run"), "/srv/city", True),
        (("/opt/venv/bin/liandong", "gateway", "run"), "", False),
        (("python", "-m", "http.server", "--home", "city"), "/srv/city", False),
    ],
)
def test_a_process_is_of_a_city_by_its_home(
    words: tuple[str, ...], home: str, is_ours: bool
) -> None:
    """As an option, from the environment, or as the server's configuration."""
    assert Process(1, words, Path("/srv"), home).is_of(Home(Path("/srv/city"))) is is_ours


def test_a_port_that_nobody_listens_on_is_told(
    found: FOUND, patient: Town, variant: Callable[..., Path]
) -> None:
    """TCP and UDP alike."""
    port = free_port()
    more = (
        '\n[[feed]]\nid = "environment.udp"\nadapter = "environment/hj212"\n'
        f'agency = "environment"\nsource = "udp://127.0.0.1:{port}"\n'
    )
    told = found("ports", variant(more=more))

    assert [one.about for one in told] == [f"udp port {port} (environment.udp)"]
    assert told[0].problem == "has nobody who listens"


def test_a_port_that_two_parts_share_is_told(
    found: FOUND, patient: Town, variant: Callable[..., Path]
) -> None:
    """One of them cannot start."""
    change = (f"port = {patient.gateway_port}", f"port = {patient.hj212_port}")
    told = found("ports", variant(change))

    assert told[0].sentence == (
        f"{patient.hj212_port} is the port of gateway and environment.hj212: "
        "give each its own in the city file"
    )


@pytest.mark.parametrize(
    ("free", "wanted", "weights"),
    [
        (900 << 20, 0, [Weight.WRONG]),
        (2 << 30, 3 << 30, [Weight.NOTE]),
        (4 << 30, 3 << 30, []),
    ],
)
def test_a_disk_is_judged_by_what_is_free_and_what_streams_may_take(
    free: int, wanted: int, weights: list[Weight]
) -> None:
    """Below a gibibyte somebody must act; less than the streams' limits is good to know."""
    assert [one.weight for one in judge_disk("/x", free, wanted)] == weights


def test_the_real_disk_is_read(found: FOUND) -> None:
    """The one of the home; nothing but its room can be found."""
    assert all("MB left" in one.problem or "GB left" in one.problem for one in found("disk"))


@pytest.mark.parametrize(
    ("told", "ahead"),
    [(0.5, 0.0), (-3.0, -3.0), (5.0, 4.0), (0.0, 0.0), (1.0, 0.0)],
)
def test_a_clock_within_question_and_answer_is_no_skew(told: float, ahead: float) -> None:
    """Beyond them it is off by so much at least, whichever way."""
    moment = _NOON + timedelta(seconds=told)

    measured = skew(_NOON, moment, _NOON + timedelta(seconds=1))

    assert measured == timedelta(seconds=ahead)


def test_a_clock_is_told_by_how_much_it_is_off() -> None:
    """Two seconds are let pass."""
    assert [*judge_clock(timedelta(seconds=-2))] == []
    told = [*judge_clock(timedelta(seconds=-90)), *judge_clock(timedelta(seconds=2.1))]
    assert "90.0 s behind this" in told[0].problem
    assert "2.1 s ahead of this" in told[1].problem


def test_the_real_servers_clock_is_this_machines(patient: Town) -> None:
    """Read as the doctor reads it, of the running server."""
    clock = Case(Home(patient.home), patient.city).census.clock

    assert clock is not None
    assert abs(skew(*clock)) < timedelta(milliseconds=50)


def test_versions_are_compared_by_their_numbers(tmp_path: Path) -> None:
    """The installed server against what is needed, and the running one against it."""
    old = tmp_path / "nats-server"
    old.write_text("#!/bin/sh\necho 'nats-server: v2.9.25'\n")
    old.chmod(0o755)
    now = server_version(binary())

    assert is_older("2.9.25", "2.14")
    assert not is_older("2.15.1", "2.14")
    assert is_older("", "1")
    assert [*judge_server(now, now)] == []
    told = [one.sentence for one in judge_server(server_version(str(old)), now)]
    assert told[0].startswith("nats-server is version 2.9.25, expected 2.14 or newer: ")
    assert told[1].startswith(f"nats-server runs as version {now}, installed is 2.9.25: ")
