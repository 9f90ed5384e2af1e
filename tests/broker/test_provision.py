"""What a home needs is made once, and only what is missing is made again."""

import stat
from pathlib import Path

import pytest

from broker.errors import HomeDamaged
from broker.home import Home
from broker.plan import BusPlan
from broker.provision import prepare
from broker.users import users
from tests.conftest import small_plan


@pytest.fixture
def plan() -> BusPlan:
    """Return a plan of two agencies."""
    return small_plan(("water", "police"))


@pytest.fixture
def home(tmp_path: Path, plan: BusPlan) -> Home:
    """Return a home with all it needs."""
    made = Home(tmp_path / "home")
    assert prepare(made, plan)
    return made


def contents(home: Home) -> dict[Path, bytes]:
    """Return every file of a home."""
    return {path: path.read_bytes() for path in home.path.rglob("*") if path.is_file()}


def test_a_second_run_makes_and_changes_nothing(home: Home, plan: BusPlan) -> None:
    """Not a byte."""
    before = contents(home)

    assert prepare(home, plan) == []
    assert contents(home) == before


def test_each_thing_made_is_one_sentence(tmp_path: Path, plan: BusPlan) -> None:
    """The authority, each certificate, each user's key."""
    made = prepare(Home(tmp_path / "new"), plan)

    assert made[0].startswith("made the city's certificate authority, ")
    assert made[1:] == [
        "made the certificate of server nats",
        "made the certificate of server gateway",
        "made the certificate of server console",
        "made the certificate of department water",
        "made the certificate of department police",
        "made the certificate of the probe",
        "made the certificate of the operators",
        *(f"made the key of bus user {user.name}" for user in users(plan)),
        "made the key with which gateway signs the record of accesses",
        "made the key with which ops signs the record of accesses",
    ]


def test_only_what_is_missing_is_made(home: Home, plan: BusPlan) -> None:
    """A lost key does not cost the others theirs."""
    before = contents(home)
    home.seed_path("water").unlink()
    home.certificate("police")[0].unlink()

    assert prepare(home, plan) == [
        "made the certificate of department police",
        "made the key of bus user water",
    ]
    changed = {path.name for path, held in contents(home).items() if before.get(path) != held}
    assert changed == {"water.nk", "police.pem", "police.key", "nats.conf"}


def test_a_new_agency_is_added(home: Home, plan: BusPlan) -> None:
    """With a certificate and four users of its own."""
    more = small_plan((*plan.agencies, "health"))

    assert prepare(home, more) == [
        "made the certificate of department health",
        "made the key of bus user admin.health",
        "made the key of bus user health",
        "made the key of bus user ops.health",
        "made the key of bus user gateway.health",
    ]


def test_secrets_are_for_their_owner_only(home: Home) -> None:
    """Seeds, private keys, and the folder in which the seeds lie."""
    secrets = [*home.keys_dir.iterdir(), *home.tls_dir.glob("*.key"), home.nats_config]

    assert len(secrets) > 10
    assert {stat.S_IMODE(path.stat().st_mode) for path in secrets} == {0o600}
    assert stat.S_IMODE(home.keys_dir.stat().st_mode) == 0o700


def test_a_home_without_a_seed_is_told(home: Home) -> None:
    """Which one, and what makes it."""
    home.seed_path("water").unlink()

    with pytest.raises(HomeDamaged, match=r"water\.nk cannot be read"):
        home.seed("water")
