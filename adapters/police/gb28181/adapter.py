"""The adapter for notifications of video surveillance."""

from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import ClassVar, Final
from xml.sax.saxutils import escape

import msgspec

from adapters.police.gb28181.alarm import alarm_time, device_of, is_alarm, to_incident
from adapters.police.gb28181.decoder import ManscdpDecoder
from adapters.police.gb28181.document import Notification
from adapters.police.gb28181.options import Gb28181Options
from adapters.police.gb28181.passwords import Passwords, PasswordsUnfit, read_passwords
from adapters.police.gb28181.place import to_location
from adapters.police.gb28181.registrar import Registrar, Verdict, expires_of
from adapters.police.gb28181.report import to_report
from adapters.police.gb28181.response import ALLOW, FORBIDDEN, OK, response
from adapters.police.gb28181.sip import SipHead, begins
from adapters.police.gb28181.subscriptions import Subscriptions
from adapters.sdk.adapter import VALID, Adapter, Outcome, Translated
from adapters.sdk.clock import moment_of
from adapters.sdk.errors import FeedMisconfigured, Untranslatable
from adapters.sdk.feed import FeedConfig
from adapters.sdk.limits import fit, longest
from adapters.sdk.times import in_utc
from liandong.quantity.v1.quantity_pb2 import QUALITY_LEVEL_SUSPECT, Quality
from liandong.record.v1.record_pb2 import Provenance, Record

ALARM: Final = "incident.report"
REPORT: Final = "station.report"
_NOTE: Final = 512
_DIGEST: Final = 16
_NUMBER: Final = longest(Provenance, "source_message_id")


class Gb28181(Adapter[Notification, Gb28181Options]):
    """Alarms and other notifications as GB/T 28181 devices and platforms send them.

    An alarm becomes the record ``<agency>/incident.report/<device>-<time>-<way>.<type>``,
    all else ``<agency>/station.report/<device>``. SIP requests are answered as the upper
    platform does that they were sent to.
    """

    name: ClassVar[str] = "police/gb28181"
    options_type: ClassVar[type[msgspec.Struct]] = Gb28181Options

    def __init__(self, feed: FeedConfig, options: Gb28181Options) -> None:
        super().__init__(feed, options)
        self._registrar = Registrar(Passwords())
        self._subscriptions = Subscriptions(options.subscribe)

    def prepare(self, home: Path) -> None:
        """Read the passwords by which devices register.

        Raises:
            FeedMisconfigured: If a file of them cannot be read or holds none.
        """
        try:
            passwords = read_passwords(
                home, self.options.password_file, self.options.passwords_file
            )
        except PasswordsUnfit as error:
            remedy = "write the password of all in `password_file`, or one for each device in "
            remedy += "`passwords_file`, that only this feed's user can read"
            raise FeedMisconfigured(self.feed.id, str(error), remedy) from error
        self._registrar = Registrar(passwords)

    def decoder(self) -> ManscdpDecoder:
        """Return a decoder for one file or HTTP request."""
        return self.decoder_for("")

    def decoder_for(self, peer: str) -> ManscdpDecoder:
        """Return a decoder for one connection or datagram."""
        return ManscdpDecoder(self.options.max_document_bytes, peer)

    def translate(self, message: Notification) -> Iterator[Translated]:
        """Yield the alarm or the report.

        Raises:
            Untranslatable: It names no device, an alarm no time, or its sender would have had
                to register first.
        """
        doubts: list[str] = []
        if message.sip is not None and message.root == "REGISTER":
            message = self._register(message, message.sip)
        else:
            message = self._admit(message)
        record, said_at, is_within = (
            self._alarm(message, doubts) if is_alarm(message) else self._report(message)
        )
        place = to_location(message, record.location, self.options, doubts)
        record.location.CopyFrom(place)
        if doubts:
            note = "; ".join(doubts)[:_NOTE]
            record.quality.CopyFrom(Quality(level=QUALITY_LEVEL_SUSPECT, note=note))
        number = record.provenance.source_message_id
        is_within = is_within and fit((number,), _NUMBER)
        shape = (record.WhichOneof("body"), place.district, place.address) if is_within else None
        yield Translated(record, _identity(message, record, said_at), shape)

    def answer(self, message: Notification, outcome: Outcome) -> bytes:
        """Return a SIP request's final response, or an alarm's acknowledgement (A.2.6.3).

        The acknowledgement of an alarm in a SIP request would be a request of our own.
        """
        del outcome
        sip = message.sip
        if sip is not None:
            return self._respond(message, sip)
        if not is_alarm(message) or not message.get("SN"):
            return b""
        lines = (
            '<?xml version="1.0" encoding="GB2312"?>',
            "<Response>",
            "<CmdType>Alarm</CmdType>",
            f"<SN>{escape(message.get('SN'))}</SN>",
            f"<DeviceID>{escape(message.get('DeviceID'))}</DeviceID>",
            "<Result>OK</Result>",
            "</Response>",
            "",
        )
        return "\r\n".join(lines).encode("gb18030")

    def datagrams(self, answer: bytes) -> tuple[bytes, ...]:
        """Return a response, and what is asked of the device behind it."""
        head, end, behind = answer.partition(b"\r\n\r\n")
        return (head + end, behind) if begins(behind) else (answer,)

    def _respond(self, message: Notification, sip: SipHead) -> bytes:
        """Return the final response to a request, and what is asked of its sender."""
        now = self.now()
        if message.root == "OPTIONS":
            return response(sip, OK, ALLOW, ("Accept", "Application/MANSCDP+xml"))
        if message.root == "REGISTER":
            is_good = self._registrar.judge(sip, now) is Verdict.ACCEPTED
            answer = self._registrar.answer(sip, now.astimezone(self.zone))
        else:
            is_good = not self._registrar.wrong_with(sip, message.peer, now)
            answer = response(sip, OK if is_good else FORBIDDEN)
        return answer + self._subscriptions.ask(sip, now) if is_good and answer else answer

    def _register(self, message: Notification, sip: SipHead) -> Notification:
        """Judge a registration; return it, about the feed itself where nobody has proved it.

        Raises:
            Untranslatable: The password is wrong, or there is none for the device.
        """
        now = self.now()
        verdict = self._registrar.judge(sip, now)
        if verdict is Verdict.REFUSED:
            raise Untranslatable(
                "To",
                sip.party("to"),
                expected="a device that has a password here, and whose Authorization proves that "
                "it knows it",
                cause="login",
                remedy="enter the feed's password at the device, or its number in passwords_file",
            )
        if verdict is Verdict.ACCEPTED:
            self._registrar.note(sip, now)
            seconds = expires_of(sip)
            if seconds:
                self._subscriptions.begin(sip, now)
            else:
                self._subscriptions.end(sip.party("to"))
            fields = message.fields | {"Expires": str(seconds)}
            return msgspec.structs.replace(message, fields=fields)
        return self._strange(message, "asked for its password")

    def _admit(self, message: Notification) -> Notification:
        """Return a message whose sender may speak, or what it says of nobody but the feed.

        Raises:
            Untranslatable: Its sender would have had to register first.
        """
        if message.is_document:
            self._registrar.require(message.sip, message.peer, self.now())
        elif self._registrar.wrong_with(message.sip, message.peer, self.now()):
            return self._strange(message, "not registered")
        if message.sip is not None:
            self._subscriptions.hear(message.sip, self.now())
        return message

    def _strange(self, message: Notification, said: str) -> Notification:
        """Return a SIP message as one about the feed: its sender has not shown who it is."""
        claimed = {"Claimed": message.get("DeviceID"), "Result": said, "DeviceID": self.feed.id}
        return msgspec.structs.replace(message, fields=message.fields | claimed)

    def _alarm(self, message: Notification, doubts: list[str]) -> tuple[Record, datetime, bool]:
        """Return an alarm's record without its place, and whether its texts are short enough."""
        body, is_within = to_incident(message, doubts)
        raised_at = in_utc("AlarmTime", alarm_time(message), self.zone, self.now())
        moment_of(raised_at).write(body.occurred_at)
        record = self._about(message, ALARM, body.number, raised_at)
        record.incident.CopyFrom(body)
        return record, raised_at, is_within

    def _report(self, message: Notification) -> tuple[Record, datetime, bool]:
        """Return a report's record without its place, and whether its texts are short enough.

        Its time is that of its arrival, for a device that lives says so in the same words
        each time.
        """
        device = device_of(message)
        now = self.now()
        record = self._about(message, REPORT, device, now)
        body, is_within = to_report(message, device)
        record.station_report.CopyFrom(body)
        return record, now, is_within

    def _about(self, message: Notification, kind: str, entity: str, at: datetime) -> Record:
        """Return a record without its body."""
        return self.record(
            kind,
            entity,
            observed_at=at,
            raw=message.raw,
            source_message_id=message.get("SN"),
            quality=VALID,
        )


def _identity(message: Notification, record: Record, said_at: datetime) -> str:
    """Return what makes a message unique at its source.

    An alarm sent again may come in a request of its own; whatever else comes in one is
    the same as long as that is.
    """
    number, sip = record.provenance.source_message_id, message.sip
    if sip is None:
        digest = record.provenance.raw_sha256
    else:
        digest = sha256(message.document if message.is_document else message.raw).digest()
    told = said_at.isoformat()
    if sip is not None and not record.HasField("incident"):
        told = "|".join((sip.get("call-id"), sip.get("cseq"), sip.get("via")))
    return f"{told}|{number}|{digest.hex()[:_DIGEST]}"
