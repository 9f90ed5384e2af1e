"""The HJ 212 adapter: data loggers of air stations, outlets and water stations."""

import hashlib
import re
import zlib
from collections.abc import Iterable
from typing import ClassVar, Final

import msgspec

from adapters.environment.hj212.answers import acknowledgement
from adapters.environment.hj212.codes import AIR, AVERAGING, DISCHARGE, REPORT, REPORTS, WATER
from adapters.environment.hj212.frame import Frame, Hj212Decoder
from adapters.environment.hj212.items import by_time, items_of
from adapters.environment.hj212.options import Hj212Options, location_of
from adapters.environment.hj212.report import report
from adapters.environment.hj212.segment import Segment
from adapters.environment.hj212.translate import Translator
from adapters.sdk.adapter import Adapter, Outcome, Translated
from adapters.sdk.clock import Clock, moment_of
from adapters.sdk.envelope import Envelopes
from adapters.sdk.errors import Untranslatable
from adapters.sdk.feed import FeedConfig
from liandong.record.v1.record_pb2 import Record

Address = tuple[str, str, str]
"""Kind, MN, version of the standard."""

_FIELDS: Final = {
    AIR: "environment_air",
    DISCHARGE: "environment_discharge",
    WATER: "water_quality",
}
_QUOTED_QN: Final = re.compile(r"(?:^|[;,])\s*QN=([0-9]{14,17})")
_PLAIN: Final = re.compile(r"[;,\s]*[^=;,]+=[^=]")


class Hj212(Adapter[Frame, Hj212Options]):
    """Receives HJ 212 of 2005, 2017 and 2025 and shares what it says.

    A message is one record, or as many as it has DataTimes.

    Readings become ``environment.air``, ``environment.discharge`` or ``water.quality``,
    everything else a ``station.report``; the entity is the logger's MN. ``observed_at``
    is DataTime in the feed's time zone, or QN where there is none.

    A packet of a split message is published as it comes, as a record of all packets so
    far. After a restart the packets that came before it are no longer part of that.
    """

    name: ClassVar[str] = "environment/hj212"
    options_type: ClassVar[type[msgspec.Struct]] = Hj212Options
    one_connection_per_entity: ClassVar[bool] = True

    def __init__(self, feed: FeedConfig, options: Hj212Options) -> None:
        super().__init__(feed, options)
        self._clock = Clock(self.zone, self.now)
        self._translator = Translator(options, self._clock)
        self._envelopes: Envelopes[Address] = Envelopes(self._blank)

    def decoder(self) -> Hj212Decoder:
        """Return a decoder for one connection or file."""
        return Hj212Decoder(self.options.longest_segment)

    def translate(self, message: Frame) -> Iterable[Translated]:
        """Return the frame's records.

        Raises:
            Untranslatable: No MN, an unknown command, an impossible time, encrypted
                parameters, packet numbers or factors that cannot be (see Translator).
        """
        segment = message.segment
        if not segment.mn:
            raise Untranslatable("MN", "", expected="the logger's number", cause="station")
        _refuse_ciphertext(segment)
        if segment.cn in AVERAGING:
            parts = by_time(segment.parameters)
            if len(parts) == 1:
                return (self._observation(message, segment),)
            return [
                self._observation(message, msgspec.structs.replace(segment, parameters=items), part)
                for part, items in enumerate(parts)
            ]
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
        del outcome
        return acknowledgement(message.segment)

    def _observation(self, message: Frame, segment: Segment, part: int = 0) -> Translated:
        seen = self._translator.observe(segment)
        qn = segment.qn or _quoted_qn(segment)
        address = (seen.kind, segment.mn, segment.version)
        record = self._envelopes.record(
            address,
            _FIELDS[seen.kind],
            seen.body,
            seen.quality,
            observed=seen.observed,
            received=moment_of(self.now()),
            sent=self._clock.perhaps("QN", qn),
            message=message.raw,
            number=qn,
        )
        shape = (seen.template, address) if seen.template is not None else None
        message_id = _message_id(message)
        return Translated(record, f"{message_id}|{part}" if part else message_id, shape)

    def _report(self, message: Frame, segment: Segment) -> Translated:
        told = report(segment, self._clock, self.now())
        sent = self._clock.perhaps("QN", segment.qn)
        record = self.record(
            REPORT,
            segment.mn,
            observed_at=told.observed_at,
            raw=message.raw,
            source_message_id=segment.qn,
            sent_at=sent.utc() if sent else None,
            quality=told.quality,
            location=location_of(self.options.sites.get(segment.mn)),
            format_version=segment.version,
        )
        record.station_report.CopyFrom(told.report)
        return Translated(record, _message_id(message))

    def _blank(self, address: Address) -> Record:
        kind, mn, version = address
        return self.record(
            kind,
            mn,
            observed_at=self.now(),
            raw=b"",
            location=location_of(self.options.sites.get(mn)),
            format_version=version,
        )


def _message_id(message: Frame) -> str:
    """Return what makes a frame one: MN, QN, CN and PNO, as the standard has it, and its bytes.

    A resend has the same bytes. Loggers that give the same QN to different readings exist,
    and none of those may be lost. Frames of 2005 have no QN: DataTime stands for it.
    """
    segment = message.segment
    if segment.qn:
        check = zlib.crc32(message.raw)
        return f"{segment.mn}|{segment.qn}|{segment.cn}|{segment.packet}|{check:x}"
    observed = items_of(segment.parameters).plain_value("DataTime")
    digest = hashlib.sha256(message.raw).hexdigest()[:16]
    return f"{segment.mn}|{segment.cn}|{observed}|{segment.packet}|{digest}"


def _quoted_qn(segment: Segment) -> str:
    """Return the QN that loggers of 2005 put among the parameters, if there is one."""
    found = _QUOTED_QN.search(segment.parameters)
    return found[1] if found else ""


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
