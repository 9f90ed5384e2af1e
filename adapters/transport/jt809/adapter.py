"""The JT/T 809 adapter: the platforms of fleet operators and of other cities."""

import zlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import ClassVar, Final

import msgspec

from adapters.sdk.adapter import Adapter, Outcome, Translated
from adapters.sdk.clock import Clock, Moment
from adapters.sdk.errors import Untranslatable
from adapters.sdk.feed import FeedConfig
from adapters.sdk.times import AHEAD, EARLIEST
from adapters.transport.fields import Pair, attributes
from adapters.transport.jt809 import messages
from adapters.transport.jt809.answers import (
    ADMITTED,
    OTHER,
    UNKNOWN_USER,
    WRONG_ACCESS_CODE,
    WRONG_PASSWORD,
    Answers,
    verification_code,
)
from adapters.transport.jt809.frame import LOGIN, LOGOUT, Frame, Jt809Decoder
from adapters.transport.jt809.options import Jt809Options
from adapters.transport.jt809.positions import read_batch, read_one
from adapters.transport.jt809.submessage import Submessage, entity_of, submessage_of, vehicle_of
from adapters.transport.position import Position
from adapters.transport.vehicles import KIND as VEHICLE
from adapters.transport.vehicles import Vehicles
from liandong.place.v1 import place_pb2 as place
from liandong.quantity.v1 import quantity_pb2 as quantity
from liandong.record.v1 import record_pb2 as records
from liandong.station.v1 import station_pb2
from liandong.traffic.v1 import traffic_pb2 as traffic

REPORT: Final = "station.report"
_VALID: Final = quantity.Quality(level=quantity.QUALITY_LEVEL_VALID)
_CREDENTIALS: Final = 12


class Jt809(Adapter[Frame, Jt809Options]):
    """Is the superior platform on the main link of JT/T 809 of 2011 and 2019.

    Positions (1202, 1203) become ``traffic.vehicle``; the entity is the plate, a hyphen and
    the number of the plate's colour. Everything else becomes a ``station.report`` of the
    vehicle, or of the platform by its access code. Positions' times are in the feed's zone,
    which the standard fixes as GMT+8; those in headers and alarms are UTC.

    Only the main link is spoken: what the standard sends on the slave link, which the
    superior platform would open (orders, and the acknowledgement of 1203 by amount), is not.
    """

    name: ClassVar[str] = "transport/jt809"
    options_type: ClassVar[type[msgspec.Struct]] = Jt809Options

    def __init__(self, feed: FeedConfig, options: Jt809Options) -> None:
        super().__init__(feed, options)
        self._clock = Clock(self.zone, self.now)
        self._vehicles = Vehicles(self, self._clock, options.coordinates, _identify, _nowhere)
        self._answers = Answers()
        self._admitted: set[int] = set()

    def decoder(self) -> Jt809Decoder:
        """Return a decoder for one connection or file."""
        return Jt809Decoder(self.options.longest_frame)

    def translate(self, message: Frame) -> Iterable[Translated]:
        """Return the frame's records.

        Raises:
            Untranslatable: It comes from a superior platform, is encrypted by unknown
                constants, its platform has not logged in although it must, its body fits
                no layout, or a plate is no GBK.
        """
        if message.type >= messages.FROM_SUPERIOR:
            raise Untranslatable(
                "type",
                f"{message.type:04X}",
                expected="a type that subordinate platforms send; from 8000 on they are a "
                "superior platform's",
                cause="direction",
            )
        if message.type != LOGIN:
            self._require_login(message)
        body = self._plain(message)
        if message.type == LOGIN:
            result = self._log_in(message, body)
            pairs = messages.read_message(LOGIN, body, owned=False)
            return [self._report(message, [*pairs, ("result", str(result))])]
        if message.type == LOGOUT:
            self._admitted.discard(message.access_code)
        sub = submessage_of(message.type, body)
        if sub is None:
            pairs = messages.read_message(message.type, body, owned=False)
            return [self._report(message, pairs)]
        if sub.type in {messages.REAL_TIME, messages.HISTORY} and sub.owner:
            return list(self._positions(message, sub))
        return [self._about(message, sub)]

    def answer(self, message: Frame, outcome: Outcome) -> bytes:
        """Return 1002 to a login, 1004 to a logout, 1006 to a link test; nothing else is answered.

        A login that went to quarantine is refused with result 6 (other).
        """
        now = int(self.now().timestamp())
        if message.type == LOGIN:
            code = verification_code(self.feed.id, message.access_code)
            if outcome is Outcome.QUARANTINED:
                return self._answers.login(message, now, OTHER, 0)
            result = self._judge(message, self._plain(message))
            return self._answers.login(message, now, result, 0 if result else code)
        if message.type == LOGOUT:
            return self._answers.logout(message, now)
        if message.type == messages.LINK_TEST:
            return self._answers.link_test(message, now)
        return b""

    def _plain(self, frame: Frame) -> bytes:
        """Return a frame's body, decrypted."""
        if frame.key is None:
            return frame.body
        cipher = self.options.ciphers.get(str(frame.access_code))
        if cipher is None:
            raise Untranslatable(
                "encrypt flag",
                1,
                expected="a body in plain text, or known constants",
                cause="encrypted",
                remedy=f"add ciphers.{frame.access_code} with m1, ia1 and ic1 to the options",
            )
        return cipher.apply(frame.body, frame.key)

    def _judge(self, frame: Frame, body: bytes) -> int:
        """Return the result of a login: user, then password, are its first 12 bytes."""
        if not self.options.logins:
            return ADMITTED
        login = self.options.logins.get(str(frame.access_code))
        if login is None:
            return WRONG_ACCESS_CODE
        if int.from_bytes(body[:4], "big") != login.user:
            return UNKNOWN_USER
        password = body[4:_CREDENTIALS].rstrip(b"\x00")
        return ADMITTED if login.has_password(password) else WRONG_PASSWORD

    def _log_in(self, frame: Frame, body: bytes) -> int:
        """Admit a platform, or no longer; return the result of its login."""
        result = self._judge(frame, body)
        if result == ADMITTED:
            self._admitted.add(frame.access_code)
        else:
            self._admitted.discard(frame.access_code)
        return result

    def _require_login(self, frame: Frame) -> None:
        # Of what is tried again, those whose platform had not logged in are kept back already.
        is_admitted = self.tries_again or frame.access_code in self._admitted
        if self.options.logins and not is_admitted:
            raise Untranslatable(
                "access code",
                frame.access_code,
                expected="a platform that has logged in with the right user and password",
                cause="login",
                remedy="let it log in (1001) first, or add it to logins in the options",
            )

    def _positions(self, frame: Frame, sub: Submessage) -> Iterator[Translated]:
        """Yield the records of positions; a late one without a possible time is a report."""
        entity = entity_of(*vehicle_of(sub.owner))
        if sub.type == messages.REAL_TIME:
            yield self._vehicle(frame, entity, read_one(sub.data), 0)
            return
        batch = read_batch(sub.data)
        for part, seen in enumerate(batch.items):
            if self._vehicles.when(seen.time) is not None:
                yield self._vehicle(frame, entity, seen, part)
                continue
            note = f"Position {part + 1} has no possible time; the message's data is kept."
            quality = quantity.Quality(level=quantity.QUALITY_LEVEL_INVALID, note=note)
            content = [("content", sub.data.hex().upper())]
            yield self._report(frame, content, entity, sub.type, part, quality=quality)
        if batch.trailing or not batch.items or len(batch.items) < batch.announced:
            content = [
                ("announced", str(batch.announced)),
                ("trailing", batch.trailing.hex().upper()),
            ]
            yield self._report(frame, content, entity, sub.type, len(batch.items))

    def _vehicle(self, frame: Frame, entity: str, seen: Position, part: int) -> Translated:
        address = (VEHICLE, entity, frame.edition)
        sent = self._sent(frame)
        record = self._vehicles.record(
            address,
            seen,
            raw=frame.raw,
            number=f"{frame.access_code}-{frame.serial}",
            sent=Moment(int(sent.timestamp()), 0) if sent else None,
        )
        return Translated(record, _message_id(frame, part), address)

    def _about(self, frame: Frame, sub: Submessage) -> Translated:
        """Return the report of a sub-message, of its vehicle where it names one."""
        pairs = messages.read_message(sub.type, sub.data, owned=bool(sub.owner))
        said = dict(pairs)
        entity = ""
        if sub.owner.strip(b"\x00"):
            entity = entity_of(*vehicle_of(sub.owner))
        elif said.get("plate"):
            entity = entity_of(said["plate"], int(said["plate_color"]))
        alarm = said.get("alarm_time", "0")
        return self._report(frame, pairs, entity, sub.type, observed=self._utc(int(alarm)))

    def _report(
        self,
        frame: Frame,
        pairs: Iterable[Pair],
        entity: str = "",
        subtype: int = 0,
        part: int = 0,
        *,
        observed: datetime | None = None,
        quality: quantity.Quality = _VALID,
    ) -> Translated:
        """Return a report, of the platform unless an entity is given."""
        station = entity or str(frame.access_code)
        function = subtype or frame.type
        personal = function in messages.DRIVERS
        record = self.record(
            REPORT,
            station,
            observed_at=observed or self.now(),
            raw=frame.raw,
            source_message_id=f"{frame.access_code}-{frame.serial}",
            sent_at=self._sent(frame),
            quality=quality,
            format_version=frame.edition,
            classification=records.CLASSIFICATION_CONFIDENTIAL if personal else None,
        )
        report = record.station_report
        report.station_id = station
        report.type = messages.TYPES.get(function, station_pb2.REPORT_TYPE_UNSPECIFIED)
        report.function = f"{function:04X}"
        report.attributes.extend(attributes(pairs))
        return Translated(record, _message_id(frame, part))

    def _sent(self, frame: Frame) -> datetime | None:
        return self._utc(frame.sent)

    def _utc(self, seconds: int) -> datetime | None:
        """Return a time in UTC seconds, or None when it cannot be."""
        if not EARLIEST.timestamp() <= seconds <= (self.now() + AHEAD).timestamp():
            return None
        return datetime.fromtimestamp(seconds, EARLIEST.tzinfo)


def _identify(entity: str) -> traffic.Vehicle:
    plate, _, _ = entity.rpartition("-")
    return traffic.Vehicle(vehicle_id=entity, plate=plate)


def _nowhere(_: str) -> place.Location:
    return place.Location()


def _message_id(frame: Frame, part: int) -> str:
    """Return what makes a record's message one: a resend has the same serial and bytes."""
    check = zlib.crc32(frame.raw)
    return f"{frame.access_code}|{frame.type:04X}|{frame.serial}|{check:x}|{part}"
