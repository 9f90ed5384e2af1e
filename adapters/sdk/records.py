"""A department's own records: the newest of each thing, from which its responders answer."""

from collections import defaultdict
from collections.abc import Iterator

import structlog
from google.protobuf.message import DecodeError

from broker.delivery import Delivery
from liandong.record.v1.record_pb2 import STATUS_ACTUAL, Record

_log = structlog.get_logger()


class OwnRecords:
    """Keeps what is true now, kind by kind.

    It never goes back in time: an old reading that comes late changes nothing. One observed
    ahead of its storing counts as observed when it was stored. Drills and tests are left out.
    """

    def __init__(self) -> None:
        self._records: defaultdict[str, dict[str, tuple[int, Record]]] = defaultdict(dict)

    def of(self, kind: str, now_ns: int) -> Iterator[Record]:
        """Yield the records of a kind that have not ended.

        Args:
            kind: For example ``water.level``.
            now_ns: The time now, nanoseconds since 1970 UTC.
        """
        for _, record in self._records[kind].values():
            if not record.HasField("expires_at") or record.expires_at.ToNanoseconds() > now_ns:
                yield record

    def take(self, delivery: Delivery) -> None:
        """Take a record from the department's stream."""
        try:
            record = Record.FromString(delivery.payload)
            _, kind, _ = record.name.split("/", 2)
        except (DecodeError, ValueError) as error:
            _log.error("not a record", subject=delivery.subject, error=str(error))
            return
        if record.status != STATUS_ACTUAL:
            return
        counted = min(record.observed_at.ToNanoseconds(), delivery.timestamp_ns)
        held = self._records[kind].get(record.name)
        if held is None or held[0] <= counted:
            self._records[kind][record.name] = (counted, record)
