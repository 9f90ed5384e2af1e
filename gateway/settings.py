"""What a gateway is told when it starts."""

import msgspec

from broker.connection import BusSettings
from broker.state_part import WHOLE, StatePart
from gateway.audit import JournalSettings
from gateway.limits import CallLimits
from gateway.watch import WatchLimits


class GatewaySettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a gateway needs.

    Attributes:
        host: Where to listen.
        port: Where to listen; 0: any free port.
        certificate: File with its certificate.
        key: File with its key.
        ca: File with the authority whose certificates it takes.
        agreements: File of agreements; None: none.
        agencies: The city's departments, of which agreements may speak and which can be asked;
            none: agreements of any, and nobody can be asked.
        titles: What people call them.
        bus: How it reads the bus.
        hands: For each agency that may publish over gRPC, how that reaches the bus.
        audit: Where and how it records accesses.
        watches: What watches may take.
        calls: What calls may take.
        shares_port: Whether other gateways on this machine listen at the same port.
        revoked: File with the serial numbers of certificates that were taken back; it need
            not be there.
        part: The part of the city's state that it holds.
        parts: All parts of it, of which callers are told; none: it is not split.
    """

    host: str
    port: int
    certificate: str
    key: str
    ca: str
    agreements: str | None
    bus: BusSettings
    audit: JournalSettings
    agencies: tuple[str, ...] = ()
    hands: dict[str, BusSettings] = {}
    titles: dict[str, str] = {}
    watches: WatchLimits = WatchLimits()
    calls: CallLimits = CallLimits()
    shares_port: bool = False
    revoked: str
    part: StatePart = WHOLE
    parts: tuple[StatePart, ...] = ()
