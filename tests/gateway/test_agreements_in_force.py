"""Agreements in force: what changes, for whom, and who is told."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway import agreements as in_force
from gateway.agreements import Agreements
from gateway.identity import Caller
from tests.gateway.town import AGREEMENTS

_POLICE, _HEALTH = Caller("police", "client", ""), Caller("health", "client", "")
_TO_HEALTH = AGREEMENTS.replace("police", "health")


@pytest.fixture
def agreements(tmp_path: Path) -> Agreements:
    """Put a file in force."""
    file = tmp_path / "agreements.toml"
    file.write_text(AGREEMENTS)
    return Agreements(file)


def _told(agreements: Agreements) -> list[int]:
    told: list[int] = []
    agreements.on_change(lambda: told.append(1))
    return told


def test_a_broken_file_changes_nothing(agreements: Agreements, tmp_path: Path) -> None:
    """What holds goes on; the same permit, nobody is told."""
    permit, told = agreements.permit(_POLICE), _told(agreements)

    (tmp_path / "agreements.toml").write_text("[[agreement]]\nid = 7\n")
    agreements.refresh()

    assert agreements.permit(_POLICE) is permit
    assert not told


def test_a_file_that_is_gone_changes_nothing(agreements: Agreements, tmp_path: Path) -> None:
    """Whoever replaces it may delete it first."""
    (tmp_path / "agreements.toml").unlink()
    agreements.refresh()

    assert agreements.permit(_POLICE).opens("water")


def test_a_changed_file_is_told_to_those_for_whom_it_is_another(
    agreements: Agreements, tmp_path: Path
) -> None:
    """A caller to whom it makes no difference keeps what was decided."""
    police, health, told = agreements.permit(_POLICE), agreements.permit(_HEALTH), _told(agreements)

    (tmp_path / "agreements.toml").write_text(AGREEMENTS + _TO_HEALTH.replace("water-", "x-"))
    agreements.refresh()

    assert told
    assert agreements.permit(_POLICE) is not police
    assert agreements.permit(_HEALTH) is not health
    assert agreements.permit(_HEALTH).opens("water")


def test_an_agreement_begins_by_itself(tmp_path: Path) -> None:
    """Its moment is noticed without a change of the file."""
    file = tmp_path / "agreements.toml"
    begins = datetime.now(UTC) + timedelta(milliseconds=150)
    file.write_text(f"{AGREEMENTS}\nvalid_from = {begins.isoformat()}\n")
    agreements = Agreements(file)
    before, told = agreements.permit(_POLICE), _told(agreements)
    assert not before.opens("water")

    while datetime.now(UTC) <= begins:
        agreements.refresh()
    agreements.refresh()

    assert agreements.permit(_POLICE).opens("water")
    assert len(told) == 1


def test_forgotten_permits_do_not_keep_a_change_from_watchers(
    agreements: Agreements, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Callers choose their purposes, so permits are forgotten; watchers are told all the same."""
    monkeypatch.setattr(in_force, "_PERMITS", 1)
    told = _told(agreements)
    agreements.permit(_POLICE)
    agreements.permit(Caller("transport", "client", "any"))

    (tmp_path / "agreements.toml").write_text("")
    agreements.refresh()

    assert told
