"""What came, or would come, of trying a feed's quarantine again, cluster by cluster."""

from dataclasses import dataclass, field
from typing import Final

from adapters.sdk.clusters import Cluster, Clusters
from adapters.sdk.retrial import Attempt
from liandong.record.v1.record_pb2 import Record

_EXAMPLE_LIMIT: Final = 1 << 16


@dataclass(slots=True)
class Healing:
    """One cluster, tried again.

    Attributes:
        cluster: Its entries.
        heals: How many of them leave, for all their bytes became records.
        records: How many records became of it.
        stays: Those that stay, by what is wrong with them now.
        example: One of the records; None: there is none.
    """

    cluster: Cluster
    heals: int = 0
    records: int = 0
    stays: Clusters = field(default_factory=Clusters)
    example: Record | None = None


class Outlook:
    """Gathers what becomes of entries.

    Attributes:
        heals: How many entries leave.
        stays: How many stay.
        records: How many records became of them.
        duplicates: How many of these were stored already.
        waiting: How many entries are so new that the feed has not told them in its counts:
            they are left alone until it has, which takes a second while it runs.
    """

    def __init__(self) -> None:
        self.heals = 0
        self.stays = 0
        self.records = 0
        self.duplicates = 0
        self.waiting = 0
        self._clusters = Clusters()
        self._healings: dict[str, Healing] = {}

    def add(self, attempt: Attempt) -> None:
        """Take what became of an entry."""
        cluster = self._clusters.add(attempt.entry)
        healing = self._healings.setdefault(cluster.id, Healing(cluster))
        healing.records += len(attempt.translated)
        self.records += len(attempt.translated)
        if healing.example is None and attempt.translated:
            record = attempt.translated[0].record
            healing.example = record if record.ByteSize() <= _EXAMPLE_LIMIT else None
        if attempt.refused is None:
            healing.heals += 1
            self.heals += 1
        else:
            self.stays += 1
            healing.stays.add(attempt.still())

    @property
    def has_any(self) -> bool:
        """Tell whether there was anything to try."""
        return bool(self.heals or self.stays or self.waiting)

    def healings(self) -> list[Healing]:
        """Return the clusters, the largest first."""
        return [self._healings[cluster.id] for cluster in self._clusters.found()]
