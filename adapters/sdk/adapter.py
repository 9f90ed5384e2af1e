"""The adapter: one legacy format, decoded and translated."""

import abc
import enum
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar, Generic, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from adapters.sdk.clock import moment_of
from adapters.sdk.errors import FeedMisconfigured
from adapters.sdk.feed import FeedConfig
from adapters.sdk.message import Decoder, Message
from adapters.sdk.naming import name_for
from liandong.place.v1.place_pb2 import Location
from liandong.quantity.v1.quantity_pb2 import QUALITY_LEVEL_VALID, Quality
from liandong.record.v1.record_pb2 import (
    STATUS_ACTUAL,
    Classification,
    Record,
    Status,
)

M = TypeVar("M", bound=Message)
P = TypeVar("P", bound=msgspec.Struct)
VALID = Quality(level=QUALITY_LEVEL_VALID)
_REMEMBERED = 1024
_Stated = tuple["Status.ValueType", "Classification.ValueType", str]


class Outcome(enum.Enum):
    """What became of a message."""

    STORED = "stored"
    DUPLICATE = "duplicate"
    QUARANTINED = "quarantined"


@dataclass(slots=True)
class Translated:
    """A record that came out of a message.

    Attributes:
        record: The record.
        message_id: What makes the message unique at its source; the same message sent
            again must have the same.
        shape: Promises that records of an equal shape differ in finite numbers and
            plausible times alone, so that the schema is checked once for all of them;
            None: nothing is promised. Bodies whose numbers or texts have bounds may differ
            in them only if the adapter keeps the bounds by itself, and a test shows it.
    """

    record: Record
    message_id: str
    shape: tuple[object, ...] | None = None


class Adapter(abc.ABC, Generic[M, P]):
    """Decodes and translates one legacy format; it never talks.

    Args:
        feed: The feed that it serves.
        options: Its options.

    Raises:
        FeedMisconfigured: If the feed's zone or classification does not exist.
    """

    name: ClassVar[str]
    """``<agency>/<format>``."""
    version: ClassVar[str] = "1.0.0"
    options_type: ClassVar[type[msgspec.Struct]]
    """The struct of its options."""
    one_connection_per_entity: ClassVar[bool] = False
    """Whether each station speaks over a connection of its own, so that two that speak for one
    are two stations; not so where a platform forwards many over several connections."""
    _then: datetime | None = None

    def __init__(self, feed: FeedConfig, options: P) -> None:
        self.feed = feed
        self.options = options
        try:
            self.zone = ZoneInfo(feed.time_zone)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise FeedMisconfigured(
                feed.id, f"there is no time zone {feed.time_zone!r}", "write it as Asia/Shanghai"
            ) from error
        label = f"CLASSIFICATION_{feed.classification.upper()}"
        if label not in Classification.keys() or label.endswith("_UNSPECIFIED"):  # noqa: SIM118
            raise FeedMisconfigured(
                feed.id,
                f"there is no classification {feed.classification!r}",
                "use public, internal, restricted or confidential",
            )
        self._classification = Classification.Value(label)
        self._constants: dict[_Stated, bytes] = {}
        self._digested = (b"", hashlib.sha256(b"").digest())

    @abc.abstractmethod
    def decoder(self) -> Decoder[M]:
        """Return a decoder for one connection or file."""

    def decoder_for(self, peer: str) -> Decoder[M]:
        """Return a decoder for what one socket says; most formats do not mind which it is.

        Args:
            peer: Its address, ``host:port``.
        """
        del peer
        return self.decoder()

    @abc.abstractmethod
    def translate(self, message: M) -> Iterable[Translated]:
        """Return the records that a message holds, one at least.

        Raises:
            Untranslatable: If it cannot become a record.
        """

    def answer(self, message: M, outcome: Outcome) -> bytes:
        """Return what the sender is told once the message is stored; empty: nothing."""
        del message, outcome
        return b""

    def datagrams(self, answer: bytes) -> tuple[bytes, ...]:
        """Return an answer as the datagrams that carry it; most are one."""
        return (answer,)

    def prepare(self, home: Path) -> None:
        """Read what it keeps in the home folder, before the first byte; most keep nothing.

        Args:
            home: The home folder.

        Raises:
            FeedMisconfigured: If that cannot be read.
        """
        del home

    def recalls(self) -> tuple[str, ...]:
        """Return the kinds of its own records that it must see again when it starts."""
        return ()

    def recall(self, record: Record) -> None:
        """Take up a record that the feed stored before it was last stopped, oldest first."""
        del record

    def conceal(self, raw: bytes) -> bytes:
        """Return bytes as the quarantine may hold them; most messages may be held as they are.

        Whatever is put into quarantine goes through this: messages, pieces of them, noise.
        Bytes that differ must differ afterwards, or the second is taken for a resend.
        """
        return raw

    def conceal_source(self, source: str) -> str:
        """Return the name of a sender or a file as the quarantine may hold it."""
        return source

    def opening(self, message: M) -> bytes:
        """Return what a fresh decoder must have read before, to read a message alone.

        A row's table has a header; most formats need nothing. The quarantine keeps it with
        the message, so that it can be tried again.
        """
        del message
        return b""

    def now(self) -> datetime:
        """Return the time now, UTC; of what is tried again, when it came."""
        return self._then or datetime.now(UTC)

    @property
    def tries_again(self) -> bool:
        """Tell whether messages are tried again that came, and were let in, earlier."""
        return self._then is not None

    def take_for_now(self, then: datetime) -> None:
        """Take a moment for now, from here on: a message that is tried again came then."""
        self._then = then

    def record(
        self,
        kind: str,
        entity: str,
        *,
        observed_at: datetime,
        raw: bytes,
        source_message_id: str = "",
        sent_at: datetime | None = None,
        expires_at: datetime | None = None,
        quality: Quality = VALID,
        status: "Status.ValueType" = STATUS_ACTUAL,
        location: Location | None = None,
        format_version: str = "",
        classification: "Classification.ValueType | None" = None,
    ) -> Record:
        """Return a record that lacks only its body.

        Args:
            kind: For example ``water.level``.
            entity: The thing described, any text.
            observed_at: When the world was so, UTC.
            raw: The message's exact bytes.
            source_message_id: The source's own id of the message.
            sent_at: When the source says it sent it, UTC.
            expires_at: When it stops being true, UTC.
            quality: How far it may be trusted.
            status: Whether it is real.
            location: Where the thing is; its district defaults to the feed's.
            format_version: The format's version, as the source stated it.
            classification: How far it may travel; defaults to the feed's.

        Raises:
            Untranslatable: The entity is empty, or has a control character.
        """
        if classification is None:
            classification = self._classification
        record = Record.FromString(self._constant((status, classification, format_version)))
        record.name = name_for(self.feed.agency, kind, entity)
        record.quality.CopyFrom(quality)
        moment_of(observed_at).write(record.observed_at)
        moment_of(self.now()).write(record.received_at)
        if expires_at is not None:
            moment_of(expires_at).write(record.expires_at)
        if location is not None:
            record.location.MergeFrom(location)
        origin = record.provenance
        origin.source_message_id = source_message_id
        origin.raw_sha256 = self._digest(raw)
        if sent_at is not None:
            moment_of(sent_at).write(origin.sent_at)
        return record

    def _digest(self, raw: bytes) -> bytes:
        """Return the SHA-256 of bytes; the records of one document have the same ones."""
        last = self._digested
        if raw is not last[0]:
            last = self._digested = (raw, hashlib.sha256(raw).digest())
        return last[1]

    def _constant(self, stated: _Stated) -> bytes:
        """Return what records with these words have in common, encoded."""
        known = self._constants.get(stated)
        if known is None:
            status, classification, format_version = stated
            record = Record(status=status, classification=classification)
            if self.feed.district:
                record.location.district = self.feed.district
            origin = record.provenance
            origin.feed = self.feed.id
            origin.adapter = self.name
            origin.adapter_version = self.version
            origin.format_version = format_version
            if len(self._constants) >= _REMEMBERED:
                self._constants.clear()
            known = self._constants[stated] = record.SerializeToString()
        return known
