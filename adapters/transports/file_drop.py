"""A folder into which another system puts files.

A file is taken once it has stopped changing, settled whole, and then moved: to ``done``
when all of it became records, to ``failed`` when something of it went to quarantine. A
crash before the move means that the file is read again, and ends as duplicates. A file
that cannot be taken is tried again, ever more rarely, and keeps no other from its turn.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import structlog

from adapters.sdk.adapter import Adapter, Outcome
from adapters.sdk.errors import FeedMisconfigured
from adapters.sdk.message import Message, Undecodable
from adapters.sdk.pipeline import Pipeline
from adapters.transports.folder import DONE, FAILED, Entry, FileChanged, FileGone, Folder
from adapters.transports.local_folder import LocalFolder
from adapters.transports.retry import Retry, Trouble, pause

_CHUNK = 1 << 18
_HEAD = 1024
_UNFINISHED = (".tmp", ".part", ".filepart")
_LONGEST_S = 300.0
_log = structlog.get_logger()


class FileDropOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a folder is watched.

    Attributes:
        patterns: Which files are taken.
        settle_s: How long a file must not have changed before it is taken, seconds.
        scan_s: How often the folder is looked at, seconds.
        max_bytes: Largest file; a larger one goes to ``failed`` unread.
        lot: How many messages are settled together.
    """

    patterns: tuple[str, ...] = ("*",)
    settle_s: float = 0.3
    scan_s: float = 0.5
    max_bytes: int = 256 << 20
    lot: int = 1000


@dataclass(slots=True)
class _Sighting:
    """What is known of a file that was not taken yet; times are the loop's."""

    version: tuple[float, ...]
    since: float
    failures: int = 0
    not_before: float = 0.0
    reason: str = ""


class FileDrop:
    """Watches a folder, and runs its files through a feed's pipeline.

    Args:
        adapter: Decodes.
        pipeline: Settles messages.
        url: The folder, ``drop:path``; made when missing.
        options: How it is watched.
    """

    options_type: ClassVar = FileDropOptions

    def __init__(
        self,
        adapter: Adapter[Any, Any],
        pipeline: Pipeline,
        url: str,
        options: FileDropOptions,
    ) -> None:
        self._adapter = adapter
        self._pipeline = pipeline
        self._options = options
        self._folder = self._open(url)
        self._seen: dict[str, _Sighting] = {}
        self._task: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()
        self._log = _log.bind(feed=adapter.feed.id)

    def _open(self, url: str) -> Folder:
        """Return the folder."""
        return LocalFolder(Path(url.removeprefix("drop:")))

    @property
    def address(self) -> str:
        """Return the folder, as a source is written."""
        return self._folder.address

    async def start(self) -> None:
        """Make the folder and watch it.

        Raises:
            FeedMisconfigured: If the folder cannot be made.
        """
        try:
            await self._folder.prepare()
        except Trouble as error:
            raise FeedMisconfigured(
                self._adapter.feed.id, str(error), "give the adapter a folder that it may write"
            ) from error
        self._task = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Settle the file under way, then watch no more."""
        self._stop.set()
        if self._task is not None:
            await self._task
        await self._folder.close()

    async def _watch(self) -> None:
        """Look at the folder again and again."""
        retry = Retry(
            self._adapter.feed.id,
            self._pipeline,
            self._stop,
            first_s=self._options.scan_s,
            longest_s=_LONGEST_S / 10,
        )
        while not self._stop.is_set():
            await retry(self._look)
            is_settling = any(not seen.failures for seen in self._seen.values())
            options = self._options
            await pause(self._stop, options.settle_s if is_settling else options.scan_s)

    async def _look(self) -> str | None:
        """Take every file whose turn it is, oldest first; return what keeps files from it."""
        entries = [entry for entry in await self._folder.entries() if self._is_wanted(entry.name)]
        names = {entry.name for entry in entries}
        self._seen = {name: seen for name, seen in self._seen.items() if name in names}
        for entry in sorted(entries, key=lambda entry: (entry.modified, entry.name)):
            if self._stop.is_set():
                return None
            if self._is_ready(entry):
                await self._take(entry)
        stuck = [seen.reason for seen in self._seen.values() if seen.failures]
        return f"{stuck[0]} (files that cannot be taken: {len(stuck)})" if stuck else None

    def _is_wanted(self, name: str) -> bool:
        """Tell whether a sender put a file here to be taken."""
        if name.startswith(".") or name.endswith(_UNFINISHED):
            return False
        return any(fnmatchcase(name, pattern) for pattern in self._options.patterns)

    def _is_ready(self, entry: Entry) -> bool:
        """Tell whether a file has stopped changing, and is not put off.

        Only our own clock counts: that of a sender or file server may differ.
        """
        now = asyncio.get_running_loop().time()
        seen = self._seen.get(entry.name)
        if seen is None or seen.version != entry.version:
            self._seen[entry.name] = _Sighting(entry.version, now)
            return self._options.settle_s <= 0
        return now >= max(seen.since + self._options.settle_s, seen.not_before)

    async def _take(self, entry: Entry) -> None:
        """Settle a file and move it; one that cannot be is put off."""
        shown = self._adapter.conceal_source(entry.name)
        try:
            counts = await self._settle(entry)
            if counts[None]:
                self._put_off(entry, f"{shown} stays: the bus is away")
                return
            await self._folder.move(entry, FAILED if counts[Outcome.QUARANTINED] else DONE)
        except FileGone:
            self._log.warning("the file was taken away by someone else", file=shown)
        except FileChanged as error:
            self._seen.pop(entry.name, None)
            reason = str(error).replace(entry.name, shown)
            self._log.warning("taken again later", file=shown, reason=reason)
        except Trouble as error:
            self._put_off(entry, str(error).replace(entry.name, shown))
        else:
            told = {outcome.value: counts[outcome] for outcome in Outcome}
            self._log.info("file settled", file=shown, **told)

    def _put_off(self, entry: Entry, reason: str) -> None:
        """Leave a file for later, and say so."""
        seen = self._seen[entry.name]
        wait = min(self._options.scan_s * 2**seen.failures, _LONGEST_S)
        seen.failures = min(seen.failures + 1, 16)
        seen.not_before = asyncio.get_running_loop().time() + wait
        shown = self._adapter.conceal_source(entry.name)
        seen.reason = reason
        self._log.warning("file left for later", file=shown, reason=reason, next_s=wait)

    async def _settle(self, entry: Entry) -> Counter[Outcome | None]:
        """Settle a file; return how many of its messages became what."""
        counts: Counter[Outcome | None] = Counter()
        lots = self._lots(entry) if entry.size <= self._options.max_bytes else self._head(entry)
        async with aclosing(lots):
            async for lot in lots:
                counts.update(await self._pipeline.submit(lot, entry.name))
                if counts[None]:
                    break
        return counts

    async def _lots(self, entry: Entry) -> AsyncGenerator[list[Message | Undecodable], None]:
        """Decode a file piece by piece into lots of messages."""
        decoder = self._adapter.decoder()
        lot: list[Message | Undecodable] = []
        async with aclosing(self._folder.read(entry, _CHUNK)) as chunks:
            async for chunk in chunks:
                lot += decoder.feed(chunk)
                while len(lot) >= self._options.lot:
                    yield lot[: self._options.lot]
                    lot = lot[self._options.lot :]
        # Only a file that did not change ends here: what is left of it is its last message.
        lot += decoder.close()
        if lot:
            yield lot

    async def _head(self, entry: Entry) -> AsyncGenerator[list[Message | Undecodable], None]:
        """Yield what the quarantine keeps of a file that is larger than the limit."""
        limit = self._options.max_bytes
        reason = (
            f"the file has {entry.size} bytes, the limit is {limit}: split it, or raise "
            "max_bytes of the feed's transport"
        )
        async with aclosing(self._folder.read(entry, _HEAD)) as chunks:
            yield [Undecodable(await anext(chunks), "too_large", reason)]
