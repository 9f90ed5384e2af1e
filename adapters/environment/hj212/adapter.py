"""The HJ 212 adapter: data loggers of air stations, outlets and water stations."""

import hashlib
import re
from collections.abc import Iterable
from typing import ClassVar, Final

import msgspec

from adapters.environment.hj212.answers import acknowledgement
from adapters.environment.hj212.clock import Clock
from adapters.environment.hj212.codes import AIR, AVERAGING, DISCHARGE, REPORT, REPORTS
from adapters.environment.hj212.frame import Frame, Hj212Decoder
from adapters.environment.hj212.items import items_of
from adapters.environment.hj212.options import Hj212Options, location_of
from adapters.environment.hj212.report import report
from adapters.environment.hj212.segment import Segment
from adapters.environment.hj212.translate import Translator
from adapters.sdk.adapter import Adapter, Outcome, Translated
from adapters.sdk.errors import Untranslatable
from adapters.sdk.feed import FeedConfig
from liandong.place.v1 import place_pb2 as place

_PLAIN: Final = re.compile(r"[;,\s]*[^=;,]+=[^=]")


class Hj212(Adapter[Frame]):
    """Receives HJ 212 of 2005, 2017 and 2025 and shares what it says.

    Readings become ``environment.air``, ``environment.discharge`` or ``water.quality``,
    everything else a ``station.report``; the entity is the logger's MN. ``observed_at``
    is DataTime in the feed's time zone, or QN where there is none.

    A packet of a split message is published as it comes, as a record of all packets so
    far. After a restart the packets that came before it are no longer part of that.
    """

    name: ClassVar[str] = "environment/hj212"
    options_type: ClassVar[type[msgspec.Struct]] = Hj212Options

    def __init__(self, feed: FeedConfig, options: Hj212Options) -> None:
        super().__init__(feed, options)
        self._options = options
        self._clock = Clock(feed.time_zone, self.now)
        self._translator = Translator(options, self._clock)
        self._locations = {
            mn: location_of(site, feed.district) for mn, site in options.sites.items()
        }
        self._elsewhere = location_of(None, feed.district)

    def decoder(self) -> Hj212Decoder:
        """Return a decoder for one connection or file."""
        return Hj212Decoder(self._options.longest_segment)

    def translate(self, message: Frame) -> Iterable[Translated]:
        """Return the frame's one record.

        Raises:
            Untranslatable: No MN, an unknown command, an impossible time, encrypted
                parameters, packet numbers or factors that cannot be (see Translator).
        """
        segment = message.segment
        if not segment.mn:
            raise Untranslatable("MN", "", expected="the logger's number", cause="station")
        if segment.cn in AVERAGING:
            return (self._observation(message, segment),)
        if segment.cn in REPORTS:
            return (self._report(message, segment),)
        raise Untranslatable(
            "CN", segment.cn, expected="a command that a logger sends", cause="command"
        )

    def answer(self, message: Frame, outcome: Outcome) -> bytes:
        """Return 9014, or 9013 to a notice, when the frame asks for it (bit A of Flag).

        Every outcome is answered: stored and duplicate because the record is safe,
        quarantined because the raw bytes are, and sending them again would not mend
        them. What is not even a frame is never answered.
        """
        return acknowledgement(message.segment)

    def _observation(self, message: Frame, segment: Segment) -> Translated:
        _refuse_ciphertext(segment)
        seen = self._translator.observe(segment)
        shared = self.record(
            seen.kind,
            segment.mn,
            observed_at=seen.observed_at,
            raw=message.raw,
            source_message_id=segment.qn,
            sent_at=self._clock.perhaps(segment.qn),
            quality=seen.quality,
            location=self._location(segment.mn),
            format_version=segment.version,
        )
        if seen.kind == AIR:
            shared.environment_air.MergeFromString(seen.body)
        elif seen.kind == DISCHARGE:
            shared.environment_discharge.MergeFromString(seen.body)
        else:
            shared.water_quality.MergeFromString(seen.body)
        return Translated(shared, _message_id(message))

    def _report(self, message: Frame, segment: Segment) -> Translated:
        _refuse_ciphertext(segment)
        told = report(segment, self._clock, self.now())
        shared = self.record(
            REPORT,
            segment.mn,
            observed_at=told.observed_at,
            raw=message.raw,
            source_message_id=segment.qn,
            sent_at=self._clock.perhaps(segment.qn),
            quality=told.quality,
            location=self._location(segment.mn),
            format_version=segment.version,
        )
        shared.station_report.CopyFrom(told.report)
        return Translated(shared, _message_id(message))

    def _location(self, mn: str) -> place.Location | None:
        return self._locations.get(mn, self._elsewhere)


def _message_id(message: Frame) -> str:
    """Return what makes a frame one: MN, QN, CN and PNO, as the standard has it.

    Frames of 2005 have no QN: their DataTime and a digest of their bytes stand for it.
    """
    segment = message.segment
    if segment.qn:
        return f"{segment.mn}|{segment.qn}|{segment.cn}|{segment.packet}"
    observed = items_of(segment.parameters).plain_value("DataTime")
    digest = hashlib.sha256(message.raw).hexdigest()[:16]
    return f"{segment.mn}|{segment.cn}|{observed}|{segment.packet}|{digest}"


def _refuse_ciphertext(segment: Segment) -> None:
    """Refuse SM4-encrypted parameters (HJ 212-2025), which need a key that is not here."""
    if segment.version == "2025" and segment.parameters and not _PLAIN.match(segment.parameters):
        raise Untranslatable(
            "CP",
            segment.parameters[:40],
            expected="readable parameters; these look encrypted (SM4, HJ 212-2025)",
            cause="encrypted",
            remedy="Let the logger send in plain text over a protected line.",
        )
