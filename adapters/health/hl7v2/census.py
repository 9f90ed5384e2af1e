"""Count the taken beds of wards from the movements of stays.

What is counted is a function of the movements alone, in whatever number they are repeated:
so a resend changes nothing, and after a restart the count is made again from the records
that the feed stored.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from adapters.health.hl7v2.events import CANCEL_ADMIT, CANCEL_DISCHARGE, CANCEL_TRANSFER
from adapters.health.hl7v2.options import Ward
from liandong.health.v1.health_pb2 import BedCapacity, Movement

REMEMBERED: Final = 200_000
# An outpatient becomes an inpatient, an inpatient an outpatient; two patients swap their beds.
_ADMITTED, _NO_LONGER_ADMITTED, _SWAP = "A06", "A07", "A17"
_LEAVES: Final = frozenset({"A03", CANCEL_ADMIT, _NO_LONGER_ADMITTED})
_MOVES: Final = frozenset({"A02", CANCEL_TRANSFER, _SWAP})
_COUNTED: Final = frozenset({"A01", _ADMITTED, CANCEL_DISCHARGE}) | _LEAVES | _MOVES


@dataclass(frozen=True, slots=True)
class _Stay:
    """Where a stay was when it was last heard of; no ward: it has ended."""

    at: datetime
    ward: str


class Census:
    """The taken beds of the wards that are configured.

    Args:
        wards: They, by ``<facility>/<point of care>``.
        since: When their taken beds were counted.
        most: How many stays are remembered; of one that is forgotten, only its end counts.
    """

    def __init__(
        self, wards: Mapping[str, Ward], since: datetime | None, most: int = REMEMBERED
    ) -> None:
        self._wards = wards
        self._since = since
        self._most = most
        self._occupied = {name: ward.occupied for name, ward in wards.items()}
        self._stays: OrderedDict[str, _Stay] = OrderedDict()

    def count(self, movement: Movement, at: datetime) -> set[str]:
        """Count a movement; return the facilities whose wards it concerns.

        Args:
            movement: The movement.
            at: When it happened, UTC.
        """
        if self._since is None or at < self._since or movement.trigger_event not in _COUNTED:
            return set()
        before, after = self._between(movement)
        known = self._stays.get(movement.movement_id)
        if known is not None:
            if at < known.at:
                return set()
            before = known.ward
        self._remember(movement.movement_id, _Stay(at, after))
        for ward, change in ((before, -1), (after, 1)):
            if ward in self._occupied:
                self._occupied[ward] += change
        # A repeated movement changes nothing and still says the same of the same wards.
        told = {*self._between(movement), before, after} & self._wards.keys()
        return {ward.rpartition("/")[0] for ward in told}

    def beds(self, facility: str) -> Iterable[BedCapacity]:
        """Return the beds of a facility, by type."""
        beds: dict[str, BedCapacity] = {}
        for name, ward in self._wards.items():
            owner, _, point_of_care = name.rpartition("/")
            if owner == facility:
                label = ward.bed_type or point_of_care
                bed = beds.setdefault(label, BedCapacity(bed_type=label))
                bed.baseline += ward.baseline
                bed.occupied += max(0, self._occupied[name])
        for bed in beds.values():
            bed.available = max(0, bed.baseline - bed.occupied)
        return beds.values()

    def _between(self, movement: Movement) -> tuple[str, str]:
        """Return where a stay was before and after, as the movement alone tells it."""
        event = movement.trigger_event
        ward = f"{movement.facility_id}/{movement.ward}"
        came_from = f"{movement.facility_id}/{movement.from_ward}"
        if event == _NO_LONGER_ADMITTED and movement.from_ward:
            # PV1-3 is where an outpatient is seen, PV1-6 the bed that was left.
            return came_from, ""
        if event in _LEAVES:
            return ward, ""
        if event == _SWAP and not movement.from_ward:
            # Whatever bed was left, the other of the two has it now.
            return ward, ward
        return (came_from if event in _MOVES else ""), ward

    def _remember(self, stay_id: str, stay: _Stay) -> None:
        """Keep where a stay is, and forget the one that was silent longest."""
        self._stays[stay_id] = stay
        self._stays.move_to_end(stay_id)
        if len(self._stays) > self._most:
            self._stays.popitem(last=False)
