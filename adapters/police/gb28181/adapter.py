"""The adapter for notifications of video surveillance."""

from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from typing import ClassVar, Final
from xml.sax.saxutils import escape

import msgspec

from adapters.police.gb28181.alarm import alarm_time, device_of, is_alarm, to_incident
from adapters.police.gb28181.document import ManscdpDecoder, Notification
from adapters.police.gb28181.options import Gb28181Options
from adapters.police.gb28181.place import to_location
from adapters.police.gb28181.report import to_report
from adapters.police.gb28181.sip import response
from adapters.sdk.adapter import VALID, Adapter, Outcome, Translated
from adapters.sdk.clock import moment_of
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
    all else ``<agency>/station.report/<device>``.
    """

    name: ClassVar[str] = "police/gb28181"
    options_type: ClassVar[type[msgspec.Struct]] = Gb28181Options

    def decoder(self) -> ManscdpDecoder:
        """Return a decoder for one connection, file or request."""
        return ManscdpDecoder(self.options.max_document_bytes)

    def translate(self, message: Notification) -> Iterator[Translated]:
        """Yield the alarm or the report.

        Raises:
            Untranslatable: It names no device, or an alarm no time.
        """
        doubts: list[str] = []
        record, said_at, is_within = (
            self._alarm(message, doubts) if is_alarm(message) else self._report(message)
        )
        place = to_location(message, record.location, self.options, doubts)
        record.location.CopyFrom(place)
        if doubts:
            note = "; ".join(doubts)[:_NOTE]
            record.quality.CopyFrom(Quality(level=QUALITY_LEVEL_SUSPECT, note=note))
        number = record.provenance.source_message_id
        # A document sent again comes in a request of its own.
        document = message.raw[len(message.sip) :]
        told = record.provenance.raw_sha256 if not message.sip else sha256(document).digest()
        digest = told.hex()[:_DIGEST]
        is_within = is_within and fit((number,), _NUMBER)
        shape = (record.WhichOneof("body"), place.district, place.address) if is_within else None
        yield Translated(record, f"{said_at.isoformat()}|{number}|{digest}", shape)

    def answer(self, message: Notification, outcome: Outcome) -> bytes:
        """Return the alarm's acknowledgement (A.2.6.3); nothing else has one of its own.

        What a SIP request carried is answered by its final response, whatever it is: the
        acknowledgement would be a request of the platform's own.
        """
        del outcome
        if message.sip:
            return response(message.sip, "200 OK")
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
