"""What the doctor says of keys and certificates."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from broker.home import Home
from broker.tls import Authority
from ops.doctor.case import Case
from ops.doctor.checks import examine
from ops.doctor.finding import Weight
from tests.ops.conftest import Town
from tests.ops.doctor.conftest import FOUND
from tests.ops.doctor.secret_files import kept, sign


def test_a_key_that_others_can_read_is_told(found: FOUND, patient: Town) -> None:
    """With its mode."""
    seed = patient.home / "keys" / "water.nk"
    with kept(seed):
        seed.chmod(0o644)
        told = found("keys")

    assert [one.about for one in told] == [str(seed)]
    assert "(mode 0644, expected 0600)" in told[0].problem
    assert found("keys") == []


def test_a_key_that_is_missing_or_damaged_is_told(found: FOUND, patient: Town) -> None:
    """Each by its file."""
    gone, cut = patient.home / "keys" / "water.nk", patient.home / "keys" / "gateway.nk"
    with kept(gone, cut):
        gone.unlink()
        cut.write_bytes(cut.read_bytes()[:20])
        told = {one.about: one.problem for one in found("keys")}

    assert told == {str(gone): "is not there", str(cut): "is no whole key"}


def test_a_home_without_keys_is_one_line(patient: Town, tmp_path: Path) -> None:
    """Not one for each of them."""
    told = examine(Case(Home(tmp_path / "nothing"), patient.city), "keys")

    assert len(told) == 1
    assert told[0].sentence.startswith(f"{tmp_path / 'nothing' / 'keys'} lacks ")


def test_keys_that_were_swapped_are_told(found: FOUND, patient: Town) -> None:
    """Both are whole, and the server knows them as each other's."""
    one, other = patient.home / "keys" / "water.nk", patient.home / "keys" / "police.nk"
    with kept(one, other):
        content = one.read_bytes()
        one.write_bytes(other.read_bytes())
        other.write_bytes(content)
        told = found("keys")

    assert [finding.about for finding in told] == [str(patient.home / "nats" / "nats.conf")]
    assert "not what the keys and the city file say now" in told[0].problem


@pytest.mark.parametrize(
    ("days", "said"), [(-1, "has expired"), (10, "expires in 9 days"), (60, "")]
)
def test_a_certificate_that_ends_is_told_thirty_days_before(
    found: FOUND, patient: Town, days: int, said: str
) -> None:
    """And when it has ended."""
    pem, key = Home(patient.home).certificate("water")
    with kept(pem, key):
        sign(patient.home / "tls", pem, key, ends=datetime.now(UTC) + timedelta(days=days))
        told = found("certificates")

    assert [one.about for one in told] == ([str(pem)] if said else [])
    assert all(said in one.problem and "liandong keys" in one.remedy for one in told)


def test_a_certificate_that_was_taken_back_is_told(found: FOUND, patient: Town) -> None:
    """It lies there again, from somebody's copy."""
    home = Home(patient.home)
    pem, key = home.certificate("water")
    with kept(pem, key, home.revoked):
        copies = pem.read_bytes(), key.read_bytes()
        Authority(home).revoke_client("water")
        missing = found("certificates")
        pem.write_bytes(copies[0])
        key.write_bytes(copies[1])
        key.chmod(0o600)
        told = found("certificates")

    assert [one.sentence for one in missing] == [f"{pem} is not there: run `liandong keys`"]
    assert [(one.about, one.problem) for one in told] == [(str(pem), "was taken back")]


def test_a_certificate_of_a_department_that_has_left_is_told(found: FOUND, patient: Town) -> None:
    """Nobody thinks of it, and it would let somebody in for years."""
    home = Home(patient.home)
    Authority(home).issue_client("circus", "circus", "client")
    with kept(home.revoked):
        (told,) = found("certificates")
        done = patient.run("keys", "--revoke", "circus")

    assert (told.weight, told.about) == (Weight.NOTE, str(home.certificate("circus")[0]))
    assert "`liandong keys --revoke circus` takes it back at once" in told.problem
    assert done.returncode == 0
    assert "of circus" in done.stdout


def test_a_key_of_another_certificate_is_told(found: FOUND, patient: Town) -> None:
    """As when files were copied by hand."""
    home = Home(patient.home)
    pem, key = home.certificate("water")
    with kept(key):
        shutil.copyfile(home.certificate("police")[1], key)
        told = found("certificates")

    assert [one.sentence for one in told] == [
        f"{key} is not the key of {pem.name}: restore it; else run `liandong keys`"
    ]


def test_a_certificate_of_another_authority_is_told(
    found: FOUND, patient: Town, tmp_path: Path
) -> None:
    """Whole, with its key, and worth nothing here."""
    other = Home(tmp_path / "other")
    other.tls_dir.mkdir(parents=True)
    Authority(other).issue_client("water", "water", "client")
    pem, key = Home(patient.home).certificate("water")
    with kept(pem, key):
        for ours, theirs in zip((pem, key), other.certificate("water"), strict=True):
            ours.write_bytes(theirs.read_bytes())
        told = found("certificates")

    assert [one.about for one in told] == [str(pem)]
    assert "is of another authority than ca.pem" in told[0].problem


def test_a_damaged_certificate_and_an_open_key_are_told(found: FOUND, patient: Town) -> None:
    """Each in a line of its own."""
    pem, key = Home(patient.home).certificate("police")
    with kept(pem, key):
        pem.write_bytes(b"-----BEGIN CERTIFICATE-----\nnothing\n")
        key.chmod(0o640)
        told = {one.about: one.problem for one in found("certificates")}

    assert told == {
        str(key): "can be read by others (mode 0640, expected 0600)",
        str(pem): "cannot be read (it is damaged)",
    }
    assert found("certificates") == []


def test_without_the_authoritys_certificate_that_is_what_is_told(
    found: FOUND, patient: Town
) -> None:
    """All others hang on it."""
    ca = Home(patient.home).ca
    with kept(ca):
        ca.unlink()
        told = found("certificates")

    assert [one.about for one in told] == [str(ca)]
    assert "from a backup" in told[0].remedy
