"""An adapter on trial: bytes go in, and what would become of them comes out, without a bus."""

import atexit
import contextlib
import functools
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.sdk.adapter import Adapter, Outcome, Translated
from adapters.sdk.blame import place_of
from adapters.sdk.errors import AdapterError
from adapters.sdk.feed import FeedConfig, options_of
from adapters.sdk.message import Message, Undecodable
from adapters.sdk.registry import adapter_of
from adapters.sdk.retrial import pieces_alone
from adapters.sdk.translation import Result, Translation
from liandong.record.v1.record_pb2 import Record


class AdapterBroke(AdapterError):
    """An adapter raised where none may: in its decoder or its answer."""

    def __init__(self, adapter: str, what: str, place: str) -> None:
        super().__init__(
            f"{adapter}: its {what} raised {place}; only `translate` may raise, and only "
            "Untranslatable: this would end the connection"
        )
        self.adapter = adapter


@dataclass(frozen=True, slots=True)
class Tried:
    """What would become of one message.

    Attributes:
        raw: Its exact bytes.
        translated: Its valid records, each with what makes its message unique.
        refused: Why it, or some of its records, would go to quarantine; None: nothing would.
        outcome: What the sender would be told of it.
        answer: What the sender would be told, in the format's own bytes; empty: nothing.
    """

    raw: bytes
    translated: tuple[Translated, ...]
    refused: Undecodable | None
    outcome: Outcome
    answer: bytes

    @property
    def records(self) -> list[Record]:
        """Return its valid records."""
        return [one.record for one in self.translated]

    @property
    def identities(self) -> frozenset[tuple[str, str]]:
        """Return by what its records are known again: their names and message ids."""
        return frozenset((one.record.name, one.message_id) for one in self.translated)


class Trial:
    """Runs bytes through an adapter as its transport and its pipeline would.

    It remembers what it has seen, as the bus does: the same message again is a duplicate.

    Args:
        adapter: The adapter.

    Raises:
        FeedMisconfigured: The adapter cannot read what it keeps in the home folder, which is
            one that all trials of a process share, and that goes with it.
    """

    def __init__(self, adapter: Adapter[Any, Any]) -> None:
        self.adapter = adapter
        adapter.prepare(_home())
        self._translation = Translation(adapter)
        self._known: set[tuple[str, str]] = set()

    def run(self, *chunks: bytes) -> list[Tried]:
        """Return what would become of each message of one connection or file, in order.

        Args:
            chunks: Its bytes, as they come.

        Raises:
            AdapterBroke: The decoder or the answer raised.
        """
        return [self._settle(piece) for piece in self.decode(*chunks)]

    def alone(self, opening: bytes, raw: bytes) -> list[Undecodable]:
        """Return what is refused of one message's bytes when the quarantine tries them again.

        Args:
            opening: What the adapter says must have been read before.
            raw: The message's bytes.

        Raises:
            AdapterBroke: The decoder raised.
        """
        self.adapter.take_for_now(self.adapter.now())
        with self._blaming("decoder"):
            pieces = pieces_alone(self.adapter, opening, raw)
        return [refused for piece in pieces if (refused := self.translate(piece)[1]) is not None]

    def decode(self, *chunks: bytes) -> list[Message | Undecodable]:
        """Return what the decoder makes of one connection's or file's bytes.

        Raises:
            AdapterBroke: The decoder raised.
        """
        with self._blaming("decoder"):
            decoder = self.adapter.decoder()
            pieces: list[Message | Undecodable] = []
            for chunk in chunks:
                pieces += decoder.feed(chunk)
            pieces += decoder.close()
            return pieces

    def answer(self, piece: Message | Undecodable, outcome: Outcome) -> bytes:
        """Return what a message's sender would be told.

        Raises:
            AdapterBroke: The answer raised.
        """
        if isinstance(piece, Undecodable):
            return piece.answer
        with self._blaming("answer"):
            return self.adapter.answer(piece, outcome)

    def translate(self, piece: Message | Undecodable) -> Result:
        """Return a message's valid records, and why some or all of it would be refused."""
        return self._translation.of(piece)

    def _settle(self, piece: Message | Undecodable) -> Tried:
        """Translate a message and answer it."""
        translated, refused = self.translate(piece)
        tried = Tried(piece.raw, tuple(translated), refused, Outcome.STORED, b"")
        outcome = Outcome.STORED
        if refused is not None:
            outcome = Outcome.QUARANTINED
        elif tried.identities <= self._known:
            outcome = Outcome.DUPLICATE
        self._known |= tried.identities
        return Tried(piece.raw, tried.translated, refused, outcome, self.answer(piece, outcome))

    @contextlib.contextmanager
    def _blaming(self, what: str) -> Iterator[None]:
        """Say where an adapter broke.

        Raises:
            AdapterBroke: It did.
        """
        try:
            yield
        except Exception as error:
            raise AdapterBroke(self.adapter.name, what, place_of(error)) from error


@functools.cache
def _home() -> Path:
    """Make the home folder of this process's trials."""
    folder = tempfile.mkdtemp(prefix="liandong-trial-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def trial_of(
    adapter: str | type[Adapter[Any, Any]],
    *,
    agency: str = "",
    district: str = "",
    time_zone: str = "Asia/Shanghai",
    **options: Any,
) -> Trial:
    """Put an adapter on trial, with a feed of its own.

    Args:
        adapter: Its name, if it is installed, or its class.
        agency: Whose records they are; empty: the one that the adapter's name begins with.
        district: GB/T 2260 code of records that do not say better.
        time_zone: Zone of times that have none.
        options: The adapter's own options, as ``[feed.options]`` would give them.

    Raises:
        FeedMisconfigured: There is no such adapter, or an option is not right.
    """
    name = adapter if isinstance(adapter, str) else adapter.name
    config = FeedConfig(
        id=name.replace("/", "."),
        adapter=name,
        agency=agency or name.partition("/")[0],
        source="drop:samples",
        district=district,
        time_zone=time_zone,
        options=options,
    )
    if isinstance(adapter, str):
        return Trial(adapter_of(config))
    return Trial(adapter(config, options_of(config, "options", adapter.options_type)))
