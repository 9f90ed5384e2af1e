"""The adapter of telemetry stations: SL 651-2014 frames to records of the water department."""

import zlib
from collections.abc import Iterable
from typing import ClassVar, Final

import msgspec

from adapters.sdk.adapter import Adapter, Outcome, Translated
from adapters.sdk.clock import Clock, moment_of
from adapters.sdk.envelope import Envelopes
from adapters.sdk.errors import Untranslatable
from adapters.sdk.feed import FeedConfig
from adapters.water.sl651 import codes
from adapters.water.sl651.answers import Answers
from adapters.water.sl651.decoder import Sl651Decoder
from adapters.water.sl651.frame import ACK, EOT, ESC, SENT, SERIAL, Frame
from adapters.water.sl651.long_way import LongWay
from adapters.water.sl651.moments import Moments
from adapters.water.sl651.multipacket import Reassembly
from adapters.water.sl651.options import UNKNOWN_SITE, Sl651Options
from adapters.water.sl651.short_way import ShortWay
from liandong.record.v1.record_pb2 import STATUS_ACTUAL, STATUS_TEST, Record

Address = tuple[str, str, bool]
"""Kind, station, whether it is a test."""

_LAST: Final = {"ACK": ACK, "EOT": EOT, "ESC": ESC}
_FIELDS: Final = {
    kind: kind.replace(".", "_")
    for kind in (
        "water.level",
        "water.rainfall",
        "water.quality",
        "water.picture",
        "station.report",
    )
}


class Sl651(Adapter[Frame, Sl651Options]):
    """Translates SL 651-2014: levels, rain, water quality, pictures, stations' reports.

    Takes both encodings, HEX/BCD and ASCII, and answers each in its own (clause 6.1.2).
    The entity is the station's address, 10 digits. A message makes a record of each kind
    for each time of observation; what observes nothing makes a ``station.report``.
    """

    name: ClassVar[str] = "water/sl651"
    options_type: ClassVar[type[msgspec.Struct]] = Sl651Options
    one_connection_per_entity: ClassVar[bool] = True

    def __init__(self, feed: FeedConfig, options: Sl651Options) -> None:
        super().__init__(feed, options)
        moments = Moments(Clock(self.zone, self.now), self.zone)
        self._short_way = ShortWay(options, moments)
        self._long_way = LongWay(options, moments)
        self._envelopes: Envelopes[Address] = Envelopes(self._blank)
        # Of a message in packets each is a datagram (M3 over UDP).
        self._packets = Reassembly() if feed.source.startswith("udp:") else None
        self._answers: Answers | None = None
        if options.mode != "M1":
            self._answers = Answers(self.now, self.zone, last=_LAST[options.last])

    def decoder(self) -> Sl651Decoder:
        """Return a decoder for one connection, or one datagram."""
        return Sl651Decoder(self._answers, self._packets)

    def answer(self, message: Frame, outcome: Outcome) -> bytes:
        """Return the confirmation; a message in quarantine is safe too, and confirmed."""
        del outcome
        return self._answers.confirmation(message) if self._answers else b""

    def translate(self, message: Frame) -> Iterable[Translated]:
        """Return a record for each time of observation and kind, one at least.

        Raises:
            Untranslatable: If the function is unknown, a time is none, or an element runs
                past the end.
        """
        if message.function not in codes.FUNCTIONS:
            raise Untranslatable(
                "function",
                f"{message.function:02X}",
                expected="a function code of annex B (2F to 51) or of the user (E0 to FF)",
                cause="function",
            )
        now = self.now()
        reading = self._short_way.read(message) or self._long_way.read(message, now)
        received = moment_of(now)
        unique = _unique(message)
        is_test = message.function == codes.TEST
        return [
            Translated(
                self._envelopes.record(
                    (one.kind, one.station, is_test),
                    _FIELDS[one.kind],
                    one.body,
                    one.quality,
                    observed=one.observed,
                    received=received,
                    sent=reading.sent,
                    message=message.raw,
                    number=f"{one.station}-{message.function:02X}-{reading.serial}",
                ),
                f"{unique}|{place}",
                one.shape,
            )
            for place, one in enumerate(reading.statements)
        ]

    def _blank(self, address: Address) -> Record:
        kind, station, is_test = address
        return self.record(
            kind,
            station,
            observed_at=self.now(),
            raw=b"",
            status=STATUS_TEST if is_test else STATUS_ACTUAL,
            location=self.options.sites.get(station, UNKNOWN_SITE).location(),
            format_version="2014",
        )


def _unique(frame: Frame) -> str:
    """Return what makes a message one: its head, serial number, time of sending, and body.

    The serial number begins again after 65535 and after a station's reset, so a check of
    what the body holds belongs to it. How it was cut into packets does not.
    """
    head, check = frame.head.hex(), zlib.crc32(frame.body)
    return f"{head}|{frame.body[: SERIAL + SENT].hex()}|{check:x}"
