"""The gateway in the city file: where it listens, what callers may take, and its parts."""

from typing import Annotated

import msgspec

from broker.home import GATEWAY
from broker.state_part import WHOLE, StatePart

Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]


def process_of(part: StatePart) -> str:
    """Return the name of a part's gateway, under which it records accesses."""
    return f"{GATEWAY}-{part.name}" if part.name else GATEWAY


class GatewayAddress(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the gateway listens, and what callers may take of it.

    Attributes:
        host: Address.
        port: Port.
        names: By what other names or addresses clients reach it.
        workers: How many processes serve on the port, each with the whole state; 0: none, the
            gateways of its parts serve.
        calls_per_s: Calls a second that one department may make of each.
        watches: How many watches one department may have open at each.
        all_watches: How many all departments may.
        parts: The parts of the state, each with gateways of its own.
    """

    host: str = "127.0.0.1"
    port: Port = 7443
    names: tuple[str, ...] = ()
    workers: Annotated[int, msgspec.Meta(ge=0, le=64)] = 1
    calls_per_s: Annotated[float, msgspec.Meta(gt=0)] = 20_000.0
    watches: Annotated[int, msgspec.Meta(ge=1)] = 2500
    all_watches: Annotated[int, msgspec.Meta(ge=1)] = 8000
    parts: tuple[StatePart, ...] = msgspec.field(default=(), name="part")

    @property
    def processes(self) -> tuple[str, ...]:
        """Return the names of its processes, under which they record accesses."""
        names = (GATEWAY, *(f"{GATEWAY}-{number}" for number in range(2, self.workers + 1)))
        return names[: self.workers]

    def port_of(self, part: StatePart) -> int:
        """Return where gateways of a part, or of the whole state, listen."""
        return part.port or self.port

    def place_of(self, part: StatePart) -> str:
        """Return where to ask the gateways of a part; empty: the city file does not say."""
        return part.address or (f"localhost:{part.port}" if part.port else "")

    @property
    def place(self) -> str:
        """Return where to ask for what all gateways know: of the whole state, or a part's."""
        first = next(iter(self.parts), WHOLE) if not self.workers else WHOLE
        return self.place_of(first) or f"localhost:{self.port}"
