"""Publishing: a department's own records, checked, named as it is named, and on disk."""

import hashlib
import os
from datetime import UTC, datetime
from importlib.metadata import version

import protovalidate

from broker.doubt import doubt_ahead
from broker.errors import BusUnavailable, PublishError
from broker.impossible import impossible, impossible_record
from broker.lot import Result
from broker.outgoing import Outgoing, Stored, header_lines
from broker.ownership import objection
from broker.subjects import share_subject
from broker.violations import field_of, sentence_of
from gateway.calls import Call, Service
from gateway.errors import BusAway, InvalidRequest, NotTaken
from gateway.hands import Hands
from gateway.identity import TRACE
from liandong.gateway.v1.publishing_pb2 import (
    PUBLISH_OUTCOME_DUPLICATE,
    PUBLISH_OUTCOME_STORED,
    PublishedRecord,
    PublishRecordsRequest,
    PublishRecordsResponse,
)
from liandong.record.v1.record_pb2 import Provenance, Record

_NAME = "liandong.gateway.v1.PublishingService"
_ADAPTER = "gateway/grpc"
_VERSION = version("liandong")
_FEED_HEADER = "Liandong-Feed"
_CLOCK_TOLERANCE_S = 600.0
_ID_BYTES = 16


class Publishing:
    """Answers PublishRecords.

    Args:
        hands: What publishes for agencies.
    """

    def __init__(self, hands: Hands) -> None:
        self._hands = hands
        self._validator = protovalidate.Validator()

    def service(self) -> Service:
        """Return the service."""
        return Service(_NAME, {"PublishRecords": (self.publish_records, PublishRecordsRequest)}, {})

    async def publish_records(self, request: PublishRecordsRequest, call: Call) -> bytes:
        """Store a department's records, once all of them are found right."""
        agency = call.caller.agency
        if wrong := impossible(request):
            raise InvalidRequest(wrong)
        identities = [_identity(agency, record) for record in request.records]
        now, trace = datetime.now(UTC), call.traced()
        for record in request.records:
            _complete(record, agency, now, trace)
        self._require_right(request, agency, int(now.timestamp()))
        if request.validate_only:
            return b""
        headers = header_lines(
            {
                _FEED_HEADER: _feed(agency),
                TRACE: f"00-{trace}-{os.urandom(8).hex()}-01",
            }
        )
        messages = [
            Outgoing(share_subject(record.name), record.SerializeToString(), identity, headers)
            for record, identity in zip(request.records, identities, strict=True)
        ]
        results = await self._hands.publish(agency, messages)
        return _answer(request, results).SerializeToString()

    def _require_right(self, request: PublishRecordsRequest, agency: str, now_s: int) -> None:
        """Check records against their schema, and that the department may state them.

        Raises:
            InvalidRequest: With each field that is wrong.
        """
        violations = self._validator.collect_violations(request)
        wrong = [(field_of(one), sentence_of(one)) for one in violations]
        if not wrong:
            objections = (objection(record, agency) for record in request.records)
            wrong = [
                (f"records[{number}].name", sentence)
                for number, sentence in enumerate(objections)
                if sentence
            ]
        if not wrong:
            wrong = [
                (f"records[{number}].{field}", sentence)
                for number, record in enumerate(request.records)
                for field, sentence in impossible_record(record, now_s)
            ]
        if wrong:
            raise InvalidRequest(wrong)


def _identity(agency: str, record: Record) -> str:
    """Return what makes a record unique: its source's id, or all that it says."""
    digest = hashlib.blake2b(agency.encode(), digest_size=_ID_BYTES, salt=b"grpc")
    source = record.provenance.source_message_id
    said = f"{record.name}\0{source}".encode() if source else record.SerializeToString()
    digest.update(b"\1" + said if source else b"\0" + said)
    return digest.hexdigest()


def _complete(record: Record, agency: str, now: datetime, trace: str) -> None:
    """State when the gateway had a record, and from whom."""
    record.received_at.FromDatetime(now)
    stated = record.provenance
    provenance = Provenance(
        feed=_feed(agency),
        adapter=_ADAPTER,
        adapter_version=_VERSION,
        trace_id=trace,
        source_message_id=stated.source_message_id,
        format_version=stated.format_version,
    )
    if stated.HasField("sent_at"):
        provenance.sent_at.CopyFrom(stated.sent_at)
    record.provenance.CopyFrom(provenance)
    if record.HasField("quality"):
        doubt_ahead(record, int(now.timestamp()), _CLOCK_TOLERANCE_S)


def _feed(agency: str) -> str:
    """Return what a record's provenance calls the way by which it came."""
    return f"{agency}.grpc"


def _answer(request: PublishRecordsRequest, results: list[Result]) -> PublishRecordsResponse:
    """Return what became of records.

    Raises:
        BusAway: If some could not be stored in time.
        NotTaken: If the stream will never take some of them.
    """
    for number, result in enumerate(results):
        if isinstance(result, BusUnavailable):
            raise BusAway(str(result))
        if isinstance(result, PublishError):
            raise NotTaken(number, str(result))
    return PublishRecordsResponse(
        records=[
            _published(record, result)
            for record, result in zip(request.records, results, strict=True)
            if isinstance(result, Stored)
        ]
    )


def _published(record: Record, stored: Stored) -> PublishedRecord:
    """Return what became of one record."""
    if stored.duplicate:
        return PublishedRecord(name=record.name, outcome=PUBLISH_OUTCOME_DUPLICATE)
    return PublishedRecord(
        name=record.name, outcome=PUBLISH_OUTCOME_STORED, sequence=stored.sequence or 0
    )
