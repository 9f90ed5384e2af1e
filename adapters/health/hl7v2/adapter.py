"""The adapter for HL7 version 2, from which no patient's identity comes out."""

import re
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import ClassVar, Final

import msgspec

from adapters.health.hl7v2.acknowledge import acknowledge, code_for, reject
from adapters.health.hl7v2.census import Census
from adapters.health.hl7v2.conceal import MASK, conceal, mark
from adapters.health.hl7v2.decoder import Hl7BlockDecoder, Hl7StreamDecoder
from adapters.health.hl7v2.events import ADT
from adapters.health.hl7v2.message import Hl7Message
from adapters.health.hl7v2.movements import movements
from adapters.health.hl7v2.observed import Stated, observed_at, whenever
from adapters.health.hl7v2.options import Hl7v2Options
from adapters.health.hl7v2.pseudonyms import Pseudonyms, random_key, read_key, read_or_make_key
from adapters.health.hl7v2.reports import report, tells_results
from adapters.health.hl7v2.timestamps import timestamp
from adapters.sdk.adapter import Adapter, Outcome, Translated
from adapters.sdk.errors import FeedMisconfigured, Untranslatable
from adapters.sdk.feed import FeedConfig
from adapters.sdk.message import Undecodable
from liandong.quantity.v1.quantity_pb2 import QUALITY_LEVEL_ESTIMATED, Quality
from liandong.record.v1.record_pb2 import (
    CLASSIFICATION_RESTRICTED,
    STATUS_ACTUAL,
    STATUS_EXERCISE,
    STATUS_TEST,
    Record,
)

MOVEMENT: Final = "health.movement"
FACILITY: Final = "health.facility"
REPORT: Final = "station.report"
DEFAULT_KEY: Final = Path("keys") / "pseudonyms.key"
_BLOCKS: Final = "mllp:"
# HL7 table 0103: production, training, debugging.
_STATUSES: Final = {"P": STATUS_ACTUAL, "": STATUS_ACTUAL, "T": STATUS_EXERCISE, "D": STATUS_TEST}
_TYPE: Final = re.compile(r"[A-Z0-9]{2,3}")
_VERSION: Final = re.compile(r"[0-9.]{1,8}")
_PROCESSING: Final = re.compile(r"[A-Z]{1,2}")
# Address and port, or a polled address; nothing that could be a patient's number.
_PEER: Final = re.compile(
    r"(\d{1,3}\.){3}\d{1,3}:\d{1,5}|[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:\d{1,5}|https?://[^\s?]+"
)
_STATION: Final = 64
_CONTROL_ID: Final = 199
_Shaped = tuple[Record, tuple[object, ...] | None]
_ESTIMATED: Final = "counted from movements, on top of the configured census"


class Hl7v2(Adapter[Hl7Message, Hl7v2Options]):
    """Messages of HL7 2.1 to 2.9, over MLLP, TCP or in files.

    ADT becomes the record ``<agency>/health.movement/<stay>``; the stay's name is a keyed
    digest of its visit number, and other records say nothing of a patient either. Where
    wards are configured, ``health.facility`` records count their beds. Every other message
    becomes a ``station.report`` of its sender.
    """

    name: ClassVar[str] = "health/hl7v2"
    options_type: ClassVar[type[msgspec.Struct]] = Hl7v2Options

    def __init__(self, feed: FeedConfig, options: Hl7v2Options) -> None:
        super().__init__(feed, options)
        # Until the home folder is known the key is nobody's, so that no digest can be undone.
        self._pseudonyms = Pseudonyms(random_key())
        self._census = Census(options.wards, options.census_at)

    def prepare(self, home: Path) -> None:
        """Read the key of the pseudonyms, or make one.

        Raises:
            FeedMisconfigured: If it cannot be read.
        """
        given = self.options.pseudonym_key_file
        path = home / (given or DEFAULT_KEY)
        try:
            key = read_key(path) if given else read_or_make_key(path)
        except (OSError, ValueError) as error:
            raise FeedMisconfigured(
                self.feed.id,
                f"the key of the pseudonyms cannot be read from {path} ({error})",
                "make one that only this feed's user can read: head -c 32 /dev/urandom | xxd -p",
            ) from error
        self._pseudonyms = Pseudonyms(key)

    def recalls(self) -> tuple[str, ...]:
        """Return the movements, where beds are counted from them."""
        return (MOVEMENT,) if self.options.wards else ()

    def recall(self, record: Record) -> None:
        """Count a movement again."""
        if record.status == STATUS_ACTUAL:
            at = record.observed_at.ToDatetime(UTC)
            self._census.count(record.health_movement, at)

    def decoder(self) -> Hl7StreamDecoder | Hl7BlockDecoder:
        """Return a decoder for one connection or file."""
        blocks = self.feed.source.startswith(_BLOCKS)
        kind = Hl7BlockDecoder if blocks else Hl7StreamDecoder
        return kind(self._refuse, self.options.max_message_bytes)

    def conceal(self, raw: bytes) -> bytes:
        """Return bytes without the patient."""
        return conceal(raw, self._pseudonyms)

    def conceal_source(self, source: str) -> str:
        """Return a peer's address as it is; a file's name may name a patient."""
        if _PEER.fullmatch(source):
            return source
        return f"file {self._pseudonyms.of('file', source)}"

    def answer(self, message: Hl7Message, outcome: Outcome) -> bytes:
        """Return the acknowledgement; an acknowledgement is not acknowledged."""
        if message.header(9) in {"ACK", "MCF"}:
            return b""
        good = outcome is not Outcome.QUARANTINED
        code = code_for(message.header(15), message.header(16), good=good)
        if not code:
            return b""
        sentence = "" if good else message.fault or "the bus's schema refused a value"
        return acknowledge(message, code, sentence, self.now())

    def translate(self, message: Hl7Message) -> Iterator[Translated]:
        """Yield the records that a message makes.

        Raises:
            Untranslatable: It lacks what a record needs.
        """
        try:
            digest = self._pseudonyms.of("message", message.raw)
            records = list(self._records(message, digest))
        except Untranslatable as error:
            message.fault = str(error)
            raise
        sender = f"{message.header(3)}|{message.header(4)}|{message.header(10)}"
        for record, shape in records:
            yield Translated(record, f"{sender}|{digest}", shape)

    def _refuse(self, refused: Undecodable, framed: bool) -> Undecodable:
        """Return what is no message with the answer that rejects it."""
        sentence = reject(refused.reason, self.now(), framed=framed)
        return Undecodable(refused.raw, refused.cause, refused.reason, sentence)

    def _records(self, message: Hl7Message, digest: str) -> Iterator[_Shaped]:
        """Yield the records, each with its shape."""
        kind = message.header(9)
        if not _TYPE.fullmatch(kind):
            raise Untranslatable(
                "MSH-9",
                kind and MASK,
                expected="a message type such as ADT^A01",
                cause="value" if kind else "missing",
            )
        if not message.header(10):
            raise Untranslatable("MSH-10", "", expected="a message control id", cause="missing")
        if kind == ADT:
            yield from self._movements(message, digest)
        else:
            yield self._report(message, digest), None

    def _movements(self, message: Hl7Message, digest: str) -> Iterator[_Shaped]:
        """Yield a message's movements, and the counts of the beds that they change."""
        stated = [*whenever(message, "EVN", 6), *whenever(message, "EVN", 2)]
        for body in movements(message, self._pseudonyms):
            record = self._about(message, digest, MOVEMENT, body.movement_id, stated)
            record.health_movement.CopyFrom(body)
            record.classification = max(record.classification, CLASSIFICATION_RESTRICTED)
            # Every text of it was cut, or matched, to what the schema takes.
            yield record, (MOVEMENT, body.type, record.status, record.quality.level)
            for beds in self._beds(record):
                yield beds, None

    def _beds(self, movement: Record) -> Iterator[Record]:
        """Yield the facilities whose counts a movement changes."""
        if movement.status != STATUS_ACTUAL or not self.options.wards:
            return
        at = movement.observed_at.ToDatetime(UTC)
        for facility in sorted(self._census.count(movement.health_movement, at)):
            record = Record()
            record.CopyFrom(movement)
            blank = self.record(FACILITY, facility, observed_at=at, raw=b"")
            record.name, record.classification = blank.name, blank.classification
            record.quality.CopyFrom(Quality(level=QUALITY_LEVEL_ESTIMATED, note=_ESTIMATED))
            body = record.health_facility
            body.facility_id = facility
            body.beds.extend(self._census.beds(facility))
            body.updated_at.CopyFrom(movement.observed_at)
            yield record

    def _report(self, message: Hl7Message, digest: str) -> Record:
        """Return the report that a message makes."""
        station = (message.header(4) or message.header(3) or self.feed.id)[:_STATION]
        body = report(message, station, self.options.notifiable)
        stated = [
            each
            for name, number in (("OBR", 22), ("EVN", 6), ("OBR", 7), ("EVN", 2))
            for each in whenever(message, name, number)
        ]
        record = self._about(message, digest, REPORT, station, stated)
        record.station_report.CopyFrom(body)
        if tells_results(body):
            record.classification = max(record.classification, CLASSIFICATION_RESTRICTED)
        return record

    def _about(
        self, message: Hl7Message, digest: str, kind: str, entity: str, stated: list[Stated]
    ) -> Record:
        """Return a record without body.

        Args:
            message: The message.
            digest: What stands for its bytes.
            kind: The record's kind.
            entity: What it is about.
            stated: Where the message may say when it happened: the best first.
        """
        processing = message.header(11)
        status = _STATUSES.get(processing.upper())
        if status is None:
            raise Untranslatable(
                "MSH-11",
                processing if _PROCESSING.fullmatch(processing) else MASK,
                expected="P, T or D (HL7 table 0103)",
            )
        observed, quality = observed_at(message, stated, self.zone, self.now())
        version = message.header(12)
        return self.record(
            kind,
            entity,
            observed_at=observed,
            raw=mark(digest),
            source_message_id=message.header(10)[:_CONTROL_ID],
            sent_at=timestamp(message.header(7), self.zone, self.now()),
            quality=quality,
            status=status,
            format_version=version if _VERSION.fullmatch(version) else "",
        )
