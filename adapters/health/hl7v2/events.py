"""What HL7's trigger events say of a stay (HL7 2.5.1 chapter 3, table 0003)."""

from typing import Final

from liandong.health.v1 import health_pb2 as health

ADT: Final = "ADT"
CANCEL_ADMIT: Final = "A11"
CANCEL_TRANSFER: Final = "A12"
CANCEL_DISCHARGE: Final = "A13"

# Of an admission, transfer and discharge; of what was pending, of an absence, of an arrival,
# of a pre-admission; and the deletion of a visit.
_CANCELLATIONS: Final = (
    *(CANCEL_ADMIT, CANCEL_TRANSFER, CANCEL_DISCHARGE),
    *("A23", "A25", "A26", "A27", "A32", "A33", "A38", "A52", "A53", "A55"),
)
_TYPES: Final = {
    "A01": health.MOVEMENT_TYPE_ADMIT,
    "A02": health.MOVEMENT_TYPE_TRANSFER,
    "A03": health.MOVEMENT_TYPE_DISCHARGE,
    "A04": health.MOVEMENT_TYPE_REGISTER,
    # An outpatient becomes an inpatient.
    "A06": health.MOVEMENT_TYPE_ADMIT,
    # Two patients swap their beds.
    "A17": health.MOVEMENT_TYPE_TRANSFER,
    **dict.fromkeys(_CANCELLATIONS, health.MOVEMENT_TYPE_CANCEL),
}


def movement_type(event: str) -> "health.MovementType.ValueType":
    """Return what happened; whatever is no movement is a change of what was known."""
    return _TYPES.get(event, health.MOVEMENT_TYPE_UPDATE)
