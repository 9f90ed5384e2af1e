"""What is wrong with a request, field by field."""

from collections.abc import Sequence

from google.protobuf.message import Message
from google.rpc import error_details_pb2

from gateway.errors.root import FACT, GatewayError, bounded, octets_of

# Octets of details, and of what is told of one field: what a status can carry in all.
_DETAILS = 1500
_DESCRIPTION = 400
_VIOLATIONS = 20


class InvalidRequest(GatewayError):
    """Fields of the request are wrong.

    Args:
        violations: Field and sentence of each.

    Attributes:
        violations: The first of them, as many as can be told.
    """

    def __init__(self, violations: Sequence[tuple[str, str]]) -> None:
        self.violations = _told(violations)
        parts = [f"{field}: {sentence}" for field, sentence in self.violations]
        left = len(violations) - len(parts)
        super().__init__("; ".join([*parts, f"and {left} more"] if left else parts))

    def details(self) -> list[Message]:
        """Return each field with what was expected."""
        return [
            error_details_pb2.BadRequest(
                field_violations=[
                    error_details_pb2.BadRequest.FieldViolation(field=field, description=sentence)
                    for field, sentence in self.violations
                ]
            )
        ]


def _told(violations: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return the first violations, each cut, as many as one status can carry."""
    told: list[tuple[str, str]] = []
    room = _DETAILS
    for field, sentence in violations[:_VIOLATIONS]:
        one = (bounded(field, FACT // 2), bounded(sentence, _DESCRIPTION))
        room -= 4 + sum(map(octets_of, "".join(one)))
        if told and room < 0:
            break
        told.append(one)
    return tuple(told)
