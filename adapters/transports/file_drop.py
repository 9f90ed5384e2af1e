"""A folder into which another system puts files.

A file is taken once it has stopped growing, settled whole, and then moved: to ``done``
when all of it became records, to ``failed`` when something of it went to quarantine. A
crash before the move means that the file is read again, and ends as duplicates.
"""

import asyncio
import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import structlog
import watchfiles

from adapters.sdk.adapter import Adapter, Outcome
from adapters.sdk.errors import FeedMisconfigured
from adapters.sdk.message import Message, Undecodable
from adapters.sdk.pipeline import Pipeline

_CHUNK = 1 << 18
_log = structlog.get_logger()


class FileDropOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a folder is watched.

    Attributes:
        patterns: Which files are taken.
        settle_s: How long a file must not have grown before it is taken, seconds.
        scan_s: How often the folder is looked at, besides its own events, seconds.
        max_bytes: Largest file; a larger one goes to ``failed`` unread.
        lot: How many messages are settled together.
    """

    patterns: tuple[str, ...] = ("*",)
    settle_s: float = 0.3
    scan_s: float = 2.0
    max_bytes: int = 256 << 20
    lot: int = 1000


class FileDrop:
    """Watches a folder, and runs its files through a feed's pipeline.

    Args:
        adapter: Decodes.
        pipeline: Settles messages.
        folder: The folder; made when missing.
        options: How it is watched.
    """

    def __init__(
        self,
        adapter: Adapter[Any, Any],
        pipeline: Pipeline,
        folder: Path,
        options: FileDropOptions,
    ) -> None:
        self._adapter = adapter
        self._pipeline = pipeline
        self._folder = folder
        self._options = options
        self._task: asyncio.Task[None] | None = None
        self._stop = asyncio.Event()

    @property
    def address(self) -> str:
        """Return the folder, as a source is written."""
        return f"drop:{self._folder}"

    async def start(self) -> None:
        """Make the folder and watch it.

        Raises:
            FeedMisconfigured: If the folder cannot be made.
        """
        try:
            for folder in (self._folder, self._folder / "done", self._folder / "failed"):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FeedMisconfigured(
                self._adapter.feed.id,
                f"the folder {self._folder} cannot be made ({error.strerror})",
                "give the adapter a folder that it may write",
            ) from error
        self._task = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Settle the file under way, then watch no more."""
        self._stop.set()
        if self._task is not None:
            await self._task

    async def _watch(self) -> None:
        """Take files whenever the folder changes, and now and then without that."""
        changes = watchfiles.awatch(
            self._folder,
            stop_event=self._stop,
            recursive=False,
            yield_on_timeout=True,
            rust_timeout=int(self._options.scan_s * 1000),
            step=50,
            debounce=100,
            watch_filter=None,
        )
        await self._take_all()
        async for _ in changes:
            await self._take_all()

    async def _take_all(self) -> None:
        """Take every file that is finished, oldest first."""
        while not self._stop.is_set():
            present = sorted(self._candidates(), key=lambda path: (path.stat().st_mtime, path.name))
            ready = [path for path in present if self._is_finished(path)]
            for path in ready:
                if self._stop.is_set() or not await self._take(path):
                    return
            if len(ready) == len(present):
                return
            await asyncio.sleep(self._options.settle_s)

    def _candidates(self) -> Iterator[Path]:
        """Yield the files that a sender may have put here."""
        for path in self._folder.iterdir():
            hidden = path.name.startswith(".") or path.suffix in {".tmp", ".part", ".filepart"}
            matches = any(path.match(pattern) for pattern in self._options.patterns)
            with contextlib.suppress(FileNotFoundError):
                if path.is_file() and matches and not hidden:
                    yield path

    def _is_finished(self, path: Path) -> bool:
        """Tell whether a file has stopped growing: its time of change lies back far enough."""
        changed = path.stat().st_mtime
        age = _wall_clock() - changed
        return age >= self._options.settle_s or age < 0

    async def _take(self, path: Path) -> bool:
        """Settle a file and move it; tell whether it could be settled."""
        size = _size(path)
        if size > self._options.max_bytes:
            await self._too_large(path, size)
            return True
        counts = dict.fromkeys((*Outcome, None), 0)
        shown = self._adapter.conceal_source(path.name)
        for lot in self._lots(path):
            for outcome in await self._pipeline.submit(lot, path.name):
                counts[outcome] += 1
            if counts[None]:
                _log.warning(
                    "file left for later",
                    feed=self._adapter.feed.id,
                    file=shown,
                )
                return False
        self._move(path, "failed" if counts[Outcome.QUARANTINED] else "done")
        _log.info(
            "file settled",
            feed=self._adapter.feed.id,
            file=shown,
            **{outcome.value: counts[outcome] for outcome in Outcome},
        )
        return True

    async def _too_large(self, path: Path, size: int) -> None:
        """Put a file aside that is larger than the limit, and say so in the quarantine."""
        reason = f"the file has {size} bytes, the limit is {self._options.max_bytes}"
        with path.open("rb") as file:
            head = file.read(1024)
        await self._pipeline.submit([Undecodable(head, "too_large", reason)], path.name)
        self._move(path, "failed")

    def _lots(self, path: Path) -> Iterator[list[Message | Undecodable]]:
        """Decode a file piece by piece into lots of messages."""
        decoder = self._adapter.decoder()
        lot: list[Message | Undecodable] = []
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                lot += decoder.feed(chunk)
                while len(lot) >= self._options.lot:
                    yield lot[: self._options.lot]
                    lot = lot[self._options.lot :]
        lot += decoder.close()
        if lot:
            yield lot

    def _move(self, path: Path, folder: str) -> None:
        """Move a file; one of the same name that is there already is not overwritten."""
        target = self._folder / folder / path.name
        number = 1
        while target.exists():
            target = self._folder / folder / f"{path.stem}.{number}{path.suffix}"
            number += 1
        os.rename(path, target)  # noqa: PTH104 - within one folder, atomic


def _size(path: Path) -> int:
    """Return a file's size in bytes."""
    return path.stat().st_size


def _wall_clock() -> float:
    """Return the time by which the file system dates changes, seconds since 1970."""
    return time.time()
