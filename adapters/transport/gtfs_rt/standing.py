"""The alerts that stand, so that one that is no longer said can be ended.

GTFS-Realtime has no word for the end of an alert: a full dataset is all there is, and an
alert that is not in it is over. What ended is said again for an hour, under the same id:
whether it could be stored the first time is not known here, and a repetition is a
duplicate.
"""

from collections import OrderedDict
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Final

from adapters.transport.gtfs_rt.alerts import end
from liandong.record.v1.record_pb2 import Record

REMEMBERED: Final = 4096
MAX_BYTES: Final = 64 << 20
REPEATED: Final = timedelta(hours=1)


class StandingAlerts:
    """Alerts by their id, in memory bounded by number and by bytes.

    What is forgotten is ended by its own periods alone.
    """

    def __init__(self, most: int = REMEMBERED, most_bytes: int = MAX_BYTES) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._bytes = 0
        self._standing: OrderedDict[str, bytes] = OrderedDict()
        self._ended: OrderedDict[str, tuple[datetime, bytes]] = OrderedDict()

    def remember(self, alert_id: str, record: Record) -> None:
        """Keep an alert as it stands."""
        self._ended.pop(alert_id, None)
        self.forget(alert_id)
        encoded = record.SerializeToString()
        self._standing[alert_id] = encoded
        self._bytes += len(encoded)
        while len(self._standing) > self._most or self._bytes > self._most_bytes:
            _, forgotten = self._standing.popitem(last=False)
            self._bytes -= len(forgotten)

    def forget(self, alert_id: str) -> None:
        """Drop an alert."""
        self._bytes -= len(self._standing.pop(alert_id, b""))

    def end_missing(self, said: Collection[str], at: datetime) -> list[str]:
        """End the alerts that a full dataset does not hold; return their ids.

        Args:
            said: Ids of those that it holds.
            at: The dataset's time, UTC.
        """
        missing = [alert_id for alert_id in self._standing if alert_id not in said]
        for alert_id in missing:
            self.end(alert_id, at)
        return missing

    def end(self, alert_id: str, at: datetime) -> bool:
        """End an alert; tell whether it was known."""
        encoded = self._standing.get(alert_id)
        if encoded is None:
            return alert_id in self._ended
        self.forget(alert_id)
        self._ended[alert_id] = (at, encoded)
        if len(self._ended) > self._most:
            self._ended.popitem(last=False)
        return True

    def ended(self, now: datetime) -> Iterator[tuple[str, Record]]:
        """Yield the alerts that ended within the last hour, as their end leaves them.

        Args:
            now: The latest dataset's time, UTC.
        """
        for alert_id, (at, encoded) in tuple(self._ended.items()):
            if now - at > REPEATED:
                del self._ended[alert_id]
                continue
            record = Record.FromString(encoded)
            record.observed_at.FromDatetime(at)
            record.expires_at.FromDatetime(at)
            end(record.traffic_alert, at)
            yield alert_id, record
