"""The queue on disk, with real files and a process that is killed."""

import asyncio
import sqlite3
import stat
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from broker.errors import SpoolDamaged
from broker.outgoing import Outgoing
from broker.spool import Spool

ROOM = 1 << 20
NO_SPOOL = b"no database at all" * 100
_APPENDING = """
import asyncio, sys
from pathlib import Path
from broker.outgoing import Outgoing
from broker.spool import Spool

async def run():
    async with Spool(Path(sys.argv[1]), 1 << 30) as spool:
        for number in range(1_000_000):
            await spool.append("WATER", [Outgoing("share.water.x", b"%d" % number, str(number))])
            print(number, flush=True)

asyncio.run(run())
"""


def message(number: int, size: int = 10) -> Outgoing:
    """Make a message with an id of its own."""
    return Outgoing("share.water.water.level.1", bytes(size), f"id-{number}", b"Feed: a\r\n")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a spool may lie; the folder is not there yet."""
    return tmp_path / "spool" / "water.stage.sqlite"


@pytest.fixture
async def spool(path: Path) -> AsyncIterator[Spool]:
    """Open a spool."""
    async with Spool(path, ROOM) as opened:
        yield opened


async def test_messages_come_out_as_they_went_in_and_in_their_order(path: Path) -> None:
    """Also after it was closed and opened again; numbers and sizes are the same."""
    messages = [message(number, size=number) for number in range(300)]
    async with Spool(path, ROOM) as spool:
        await spool.append("WATER", messages[:200])
        await spool.append("WATER", messages[200:])
        size = spool.bytes

    async with Spool(path, ROOM) as spool:
        entries = await spool.head("WATER", 1000)

        assert [message for _, message in entries] == messages
        assert (spool.count("WATER"), spool.total, spool.bytes) == (300, 300, size)
        assert await spool.ids("WATER") == {message.message_id for message in messages}


async def test_an_id_waits_once(spool: Spool) -> None:
    """Within a lot and across lots; each caller learns which of its messages are new."""
    first = await spool.append("WATER", [message(1), message(2), message(1)])
    second = await spool.append("WATER", [message(2), message(3)])

    assert (first, second) == ([True, True, False], [False, True])
    assert spool.count("WATER") == 3


async def test_streams_wait_apart(spool: Spool) -> None:
    """The same id may wait for two of them, and what one has is no other's."""
    await spool.append("WATER", [message(1), message(2)])
    await spool.append("QUARANTINE_WATER", [message(1)])

    await spool.drop("WATER", await spool.head("WATER", 10))

    assert await spool.head("WATER", 10) == []
    assert [one for _, one in await spool.head("QUARANTINE_WATER", 10)] == [message(1)]
    assert (spool.total, await spool.headers()) == (1, [b"Feed: a\r\n"])


async def test_what_does_not_fit_is_refused_whole_until_there_is_room(path: Path) -> None:
    """A lot that fits in part is not kept in part; what was dropped makes room."""
    async with Spool(path, 1000) as spool:
        assert await spool.append("WATER", [message(1, size=500)])
        held = spool.bytes

        assert await spool.append("WATER", [message(2, size=1), message(3, size=500)]) is None
        assert (spool.total, spool.bytes) == (1, held)

        await spool.drop("WATER", await spool.head("WATER", 1))
        assert spool.bytes == 0
        assert await spool.append("WATER", [message(3, size=500)]) == [True]


async def test_only_its_owner_may_read_it(spool: Spool, path: Path) -> None:
    """It holds what its department has not shared yet."""
    await spool.append("WATER", [message(1)])

    modes = {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == {0o600}


async def test_a_full_disk_is_told_and_nothing_is_kept_by_halves(spool: Spool) -> None:
    """SQLite's own refusal; when there is room again it goes on."""
    await spool.append("WATER", [message(1)])
    await spool._run(lambda: spool._connection().execute("PRAGMA max_page_count = 8"))

    with pytest.raises(SpoolDamaged, match=r"disk is full.*: free the disk"):
        await spool.append("WATER", [message(number, size=5000) for number in range(2, 20)])

    assert [one.message_id for _, one in await spool.head("WATER", 100)] == ["id-1"]
    await spool._run(lambda: spool._connection().execute("PRAGMA max_page_count = 10000"))
    assert await spool.append("WATER", [message(2)]) == [True]


def damage(path: Path) -> None:
    """Overwrite pages in the middle of a file: of messages, or of their index."""
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 8192] = b"\xff" * 8192
    path.write_bytes(data)


@pytest.fixture
def no_spool(path: Path) -> Path:
    """Return a file that is something else."""
    path.parent.mkdir()
    path.write_bytes(NO_SPOOL)
    return path


def whole(path: Path) -> bytes:
    """Return what a file holds."""
    return path.read_bytes()


async def test_a_file_that_is_no_spool_is_told_and_left_as_it_is(no_spool: Path) -> None:
    """The sentence says which file, and that it must be kept."""
    wanted = r"not a database.*move the file away and keep it"

    with pytest.raises(SpoolDamaged, match=wanted) as told:
        await Spool(no_spool, ROOM).__aenter__()

    assert str(no_spool) in str(told.value)
    assert whole(no_spool) == NO_SPOOL


async def test_a_damaged_page_is_told_on_opening(path: Path) -> None:
    """Before anything is taken on top of what cannot be read."""
    async with Spool(path, ROOM) as spool:
        await spool.append("WATER", [message(number, size=1000) for number in range(200)])
    damage(path)

    with pytest.raises(SpoolDamaged, match="cannot be used"):
        await Spool(path, ROOM).__aenter__()


async def test_a_folder_that_cannot_be_made_is_told(no_spool: Path) -> None:
    """As any other trouble with the file."""
    with pytest.raises(SpoolDamaged, match="cannot be used"):
        await Spool(no_spool / "water.sqlite", ROOM).__aenter__()


async def test_what_was_appended_survives_a_kill(path: Path) -> None:
    """SIGKILL in the midst of appending: all that append returned from is there, in order."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _APPENDING, str(path), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(30):
        while int(line := await process.stdout.readline()) < 50:
            assert line
        process.kill()
        acknowledged = 50 + len((await process.stdout.read()).splitlines())
        await process.wait()

    async with Spool(path, ROOM) as spool:
        entries = await spool.head("WATER", 10_000)
    numbers = [int(one.payload) for _, one in entries]
    assert numbers == [*range(len(numbers))]
    assert len(numbers) > acknowledged


async def test_a_file_that_another_changes_is_still_read_by_its_owner(
    spool: Spool, path: Path
) -> None:
    """Whoever looks into it does not stop it."""
    await spool.append("WATER", [message(1)])
    looking = sqlite3.connect(path)
    try:
        assert looking.execute("SELECT count(*) FROM message").fetchone() == (1,)
        assert await spool.append("WATER", [message(2)]) == [True]
    finally:
        looking.close()
