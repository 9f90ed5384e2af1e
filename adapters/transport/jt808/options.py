"""What the city file can say about a JT/T 808 feed."""

import re
from typing import Annotated, Final, Literal

import msgspec

from adapters.sdk.coordinates import CoordinateSystem
from adapters.sdk.places import District
from liandong.traffic.v1 import traffic_pb2 as traffic

VehicleKind = Literal[
    "", "bus", "coach", "taxi", "truck", "dangerous_goods", "rail", "vessel", "emergency"
]

_PHONE: Final = re.compile("0|[1-9A-F][0-9A-F]*")


class Vehicle(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is known of the vehicle that carries a terminal (``vehicles.<phone number>``)."""

    plate: Annotated[str, msgspec.Meta(max_length=32)] = ""
    """Its registration plate."""
    title: Annotated[str, msgspec.Meta(max_length=1024)] = ""
    """What people call it; shown as the record's address."""
    kind: VehicleKind = ""
    """What it is."""
    district: District = ""
    """GB/T 2260 code; the feed's when empty."""

    @property
    def type(self) -> "traffic.VehicleType.ValueType":
        """Return what it is, in the schema's words."""
        return traffic.VehicleType.Value(f"VEHICLE_TYPE_{self.kind.upper() or 'UNSPECIFIED'}")


class Jt808Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The ``[feed.options]`` of a JT/T 808 feed."""

    coordinates: CoordinateSystem = CoordinateSystem.WGS84
    """The system of points that the terminal does not itself call shifted."""
    authentication: Literal["any", "issued"] = "any"
    """Whether 0102 succeeds with any code, or only with the one that 8100 gave."""
    vehicles: dict[str, Vehicle] = {}
    """The terminals that are known, by phone number without zeros in front."""
    open_messages: Annotated[int, msgspec.Meta(ge=1, le=4096)] = 64
    """How many split messages are remembered to put their packets together."""
    longest_message: Annotated[int, msgspec.Meta(ge=1024, le=393_216)] = 262_144
    """Longest split message that is put together, in bytes."""

    def __post_init__(self) -> None:
        """Refuse what is no terminal's number: it would never be found.

        Raises:
            ValueError: A key of ``vehicles`` is none.
        """
        for phone in self.vehicles:
            if _PHONE.fullmatch(phone) is None:
                raise ValueError(
                    f"`vehicles.{phone}` is no terminal's number, expected its digits without "
                    "zeros in front"
                )
