"""Where a watch goes on: a place in the city's stream, which any gateway of the city knows."""

import re
from dataclasses import dataclass
from typing import Self

from gateway.errors import InvalidRequest
from gateway.tokens import decode, encode

_FIELD = "resume_token"
_POSITION = re.compile(r"([0-9a-f]{0,12})\.([0-9a-f]{12})\.([0-9]{1,19})\.([0-9]{1,19})")


@dataclass(frozen=True, slots=True)
class Place:
    """Up to where a watcher has been told everything.

    Attributes:
        stream: Which stream of the city: another one with the same name has another digest.
        permit: Digest of what the caller might see.
        sequence: The last sequence that is told.
        stored_ns: When it was stored, nanoseconds since 1970 UTC.
    """

    stream: str
    permit: str
    sequence: int
    stored_ns: int

    def token(self, bound_to: str) -> str:
        """Return the place as a token that is bound to what is watched."""
        position = f"{self.stream}.{self.permit}.{self.sequence}.{self.stored_ns}"
        return encode("watch", bound_to, position)

    @classmethod
    def of(cls, token: str, bound_to: str) -> Self:
        """Read a token.

        Raises:
            InvalidRequest: If it is no token of a watch, or of another selection.
        """
        match = _POSITION.fullmatch(decode(_FIELD, token, "watch", bound_to))
        if match is None:
            raise InvalidRequest([(_FIELD, "is no token of this gateway: begin without one")])
        return cls(match[1], match[2], int(match[3]), int(match[4]))
