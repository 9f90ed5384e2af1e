"""A gateway for each test that asks for one."""

import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from broker.connection import BusSettings
from broker.home import Home
from broker.plan import BusPlan
from broker.users import hand
from gateway.server import Gateway
from gateway.settings import GatewaySettings
from tests.conftest import AGENCIES
from tests.gateway.questions import AGREEMENTS as QUESTIONS
from tests.gateway.town import AGREEMENTS, City, journal


@pytest.fixture
async def city(city_home: Home, plan: BusPlan, tmp_path: Path) -> AsyncIterator[City]:
    """Run a gateway."""
    agreements = tmp_path / "agreements.toml"
    agreements.write_text(AGREEMENTS)
    pem, key = city_home.certificate("gateway")
    settings = GatewaySettings(
        host="127.0.0.1",
        port=0,
        certificate=str(pem),
        key=str(key),
        ca=str(city_home.ca),
        agreements=str(agreements),
        bus=BusSettings.of(city_home, plan, "gateway"),
        hands={agency: BusSettings.of(city_home, plan, hand(agency)) for agency in plan.agencies},
        audit=journal(tmp_path),
        revoked=str(tmp_path / "revoked"),
    )
    async with Gateway(settings) as gateway:
        yield City(city_home, plan, gateway, agreements)


@pytest.fixture
async def asked_city(city_home: Home, plan: BusPlan, tmp_path: Path) -> AsyncIterator[City]:
    """Run a gateway that knows its departments."""
    agreements = tmp_path / "agreements.toml"
    agreements.write_text(QUESTIONS)
    pem, key = city_home.certificate("gateway")
    settings = GatewaySettings(
        host="127.0.0.1",
        port=0,
        certificate=str(pem),
        key=str(key),
        ca=str(city_home.ca),
        agreements=str(agreements),
        agencies=AGENCIES,
        titles={"health": "卫生健康 Health"},
        bus=BusSettings.of(city_home, plan, "gateway"),
        audit=journal(tmp_path),
        revoked=str(tmp_path / "revoked"),
    )
    async with Gateway(settings) as gateway:
        yield City(city_home, plan, gateway, agreements)


@pytest.fixture
def station() -> str:
    """Return a station that no other test uses."""
    return uuid.uuid4().hex
