"""Records of a department, and who asks it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.sdk.answers import Caller
from adapters.sdk.records import OwnRecords
from broker.delivery import Delivery
from broker.subjects import record_name, share_subject
from liandong.place.v1.place_pb2 import Location
from liandong.quantity.v1.quantity_pb2 import QUALITY_LEVEL_VALID, Quality
from liandong.record.v1.record_pb2 import (
    CLASSIFICATION_INTERNAL,
    STATUS_ACTUAL,
    Provenance,
    Record,
    Status,
)

NOW = datetime.now(UTC)
NOW_NS = (NOW - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000
POLICE = Caller("police", "client", "", ("x",), "0" * 32, NOW + timedelta(minutes=1))
XINJIEKOU: dict[str, Any] = {"latitude_deg": 32.0436, "longitude_deg": 118.7886}


def record(
    agency: str,
    kind: str,
    entity: str,
    *,
    at: datetime = NOW,
    where: dict[str, float] | None = None,
    district: str = "",
    status: Status.ValueType = STATUS_ACTUAL,
    expires_at: datetime | None = None,
    **body: Any,
) -> Record:
    """Make a record; its body's field is the kind with an underscore."""
    stated: dict[str, Any] = {kind.replace(".", "_"): body}
    made = Record(
        name=record_name(agency, kind, entity),
        classification=CLASSIFICATION_INTERNAL,
        status=status,
        quality=Quality(level=QUALITY_LEVEL_VALID),
        provenance=Provenance(feed="test"),
        location=Location(district=district),
        **stated,
    )
    if where is not None:
        made.location.point.latitude_deg = where["latitude_deg"]
        made.location.point.longitude_deg = where["longitude_deg"]
    made.observed_at.FromDatetime(at)
    made.received_at.FromDatetime(NOW)
    if expires_at is not None:
        made.expires_at.FromDatetime(expires_at)
    return made


def deliver(records: OwnRecords, *stored: Record) -> OwnRecords:
    """Have records come from the department's stream, in this order, now."""
    for made in stored:
        records.take(
            Delivery(
                share_subject(made.name),
                made.SerializeToString(),
                {},
                1,
                NOW_NS,
                0,
            )
        )
    return records


def own(*stored: Record) -> OwnRecords:
    """Return a department's records."""
    return deliver(OwnRecords(), *stored)


def north(metres: float) -> dict[str, float]:
    """Return the point so many metres north of Xinjiekou."""
    return {**XINJIEKOU, "latitude_deg": XINJIEKOU["latitude_deg"] + metres / 111_194.93}
