"""A small city of its own, which tests break in one place and mend again."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from broker.api import call
from broker.connection import Bus, BusSettings
from broker.home import Home
from broker.users import admin
from ops.city import read_city
from ops.doctor.case import Case
from ops.doctor.checks import examine
from ops.doctor.finding import Finding
from tests.ops.conftest import Town

FOUND = Callable[..., list[Finding]]


@pytest.fixture(scope="session")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Run the small city, fed."""
    town = Town(tmp_path_factory.mktemp("patient") / "town")
    with town.up():
        town.feed()
        yield town


@pytest.fixture
def found(patient: Town) -> FOUND:
    """Return how one check of the doctor is made."""

    def check(name: str, city: Path | None = None, gateway: str = "") -> list[Finding]:
        return examine(Case(Home(patient.home), city or patient.city, gateway), name)

    return check


@pytest.fixture
def variant(patient: Town, tmp_path: Path) -> Callable[..., Path]:
    """Return how a city file is made that differs in something, beside the same agreements."""

    def make(*changes: tuple[str, str], more: str = "", agreements: str = "") -> Path:
        text = patient.city.read_text()
        for old, new in changes:
            assert old in text
            text = text.replace(old, new, 1)
        file = tmp_path / "variant.toml"
        file.write_text(text + more)
        said = agreements or (patient.folder / "agreements.toml").read_text()
        (tmp_path / "agreements.toml").write_text(said)
        return file

    return make


def settings(town: Town, user: str) -> BusSettings:
    """Return how a user of the city's bus connects."""
    return BusSettings.of(Home(town.home), read_city(town.city).plan, user)


async def altered(town: Town, account: str, stream: str, **changes: Any) -> dict[str, Any]:
    """Change settings of a stream as its account's administrator; return those before."""
    async with Bus(settings(town, admin(account))) as bus:
        info = await call(bus, stream, f"STREAM.INFO.{stream}")
        await call(bus, stream, f"STREAM.UPDATE.{stream}", info["config"] | changes)
    before: dict[str, Any] = info["config"]
    return before
