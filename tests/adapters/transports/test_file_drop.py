"""Files that grow, vanish, come twice, cannot be read, or come while the bus is away."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from adapters.sdk.errors import FeedMisconfigured
from adapters.transports.folder import Entry, FileChanged
from adapters.transports.local_folder import LocalFolder
from broker.home import Home
from broker.plan import BusPlan
from tests.adapters.transports.exports import export, rows, warning
from tests.adapters.transports.running import RunningFeed, own_bus, running, until

ADAPTER = "police/incident_csv"
NOBODY = 65534
QUICK: dict[str, Any] = {"settle_s": 0.05, "scan_s": 0.05}


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """Return the folder that is watched."""
    return tmp_path / "inbox"


@pytest.fixture
def watching(city_home: Home, plan: BusPlan, inbox: Path) -> Any:
    """Return how to run a feed of dispatch exports on the session's bus."""

    def run(**limits: Any) -> AbstractAsyncContextManager[RunningFeed]:
        return running(city_home, plan, ADAPTER, f"drop:{inbox}", **(QUICK | limits))

    return run


def put(folder: Path, name: str, content: bytes) -> None:
    """Put a file there whole, as a careful sender does."""
    folder.mkdir(exist_ok=True)
    hidden = folder / f".{name}"
    hidden.write_bytes(content)
    hidden.rename(folder / name)


def names(folder: Path) -> set[str]:
    """Return what is in a folder."""
    return {path.name for path in folder.iterdir()}


async def test_a_file_renamed_into_place_becomes_records(watching: Any, inbox: Path) -> None:
    """Rows are stored, and the file is then in done, byte for byte."""
    async with watching() as feed:
        put(inbox, "a.csv", export(1, 2, 3))
        await until((inbox / "done" / "a.csv").exists)

        assert (inbox / "done" / "a.csv").read_bytes() == export(1, 2, 3)
        assert not (inbox / "a.csv").exists()
        assert len(await feed.records()) == 3


async def test_a_file_that_grows_is_taken_when_it_is_whole(watching: Any, inbox: Path) -> None:
    """Each write puts it off, so that no row is cut."""
    async with watching(settle_s=0.3) as feed:
        content = export(*range(40))
        with (inbox / "slow.csv").open("wb", buffering=0) as file:
            for start in range(0, len(content), 100):
                file.write(content[start : start + 100])
                await feed.transport._look()
        await until((inbox / "done" / "slow.csv").exists)

        assert feed.ledger.stored == 40
        assert feed.ledger.quarantined == 0


async def test_a_file_that_grows_while_it_is_read_is_read_again(watching: Any, inbox: Path) -> None:
    """Its last row may be half a row: it is no message before the file stands still."""
    async with watching(lot=1) as feed:
        content = export(*range(200))
        put(inbox, "long.csv", content[:-10])
        await until(lambda: feed.ledger.stored > 3)
        with (inbox / "long.csv").open("ab") as file:
            file.write(content[-10:])
        await until((inbox / "done" / "long.csv").exists)

        assert feed.ledger.stored == 200
        assert feed.ledger.quarantined == 0


async def test_a_file_replaced_while_it_is_read_is_not_moved_unread(
    watching: Any, inbox: Path
) -> None:
    """The name leads to another file now: that one is read, too."""
    async with watching(lot=1) as feed:
        put(inbox, "a.csv", export(*range(200)))
        await until(lambda: feed.ledger.stored > 3)
        put(inbox, "a.csv", export(777))
        await until((inbox / "done" / "a.csv").exists)

        assert (inbox / "done" / "a.csv").read_bytes() == export(777)
        names = {record.name for record in await feed.records()}
        assert any("000777" in name for name in names)


async def test_a_file_that_comes_between_look_and_move_goes_back(tmp_path: Path) -> None:
    """What was moved by mistake is where it can be taken again."""
    folder = LocalFolder(tmp_path)
    await folder.prepare()
    put(tmp_path, "a.csv", b"first")
    (entry,) = await folder.entries()

    class Replaced(LocalFolder):
        """A folder in which a sender puts a file at the worst moment."""

        def _require_same(self, path: Path, entry: Entry) -> None:
            super()._require_same(path, entry)
            if path.parent == tmp_path:
                put(tmp_path, "a.csv", b"second")

    with pytest.raises(FileChanged):
        await Replaced(tmp_path).move(entry, "done")

    assert [found.name for found in await folder.entries()] == ["a.csv"]
    assert (tmp_path / "a.csv").read_bytes() == b"second"
    assert not list((tmp_path / "done").iterdir())


async def test_the_same_name_twice_keeps_both_files(watching: Any, inbox: Path) -> None:
    """A file that is there already is not overwritten."""
    async with watching():
        put(inbox, "a.csv", export(1))
        await until((inbox / "done" / "a.csv").exists)
        put(inbox, "a.csv", export(2))
        await until((inbox / "done" / "a.1.csv").exists)
        put(inbox, "a.csv", export(3))
        await until((inbox / "done" / "a.2.csv").exists)

        assert (inbox / "done" / "a.csv").read_bytes() == export(1)
        assert (inbox / "done" / "a.1.csv").read_bytes() == export(2)


async def test_a_file_with_a_bad_row_ends_in_failed(watching: Any, inbox: Path) -> None:
    """Its good rows are records, its bad row is in quarantine with the file's name."""
    async with watching() as feed:
        put(inbox, "mixed.csv", export(1) + b"JJ000002,no time,,\n" + rows(3))
        await until((inbox / "failed" / "mixed.csv").exists)

        assert feed.ledger.stored == 2
        (entry,) = await feed.quarantined()
        assert entry.source == "mixed.csv"


async def test_a_name_that_is_no_utf_8_harms_nothing(watching: Any, inbox: Path) -> None:
    """A Windows share gives names in GBK; the file is told by its escaped name."""
    async with watching() as feed:
        put(inbox, os.fsdecode("警情".encode("gb18030")), b"\xff\xff\xff")
        put(inbox, "later.csv", export(1))
        await until((inbox / "done" / "later.csv").exists)
        await until(lambda: feed.ledger.quarantined)
        (held,) = await feed.quarantined()

    assert held.source.startswith("\\udc")


async def test_an_empty_file_is_done(watching: Any, inbox: Path) -> None:
    """It holds nothing that could be lost."""
    async with watching() as feed:
        put(inbox, "empty.csv", b"")
        await until((inbox / "done" / "empty.csv").exists)

        assert feed.ledger.received == 0


async def test_what_is_not_meant_to_be_taken_stays(watching: Any, inbox: Path) -> None:
    """Hidden and unfinished files, other names, folders, links and pipes are let be."""
    async with watching(patterns=["*.csv"]) as feed:
        for name in (".hidden.csv", "a.csv.tmp", "b.csv.part", "c.csv.filepart", "readme.txt"):
            (inbox / name).write_bytes(export(1))
        (inbox / "folder.csv").mkdir()
        (inbox / "link.csv").symlink_to("/etc/passwd")
        os.mkfifo(inbox / "pipe.csv")
        put(inbox, "z.csv", export(2))
        await until((inbox / "done" / "z.csv").exists)

        left = names(inbox) - {"done", "failed"}
        assert left == {
            ".hidden.csv",
            "a.csv.tmp",
            "b.csv.part",
            "c.csv.filepart",
            "readme.txt",
            "folder.csv",
            "link.csv",
            "pipe.csv",
        }
        assert feed.ledger.stored == 1


async def test_a_file_that_vanishes_harms_no_other(watching: Any, inbox: Path) -> None:
    """Someone takes a file away while it is read; the next one is taken."""
    async with watching(lot=1) as feed:
        put(inbox, "a.csv", export(*range(200)))
        await until(lambda: feed.ledger.stored > 3)
        (inbox / "a.csv").unlink()
        put(inbox, "b.csv", export(999))
        await until((inbox / "done" / "b.csv").exists)

        assert not (inbox / "done" / "a.csv").exists()


async def test_a_file_beyond_the_limit_goes_to_failed_and_is_told(
    watching: Any, inbox: Path
) -> None:
    """The quarantine has its head and the reason; it is not read."""
    async with watching(max_bytes=2000) as feed:
        put(inbox, "huge.csv", export(*range(500)))
        await until((inbox / "failed" / "huge.csv").exists)

        (entry,) = await feed.quarantined()
        assert entry.cause == "too_large"
        assert "the limit is 2000: split it, or raise max_bytes" in entry.reason
        assert entry.raw == export(*range(500))[:1024]
        assert feed.ledger.stored == 0


@contextlib.contextmanager
def as_nobody() -> Iterator[None]:
    """Lose root's right to read everything, where the tests have it."""
    is_root = os.getuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


@pytest.fixture
def shared_inbox() -> Iterator[Path]:
    """Return a folder that also a user without rights may use."""
    folder = Path(tempfile.mkdtemp())
    with as_nobody():
        owner = os.geteuid()
    os.chown(folder, owner, -1)
    yield folder
    shutil.rmtree(folder)


async def test_a_file_that_cannot_be_read_is_reported_and_blocks_no_other(
    city_home: Home, plan: BusPlan, shared_inbox: Path
) -> None:
    """It stays, the feed says why, later files are taken, and so is it once it can be."""
    async with running(city_home, plan, ADAPTER, f"drop:{shared_inbox}", **QUICK) as feed:
        for folder in ("done", "failed"):
            (shared_inbox / folder).chmod(0o777)
        with as_nobody():
            put(shared_inbox, "a.csv", export(1))
            (shared_inbox / "a.csv").chmod(0)
            put(shared_inbox, "b.csv", export(2))
            await until((shared_inbox / "done" / "b.csv").exists)
            await until(lambda: feed.error)

            assert (shared_inbox / "a.csv").exists()
            assert feed.error.startswith("a.csv cannot be read (Permission denied)")
            assert feed.trouble == feed.error
            assert feed.trouble.endswith("(files that cannot be taken: 1)")

            (shared_inbox / "a.csv").chmod(0o600)
            await until((shared_inbox / "done" / "a.csv").exists)
            assert feed.ledger.stored == 2
            await until(lambda: not feed.trouble)


async def test_a_folder_taken_away_and_put_back_goes_on(watching: Any, inbox: Path) -> None:
    """The feed says that its folder is gone, and takes files once it is there again."""
    async with watching() as feed:
        shutil.rmtree(inbox)
        await until(lambda: feed.error)
        assert "cannot be read: it is not there" in feed.error

        put(inbox, "a.csv", export(1))
        await until((inbox / "done" / "a.csv").exists)
        assert feed.ledger.stored == 1


async def test_while_the_bus_is_away_files_stay_and_are_taken_later(
    tmp_path: Path, inbox: Path
) -> None:
    """Nothing is moved before it is stored; then everything is, once."""
    async with (
        own_bus(tmp_path / "home", "police") as bus,
        running(bus.home, bus.plan, ADAPTER, f"drop:{inbox}", **QUICK) as feed,
    ):
        await bus.server.kill()
        put(inbox, "a.csv", export(*range(50)))
        put(inbox, "b.csv", export(*range(50, 90)))
        await until(lambda: feed.ledger.in_flight)
        assert (inbox / "a.csv").exists()

        await bus.server.start()
        await until((inbox / "done" / "a.csv").exists)
        await until((inbox / "done" / "b.csv").exists)
        assert feed.ledger.stored == 90
        assert len(await feed.records()) == 90


async def test_a_crash_between_storing_and_moving_ends_as_duplicates(
    city_home: Home, plan: BusPlan, inbox: Path
) -> None:
    """The file is there again at the next start, and adds nothing."""
    source = f"drop:{inbox}"
    async with running(city_home, plan, ADAPTER, source, **QUICK) as feed:
        put(inbox, "a.csv", export(1, 2, 3))
        await until((inbox / "done" / "a.csv").exists)
        feed_id = feed.feed.id
    (inbox / "done" / "a.csv").rename(inbox / "a.csv")

    async with running(city_home, plan, ADAPTER, source, feed_id=feed_id, **QUICK) as feed:
        await until((inbox / "done" / "a.csv").exists)
        assert feed.ledger.duplicates == 3
        assert len(await feed.records()) == 3


async def test_a_stop_settles_the_file_under_way(watching: Any, inbox: Path) -> None:
    """The file that was begun is finished; the next one stays for the next start."""
    async with watching(lot=1) as feed:
        put(inbox, "a.csv", export(*range(100)))
        await until(lambda: feed.ledger.stored > 3)
        put(inbox, "b.csv", export(999))
        await feed.transport.stop()

        assert (inbox / "done" / "a.csv").exists()
        assert (inbox / "b.csv").exists()
        assert feed.ledger.stored == 100


async def test_documents_are_whole_files(city_home: Home, plan: BusPlan, inbox: Path) -> None:
    """Each file is one warning; one that is none ends in failed."""
    async with running(city_home, plan, "weather/cap", f"drop:{inbox}", **QUICK) as feed:
        put(inbox, "good.xml", warning("NJ-1"))
        put(inbox, "bad.xml", b"<html>503</html>")
        await until((inbox / "done" / "good.xml").exists)
        await until((inbox / "failed" / "bad.xml").exists)

        assert feed.ledger.stored == 1
        assert feed.ledger.quarantined == 1


async def test_a_folder_that_cannot_be_made_is_told(
    city_home: Home, plan: BusPlan, tmp_path: Path
) -> None:
    """A file in its place is no folder."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FeedMisconfigured, match="cannot be made"):
        async with running(city_home, plan, ADAPTER, f"drop:{tmp_path / 'file' / 'in'}"):
            pytest.fail("it started")


async def test_a_message_larger_than_the_bus_takes_does_not_stay_for_ever(
    city_home: Home, plan: BusPlan, inbox: Path
) -> None:
    """Of what neither stream nor quarantine can hold, the head is kept, and it is said."""
    content = b"<html>" + b"x" * (2 << 20)
    async with running(city_home, plan, "weather/cap", f"drop:{inbox}", **QUICK) as feed:
        put(inbox, "huge.xml", content)
        await until((inbox / "failed" / "huge.xml").exists)

        (entry,) = await feed.quarantined()
        assert content.startswith(entry.raw)
        assert "are kept here, for the bus takes no more: keep the original" in entry.reason
