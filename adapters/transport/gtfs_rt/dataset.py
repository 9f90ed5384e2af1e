"""Take a FeedMessage apart: a message for each entity, and one for the dataset itself.

GTFS-Realtime 2.0 (MobilityData). An entity that cannot be used must not cost the others,
so each is settled by itself; the dataset comes last and says what was not in it any more.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from google.protobuf.message import DecodeError, Message
from google.transit import gtfs_realtime_pb2 as gtfs

from adapters.sdk.message import Undecodable
from adapters.sdk.whole import WholeFile
from adapters.transport.gtfs_rt.utf8 import holds_text
from broker.varint import varint

MAX_BYTES: Final = 32 << 20
_ENTITY: Final = bytes((gtfs.FeedMessage.ENTITY_FIELD_NUMBER << 3 | 2,))
_MISSING_SHOWN: Final = 5
_NO_TEXT: Final = "not UTF-8; expected UTF-8, as Protobuf demands"
_HEAD: Final = 256
_ASK: Final = "ask the source for the other form (.pb; Accept: application/x-protobuf)"
_OTHERS: Final = (
    (re.compile(rb"[{\[]"), f"JSON: {_ASK}"),
    (re.compile(rb"(?:header|entity)\s*[:{]|#"), f"Protobuf in its text form: {_ASK}"),
    (re.compile(rb"<"), "a web page or XML (SIRI is not read)"),
    (re.compile(rb"\x1f\x8b"), "compressed (gzip)"),
    (re.compile(rb"PK\x03\x04"), "an archive (a timetable of GTFS is not read)"),
)
Trip = tuple[str, str]


@dataclass(frozen=True, slots=True)
class GtfsEntity:
    """One entity.

    Attributes:
        raw: The entity in a FeedMessage of its own, the same as long as it is the same.
        entity: The entity.
        header: Its dataset's header.
        delay_s: What a trip update of the same dataset says of its vehicle's trip, seconds.
    """

    raw: bytes
    entity: gtfs.FeedEntity
    header: gtfs.FeedHeader
    delay_s: int | None = None


@dataclass(frozen=True, slots=True)
class GtfsDataset:
    """The dataset that came at once.

    Attributes:
        raw: Its header in a FeedMessage of its own.
        header: Its header.
        alerts: Ids of the alerts in it.
        counts: How many entities of each kind are in it.
    """

    raw: bytes
    header: gtfs.FeedHeader
    alerts: frozenset[str]
    counts: Mapping[str, int]

    @property
    def is_full(self) -> bool:
        """Return whether what is not in it is no more."""
        return self.header.incrementality == gtfs.FeedHeader.FULL_DATASET


Item = GtfsEntity | GtfsDataset | Undecodable


class GtfsRtDecoder:
    """Reads a FeedMessage of at most ``limit`` bytes; sans I/O, one per file or response."""

    def __init__(self, limit: int = MAX_BYTES) -> None:
        self._file = WholeFile(limit)

    def feed(self, data: bytes) -> list[Item]:
        """Collect a piece."""
        self._file.feed(data)
        return []

    def close(self) -> list[Item]:
        """Decode what came: its entities, then the dataset."""
        raw = self._file.take()
        return [raw] if isinstance(raw, Undecodable) else _decode(raw)


def _decode(raw: bytes) -> list[Item]:
    """Decode a whole message."""
    try:
        message = gtfs.FeedMessage.FromString(raw)
    except DecodeError as error:
        what = f"are {other}" if (other := _other(raw)) else f"cannot be read ({error})"
        reason = f"the bytes {what}; expected a FeedMessage of GTFS-Realtime in Protobuf, binary"
        return [Undecodable(raw, "protobuf", reason)]
    header = message.header
    if not message.HasField("header") or not header.IsInitialized():
        reason = "the FeedMessage has no header with gtfs_realtime_version; expected one"
        return [Undecodable(raw, "header", reason)]
    own = gtfs.FeedMessage(header=header).SerializeToString(deterministic=True)
    is_checked = holds_text(raw)
    if not (is_checked or _is_text(header)):
        return [Undecodable(own, "encoding", f"a text of the header is {_NO_TEXT}")]
    readable = [entity for entity in message.entity if is_checked or _is_text(entity)]
    alone = gtfs.FeedMessage(
        header=gtfs.FeedHeader(gtfs_realtime_version=header.gtfs_realtime_version)
    ).SerializeToString(deterministic=True)
    delays = _delays(readable)
    items = [
        _item(entity, alone, header, delays, is_text=is_checked or _is_text(entity))
        for entity in message.entity
    ]
    counts = Counter(
        field.name
        for entity in message.entity
        for field, _ in entity.ListFields()
        if field.message_type is not None
    )
    alerts = frozenset(
        entity.id for entity in readable if entity.HasField("alert") and not entity.is_deleted
    )
    return [*items, GtfsDataset(own, header, alerts, counts)]


def _other(raw: bytes) -> str:
    """Say what the bytes are that are no Protobuf, and what to do; empty: nobody knows."""
    head = raw[:_HEAD].removeprefix(b"\xef\xbb\xbf").lstrip()
    return next((what for shape, what in _OTHERS if shape.match(head)), "")


def _item(
    entity: gtfs.FeedEntity,
    alone: bytes,
    header: gtfs.FeedHeader,
    delays: Mapping[Trip, int],
    *,
    is_text: bool,
) -> Item:
    """Return an entity as a message, if it has what the format demands."""
    # Partial: of an entity that lacks what is required, the quarantine holds what there is.
    own = entity.SerializePartialToString(deterministic=True)
    raw = b"".join((alone, _ENTITY, varint(len(own)), own))
    if not entity.IsInitialized():
        # The stubs do not know this method.
        lacking: list[str] = entity.FindInitializationErrors()  # type: ignore[attr-defined]
        missing = ", ".join(lacking[:_MISSING_SHOWN])
        reason = f"an entity lacks what GTFS-Realtime requires: {missing}; expected it"
        return Undecodable(raw, "missing", reason)
    if not is_text:
        return Undecodable(raw, "encoding", f"a text of an entity is {_NO_TEXT}")
    return GtfsEntity(raw, entity, header, delays.get(_trip(entity.vehicle.trip)))


def _is_text(message: Message) -> bool:
    """Tell whether all texts of a message are UTF-8, which proto2 does not check.

    The bindings give bytes for one that is not; the format has no fields of bytes.
    """
    for field, value in message.ListFields():
        parts = value if field.is_repeated else (value,)
        if field.message_type is not None:
            if not all(map(_is_text, parts)):
                return False
        elif any(isinstance(part, bytes) for part in parts):
            return False
    return True


def _delays(entities: Iterable[gtfs.FeedEntity]) -> dict[Trip, int]:
    """Return the delays of trips that a dataset tells, seconds."""
    delays = {}
    for entity in entities:
        delay = delay_of(entity.trip_update)
        if entity.trip_update.trip.trip_id and delay is not None:
            delays[_trip(entity.trip_update.trip)] = delay
    return delays


def delay_of(update: gtfs.TripUpdate) -> int | None:
    """Return a trip's delay in seconds: its own, or that at its next stop."""
    if update.HasField("delay"):
        return update.delay
    for stop in update.stop_time_update:
        for event in (stop.arrival, stop.departure):
            if event.HasField("delay"):
                return event.delay
    return None


def _trip(trip: gtfs.TripDescriptor) -> Trip:
    """Return what tells trips apart: id and day of service."""
    return trip.trip_id, trip.start_date
