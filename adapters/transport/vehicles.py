"""Records of vehicles' positions: dated, located, and cheap where they stay the same."""

from collections.abc import Callable
from typing import Any, Final

from adapters.sdk.adapter import Adapter
from adapters.sdk.clock import Clock, Moment, moment_of
from adapters.sdk.coordinates import CoordinateSystem, to_wgs84
from adapters.sdk.envelope import Envelopes
from adapters.transport.position import Position
from liandong.place.v1 import place_pb2 as place
from liandong.quantity.v1 import quantity_pb2 as quantity
from liandong.record.v1.record_pb2 import Record
from liandong.traffic.v1.traffic_pb2 import Vehicle

Address = tuple[str, str, str]
"""Kind, entity, edition of the standard: what records of one shape have in common."""

KIND: Final = "traffic.vehicle"
_FIRST_TERMINALS: Final = "2011"
_REMEMBERED: Final = 8192
_SYSTEMS: Final = {
    CoordinateSystem.WGS84: place.COORDINATE_SYSTEM_WGS84,
    CoordinateSystem.GCJ02: place.COORDINATE_SYSTEM_GCJ02,
    CoordinateSystem.BD09: place.COORDINATE_SYSTEM_BD09,
}


class Vehicles:
    """Makes the records of positions.

    Their numbers are of fixed width and their bounds are kept by ``position_of``, so an
    address is a shape in the sense of ``Translated``.

    Args:
        adapter: Whose records they are.
        clock: Reads its times.
        system: The system of points of which the terminal does not say that it moved them.
        identify: Says who an entity is: the vehicle's number, plate and type.
        place: Says what is known of where an entity belongs.
    """

    def __init__(
        self,
        adapter: Adapter[Any, Any],
        clock: Clock,
        system: CoordinateSystem,
        identify: Callable[[str], Vehicle],
        place: Callable[[str], place.Location],
    ) -> None:
        self._adapter = adapter
        self._clock = clock
        self._system = system
        self._identify = identify
        self._place = place
        self._envelopes: Envelopes[Address] = Envelopes(self._blank)
        self._identities: dict[str, bytes] = {}

    def record(
        self,
        address: Address,
        seen: Position,
        *,
        raw: bytes,
        number: str,
        sent: Moment | None = None,
    ) -> Record:
        """Return the record of a position; one without a possible time is dated by arrival.

        Args:
            address: Whose it is.
            seen: What its message states.
            raw: The exact bytes of the message.
            number: The source's own id of the message.
            sent: When the source says it sent it.
        """
        quality = seen.quality
        received = moment_of(self._adapter.now())
        observed = self.when(seen.time)
        if observed is None:
            observed, quality = received, _undated(seen)
        record = self._envelopes.record(
            address,
            "traffic_vehicle",
            self._identity(address[1]) + seen.vehicle.SerializeToString(),
            quality,
            observed=observed,
            received=received,
            sent=sent,
            message=raw,
            number=number,
        )
        if seen.located:
            self._locate(record, seen)
        return record

    def when(self, time: str) -> Moment | None:
        """Return the time of a position; None: it cannot be.

        Receivers whose count of weeks has begun anew are 1,024 weeks behind, before there was
        any terminal of JT/T 808.

        Args:
            time: ``yyyyMMddHHmmss``, in the feed's zone.
        """
        return self._clock.perhaps("time", time) if time >= _FIRST_TERMINALS else None

    def _locate(self, record: Record, seen: Position) -> None:
        """Put a position's point into a record, in WGS-84."""
        system = CoordinateSystem.GCJ02 if seen.shifted else self._system
        point = record.location.point
        point.latitude_deg, point.longitude_deg = to_wgs84(seen.latitude, seen.longitude, system)
        if seen.altitude is not None:
            point.altitude_m = seen.altitude
        point.source_coordinate_system = _SYSTEMS[system]

    def _identity(self, entity: str) -> bytes:
        """Return who a vehicle is, encoded; what it states follows these bytes."""
        identity = self._identities.get(entity)
        if identity is None:
            if len(self._identities) >= _REMEMBERED:
                self._identities.clear()
            identity = self._identify(entity).SerializeToString()
            self._identities[entity] = identity
        return identity

    def _blank(self, address: Address) -> Record:
        kind, entity, edition = address
        return self._adapter.record(
            kind,
            entity,
            observed_at=self._adapter.now(),
            raw=b"",
            location=self._place(entity),
            format_version=edition,
        )


def _undated(seen: Position) -> quantity.Quality:
    """Return the quality of a position whose time cannot be."""
    note = f"The time {seen.time or '(none)'} cannot be; that of arrival stands for it."
    level = max(seen.quality.level, quantity.QUALITY_LEVEL_SUSPECT)
    return quantity.Quality(level=level, note=f"{seen.quality.note} {note}".strip())
