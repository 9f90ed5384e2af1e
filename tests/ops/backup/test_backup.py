"""A city saved while it runs, and restored onto an empty home."""

import asyncio
import hashlib
import json
import shutil
import stat
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from broker.checkpoints import KeyValueCheckpoint
from broker.connection import Bus, BusSettings
from broker.definitions import definitions
from broker.delivery import Delivery
from broker.home import GATEWAY, Home
from broker.outgoing import Outgoing
from broker.plan import BusPlan
from broker.publisher import Publisher
from broker.server import EmbeddedServer
from broker.spool import Spool
from broker.streams import reconcile
from broker.subscriber import scan
from broker.users import admin
from ops.city import read_city
from tests.ops.conftest import Town
from tests.running_city import RunningCity

_PASSPHRASE = "a long evening of rain"


@dataclass
class Saved:
    """A city that was saved, and what it was like then."""

    town: Town
    folder: Path
    passphrase: Path
    streams: dict[str, list[Delivery]]
    listed: list[dict[str, Any]]
    audited: list[dict[str, Any]]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Saved:
    """Run the small city, save it as folder and file while it runs, and stop it."""
    base = tmp_path_factory.mktemp("saved")
    town = Town(base / "town")
    passphrase = base / "passphrase"
    passphrase.write_text(_PASSPHRASE + "\n")
    home, plan = Home(town.home), read_city(town.city).plan
    with town.up():
        town.feed()
        asyncio.run(_mark(home, plan))
        listed = town.objects("list", "--as", "police")
        audited = town.objects("feeds", "--audit")
        town.read("backup", base / "folder", "--passphrase-file", passphrase)
        town.read("backup", base / "plain.tar")
        streams = asyncio.run(_streams(home, plan))
    return Saved(town, base, passphrase, streams, listed, audited)


async def test_a_restored_city_is_the_city_that_was_saved(saved: Saved, tmp_path: Path) -> None:
    """Every stream to the sequence, time, header and byte; keys, modes and agreements too."""
    town, home = saved.town, Home(tmp_path / "new")

    said = town.read(
        "restore",
        saved.folder / "folder",
        "--home",
        home.path,
        "--passphrase-file",
        saved.passphrase,
    )
    city = home.path / "city" / town.city.name
    plan = read_city(city).plan
    async with EmbeddedServer(home, plan):
        found = await _streams(home, plan)

    assert f"--city {city}" in said
    assert found.keys() == saved.streams.keys()
    assert {name for name, messages in found.items() if messages} > {
        "CITY",
        "AUDIT",
        "POLICE",
        "ENVIRONMENT",
        "QUARANTINE_ENVIRONMENT",
        "KV_checkpoints.POLICE",
    }
    for name in found:
        # The feeds go on telling of themselves; their books are compared below.
        if not name.startswith("FEEDS"):
            assert found[name] == saved.streams[name], name
    for folder in ("keys", "tls"):
        assert _files(home.path / folder) == _files(town.home / folder)
    assert (city.parent / "agreements.toml").read_text() == (
        town.folder / "agreements.toml"
    ).read_text()


def test_a_restored_city_serves_the_same_and_its_books_balance(
    saved: Saved, tmp_path: Path
) -> None:
    """The gateway shows departments the records as before, and takes new ones."""
    home = tmp_path / "new"
    saved.town.read(
        "restore", saved.folder / "folder", "--home", home, "--passphrase-file", saved.passphrase
    )
    restored = RunningCity(home, home / "city" / saved.town.city.name)

    with restored.up():
        listed = restored.objects("list", "--as", "police")
        audited = restored.objects("feeds", "--audit")
        quarantined = restored.objects("quarantine", "list")

    assert _records(listed) == _records(saved.listed)
    assert audited == saved.audited
    assert all(feed["balances"] for feed in audited)
    assert [entry["agency"] for entry in quarantined] == ["environment"]


def test_without_a_passphrase_keys_stay_where_they_are(saved: Saved, tmp_path: Path) -> None:
    """Nothing secret is in the file; a restored city has an authority of its own."""
    file, home = saved.folder / "plain.tar", tmp_path / "new"
    with tarfile.open(file) as tar:
        names = tar.getnames()
    said = saved.town.read("restore", file, "--home", home)

    assert not any("key" in name.lower() and "KV_" not in name for name in names)
    assert "secrets.sealed" not in names
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert b"BEGIN PRIVATE KEY" not in file.read_bytes()
    assert "new keys and certificates" in said
    assert (home / "tls" / "ca.pem").read_bytes() != (saved.town.home / "tls/ca.pem").read_bytes()


@pytest.mark.parametrize(
    "name",
    [
        "streams/POLICE/POLICE.snapshot",
        "city/city.toml",
        "secrets.sealed",
        "manifest.json",
        "manifest.sha256",
    ],
)
def test_a_damaged_archive_is_refused_by_the_name_of_its_file(
    saved: Saved, tmp_path: Path, name: str
) -> None:
    """One bit of any file; nothing is made."""
    damaged, home = tmp_path / "damaged", tmp_path / "new"
    shutil.copytree(saved.folder / "folder", damaged)
    content = bytearray((damaged / name).read_bytes())
    content[len(content) // 2] ^= 1
    (damaged / name).write_bytes(content)

    verified = saved.town.refused("backup", damaged, "--verify")
    restored = saved.town.refused(
        "restore", damaged, "--home", home, "--passphrase-file", saved.passphrase
    )

    culprit = "manifest.json" if name.startswith("manifest") else name
    assert f"{culprit} is damaged; nothing was touched" in verified[1]
    assert verified == restored
    assert not home.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["damaged"]


def test_what_is_missing_added_or_cut_is_named(saved: Saved, tmp_path: Path) -> None:
    """A file taken out, one put in, a tar that ends early, and no archive at all."""
    lacks, has_more = tmp_path / "lacks", tmp_path / "more"
    for folder in (lacks, has_more):
        shutil.copytree(saved.folder / "folder", folder)
    (lacks / "streams" / "HUB" / "CITY.snapshot").unlink()
    (has_more / "city" / "other.toml").write_text("x")
    cut = tmp_path / "cut.tar"
    whole = (saved.folder / "plain.tar").read_bytes()
    cut.write_bytes(whole[: len(whole) // 2])

    assert saved.town.read("backup", saved.folder / "folder", "--verify").count("is whole") == 1
    assert saved.town.read("backup", saved.folder / "plain.tar", "--verify").count("whole") == 1
    refusals = {
        path: saved.town.refused("backup", path, "--verify")[1]
        for path in (lacks, has_more, cut, saved.town.city)
    }
    assert "streams/HUB/CITY.snapshot is missing" in refusals[lacks]
    assert "city/other.toml is not in its manifest" in refusals[has_more]
    assert "nothing was touched" in refusals[cut]
    assert "nothing was touched" in refusals[saved.town.city]


def test_a_manifest_cannot_lead_out_of_its_archive(saved: Saved, tmp_path: Path) -> None:
    """Whoever made the digests fit too."""
    evil, home = tmp_path / "evil", tmp_path / "new"
    shutil.copytree(saved.folder / "folder", evil)
    files = json.loads((evil / "manifest.json").read_text())["files"]
    _rewrite(evil, {"city/../../outside": files["city/city.toml"]})
    shutil.copyfile(evil / "city" / "city.toml", tmp_path / "outside")

    _, said = saved.town.refused(
        "restore", evil, "--home", home, "--passphrase-file", saved.passphrase
    )

    assert "'city/../../outside', which it cannot hold" in said
    assert not home.exists()


def test_a_restore_that_fails_in_the_middle_leaves_nothing(saved: Saved, tmp_path: Path) -> None:
    """A snapshot whose digest fits and that the server refuses all the same."""
    odd, home = tmp_path / "odd", tmp_path / "new"
    shutil.copytree(saved.folder / "folder", odd)
    name, content = "streams/POLICE/POLICE.snapshot", b"no snapshot"
    (odd / name).write_bytes(content)
    facts = {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
    _rewrite(odd, {name: facts})

    _, said = saved.town.refused(
        "restore", odd, "--home", home, "--passphrase-file", saved.passphrase
    )

    assert "POLICE" in said
    assert [path.name for path in tmp_path.iterdir()] == ["odd"]


def test_nothing_is_written_over(saved: Saved, tmp_path: Path) -> None:
    """Neither a home nor an archive; and a wrong passphrase touches nothing."""
    archive, wrong = saved.folder / "folder", tmp_path / "wrong"
    wrong.write_text("not the passphrase")
    before = _files(saved.town.home / "keys")
    home = tmp_path / "new"
    sealed = ("--passphrase-file", saved.passphrase)

    over = saved.town.refused("restore", archive, "--home", saved.town.home, *sealed)
    unsealed = saved.town.refused("restore", archive, "--home", home)
    other = saved.town.refused("restore", archive, "--home", home, "--passphrase-file", wrong)
    again = saved.town.refused("backup", archive)

    assert "is not empty" in over[1]
    assert _files(saved.town.home / "keys") == before
    assert "its keys are sealed" in unsealed[1]
    assert "the passphrase does not open" in other[1]
    assert "is there already" in again[1]
    assert not home.exists()


async def test_what_a_spool_holds_is_saved_and_restored(tmp_path: Path) -> None:
    """It was acknowledged, and the bus has not had it yet."""
    town = Town(tmp_path / "town")
    city = read_city(town.city)
    home, new = Home(town.home), Home(tmp_path / "new")
    home.spool("environment.hj212").parent.mkdir(parents=True)
    message = Outgoing("share.environment.x", b"acknowledged", "id1")
    async with Spool(home.spool("environment.hj212"), 1 << 20) as spool:
        await spool.append("ENVIRONMENT", [message])
        async with EmbeddedServer(home, city.plan):
            await reconcile(home, city.plan)
            done = await asyncio.to_thread(town.run, "backup", tmp_path / "saved")
            damaged = home.spool("police.calls")
            damaged.write_bytes(b"no database at all" * 100)
            refused = await asyncio.to_thread(town.refused, "backup", tmp_path / "again")
    assert f"the spool {damaged} cannot be used" in refused[1]
    assert not (tmp_path / "again").exists()
    assert done.returncode == 0, done
    restored = await asyncio.to_thread(town.run, "restore", tmp_path / "saved", "--home", new.path)
    assert restored.returncode == 0, restored

    async with Spool(new.spool("environment.hj212"), 1 << 20) as spool:
        held = await spool.head("ENVIRONMENT", 10)
    assert [one for _, one in held] == [message]


def _rewrite(archive: Path, files: dict[str, Any]) -> None:
    """Change what a manifest says of files, with digests that fit."""
    manifest = json.loads((archive / "manifest.json").read_text())
    manifest["files"] |= files
    text = json.dumps(manifest).encode()
    (archive / "manifest.json").write_bytes(text)
    (archive / "manifest.sha256").write_text(hashlib.sha256(text).hexdigest())


async def _mark(home: Home, plan: BusPlan) -> None:
    """Leave a place in a source and a line in the audit log."""
    async with (
        Bus(BusSettings.of(home, plan, "police")) as bus,
        KeyValueCheckpoint(bus, "police.poll") as checkpoint,
    ):
        await checkpoint.save(b"as far as here")
    async with (
        Bus(BusSettings.of(home, plan, GATEWAY)) as bus,
        Publisher(bus, "AUDIT") as publisher,
    ):
        await publisher.publish(Outgoing("audit.police", b"read", "access-1"))


async def _streams(home: Home, plan: BusPlan) -> dict[str, list[Delivery]]:
    """Return every message of every stream, as it is delivered."""
    found: dict[str, list[Delivery]] = {}
    for stream in definitions(plan):
        name = stream.config.name
        assert name is not None
        label = f"{name}.{stream.account}" if name.startswith("KV_") else name
        async with Bus(BusSettings.of(home, plan, admin(stream.account))) as bus:
            found[label] = [delivery async for delivery in scan(bus, name, ">")]
    return found


def _files(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return modes and contents of a folder's files."""
    return {
        path.name: (stat.S_IMODE(path.stat().st_mode), path.read_bytes())
        for path in folder.iterdir()
    }


def _records(listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return records without how long ago their feeds were heard."""
    return [{key: value for key, value in one.items() if key != "age"} for one in listed]
