"""The JT/T 808 adapter: terminals in buses, coaches, taxis and trucks."""

import zlib
from collections.abc import Iterable, Iterator
from typing import ClassVar, Final

import msgspec

from adapters.sdk.adapter import Adapter, Outcome, Translated
from adapters.sdk.clock import Clock
from adapters.sdk.errors import Untranslatable
from adapters.sdk.feed import FeedConfig
from adapters.transport.fields import Pair, attributes
from adapters.transport.jt808 import messages
from adapters.transport.jt808.answers import (
    FAILURE,
    SUCCESS,
    UNSUPPORTED,
    WRONG,
    Answers,
    code_for,
)
from adapters.transport.jt808.batch import items_of
from adapters.transport.jt808.frame import Frame, Jt808Decoder
from adapters.transport.jt808.location import SIZE, read_position, time_of
from adapters.transport.jt808.options import Jt808Options, Vehicle
from adapters.transport.jt808.packets import Packets, first_serial
from adapters.transport.vehicles import KIND as VEHICLE
from adapters.transport.vehicles import Vehicles
from liandong.place.v1 import place_pb2 as place
from liandong.quantity.v1 import quantity_pb2 as quantity
from liandong.record.v1 import record_pb2 as records
from liandong.traffic.v1 import traffic_pb2 as traffic

REPORT: Final = "station.report"
_MEDIA_HEAD: Final = 8
_NOBODY: Final = Vehicle()


class Jt808(Adapter[Frame, Jt808Options]):
    """Receives JT/T 808 of 2011, 2013 and 2019 and shares what it says.

    Positions become ``traffic.vehicle``, everything else a ``station.report``; the entity
    is the terminal's phone number without the zeros in front that fill it up, so a terminal
    stays the same when it moves to the longer number of 2019. Times are the terminal's, in
    the feed's zone, which the standard fixes as GMT+8.

    A packet of a split message is a report as it comes; the packet that completes it gives
    the records of the whole beside its own.
    """

    name: ClassVar[str] = "transport/jt808"
    options_type: ClassVar[type[msgspec.Struct]] = Jt808Options
    one_connection_per_entity: ClassVar[bool] = True

    def __init__(self, feed: FeedConfig, options: Jt808Options) -> None:
        super().__init__(feed, options)
        self._clock = Clock(self.zone, self.now)
        self._vehicles = Vehicles(
            self, self._clock, options.coordinates, self._identify, self._place
        )
        self._packets = Packets(options.open_messages, options.longest_message)
        self._answers = Answers()

    def decoder(self) -> Jt808Decoder:
        """Return a decoder for one connection or file."""
        return Jt808Decoder()

    def translate(self, message: Frame) -> Iterable[Translated]:
        """Return the frame's records.

        Raises:
            Untranslatable: It comes from a platform, is encrypted, its body is shorter than
                its layout, or its packet number cannot be.
        """
        if message.id >= messages.FROM_PLATFORM:
            raise Untranslatable(
                "message ID",
                f"{message.id:04X}",
                expected="a message that terminals send; from 8000 on they are a platform's",
                cause="direction",
            )
        if message.encryption:
            raise Untranslatable(
                "encryption",
                "RSA" if message.encryption == 1 else f"{message.encryption:03b}",
                expected="a body in plain text",
                cause="encrypted",
                remedy="let the terminal send in plain text over a protected line",
            )
        if not message.split:
            return self._records(message)
        self._packets.add(message)
        whole = self._packets.whole(message)
        packet = self._packet(message)
        return [packet, *self._records(whole)] if whole is not None else [packet]

    def answer(self, message: Frame, outcome: Outcome) -> bytes:
        """Return the answer: 8100 to a registration, 8004 to a question for the time, else 8001.

        What a terminal replies with is not answered, nor what is a platform's. A message in
        quarantine is safe and is not to be sent again: result 2 (wrong) or, for what is
        encrypted, 3 (unsupported). The last packet of a split message that has gaps is
        answered with 8003 too; multimedia that is complete with 8800.
        """
        if message.id >= messages.FROM_PLATFORM or message.id in messages.UNANSWERED:
            return b""
        if message.id == messages.REGISTRATION and not message.split:
            return self._answers.registered(message, self._code(message.phone))
        if outcome is Outcome.QUARANTINED:
            return self._answers.general(message, UNSUPPORTED if message.encryption else WRONG)
        if message.id == messages.TIME_REQUEST:
            return self._answers.time(message, self.now())
        if message.id == messages.AUTHENTICATION and not message.split:
            return self._answers.general(message, SUCCESS if self._admits(message) else FAILURE)
        return self._answers.general(message, SUCCESS) + self._follow_up(message)

    def _follow_up(self, message: Frame) -> bytes:
        """Return what is sent beside the general answer."""
        whole = self._packets.whole(message) if message.split else message
        if whole is None:
            missing = self._packets.missing(message) if message.index == message.total else []
            return self._answers.resend(message, first_serial(message), missing) if missing else b""
        if message.id == messages.MEDIA:
            return self._answers.media_complete(message, whole.body[:4])
        return b""

    def _code(self, phone: str) -> str:
        return code_for(self.feed.id, phone)

    def _admits(self, message: Frame) -> bool:
        """Tell whether an authentication succeeds."""
        if self.options.authentication == "any":
            return True
        return messages.code_of(message) == self._code(message.phone)

    def _records(self, frame: Frame) -> list[Translated]:
        """Return the records of a message that is whole."""
        if frame.id == messages.LOCATION:
            return [self._vehicle(frame, frame.body)]
        if frame.id in messages.LOCATION_ANSWERS:
            serial = str(int.from_bytes(frame.body[:2], "big"))
            return [self._vehicle(frame, frame.body[2:], beside=("reply_serial", serial))]
        if frame.id == messages.BATCH:
            return list(self._batch(frame))
        if frame.id == messages.MEDIA:
            return list(self._media(frame))
        pairs = messages.read_body(frame)
        if frame.id == messages.AUTHENTICATION:
            issued = messages.code_of(frame) == self._code(frame.phone)
            # A code is a credential: whether it is the issued one is shared, the code is not.
            pairs = [pair for pair in pairs if pair[0] not in {"code", "code_hex"}]
            pairs.append(("code_issued", str(issued).lower()))
        return [self._report(frame, pairs)]

    def _batch(self, frame: Frame) -> Iterator[Translated]:
        """Yield the records of a batch (0704); an item without a possible time is a report.

        A position that cannot be dated by itself must not be dated by its arrival: it is a
        back-fill, and would replace a newer one. What is too short for a position is a report
        too, and so is a batch that holds more or less than it says.
        """
        batch = items_of(frame.body)
        for part, item in enumerate(batch.items):
            is_short = len(item) < SIZE
            if is_short or self._vehicles.when(time_of(item)) is None:
                lack = f"has not {SIZE} bytes" if is_short else "has no possible time"
                note = f"The position {lack}; its bytes are kept."
                quality = quantity.Quality(level=quantity.QUALITY_LEVEL_INVALID, note=note)
                content = [("type", str(batch.type)), ("content", item.hex().upper())]
                yield self._report(frame, content, part, quality)
            else:
                yield self._vehicle(frame, item, part, ("batch_type", str(batch.type)))
        if batch.trailing or batch.announced != len(batch.items) or not batch.items:
            content = [("type", str(batch.type)), ("trailing", batch.trailing.hex().upper())]
            if batch.announced != len(batch.items):
                content.append(("count", f"{batch.announced}, and {len(batch.items)} came"))
            yield self._report(frame, content, len(batch.items))

    def _media(self, frame: Frame) -> Iterator[Translated]:
        """Yield the records of multimedia (0801): where it was taken, and itself.

        The 28 bytes of a position before the content are there since 2013; that they hold a
        possible time tells them from content.
        """
        where = frame.body[_MEDIA_HEAD : _MEDIA_HEAD + SIZE]
        pairs = messages.read_body(frame)
        if len(where) == SIZE and self._vehicles.when(time_of(where)) is not None:
            yield self._vehicle(frame, where)
            content = frame.body[_MEDIA_HEAD + SIZE :].hex().upper()
            pairs = [(key, content if key == "content" else value) for key, value in pairs]
        yield self._report(frame, pairs, 1)

    def _vehicle(
        self, frame: Frame, body: bytes, part: int = 0, beside: Pair | None = None
    ) -> Translated:
        """Return the record of a position, and of what its message said beside it."""
        seen = read_position(body)
        if beside is not None:
            seen.vehicle.attributes.add(key=beside[0], value=beside[1])
        address = (VEHICLE, frame.phone, frame.edition)
        number = f"{frame.id:04X}-{frame.serial}"
        record = self._vehicles.record(address, seen, raw=frame.raw, number=number)
        return Translated(record, _message_id(frame, part), address)

    def _packet(self, frame: Frame) -> Translated:
        """Return the record of a packet by itself."""
        place_in_it = f"{frame.index}/{frame.total}"
        return self._report(frame, [("packet", place_in_it), ("content", frame.body.hex().upper())])

    def _report(
        self,
        frame: Frame,
        pairs: Iterable[Pair],
        part: int = 0,
        quality: quantity.Quality | None = None,
    ) -> Translated:
        """Return a record of what a terminal says of itself; it is dated by its arrival."""
        personal = frame.id == messages.DRIVER
        record = self.record(
            REPORT,
            frame.phone,
            observed_at=self.now(),
            raw=frame.raw,
            source_message_id=f"{frame.id:04X}-{frame.serial}",
            quality=quality or quantity.Quality(level=quantity.QUALITY_LEVEL_VALID),
            location=self._place(frame.phone),
            format_version=frame.edition,
            classification=records.CLASSIFICATION_CONFIDENTIAL if personal else None,
        )
        report = record.station_report
        report.station_id = frame.phone
        report.type = messages.kind_of(frame.id).type
        report.function = f"{frame.id:04X}"
        report.attributes.extend(attributes(pairs))
        return Translated(record, _message_id(frame, part))

    def _identify(self, phone: str) -> traffic.Vehicle:
        known = self.options.vehicles.get(phone, _NOBODY)
        return traffic.Vehicle(vehicle_id=phone, plate=known.plate, type=known.type)

    def _place(self, phone: str) -> place.Location:
        known = self.options.vehicles.get(phone, _NOBODY)
        return place.Location(district=known.district, address=known.title)


def _message_id(frame: Frame, part: int) -> str:
    """Return what makes a record's message one: a resend has the same serial and bytes."""
    check = zlib.crc32(frame.raw)
    return f"{frame.phone}|{frame.id:04X}|{frame.serial}|{check:x}|{part}"
