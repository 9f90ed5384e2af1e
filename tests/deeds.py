"""What the log has of what was done beside the gateways."""

from broker.connection import Bus
from broker.home import OPS
from broker.subjects import audit_subject
from broker.subscriber import scan
from broker.users import AUDIT
from gateway.audit.listing import entries
from liandong.gateway.v1.audit_pb2 import AccessEntry


async def recorded(bus: Bus, actor: str = "") -> list[AccessEntry]:
    """Return the entries of the operators' chain in their order, all or somebody's."""
    return [
        one
        async for delivery in scan(bus, AUDIT, audit_subject(OPS))
        for one in entries(delivery)
        if actor in {"", one.actor}
    ]
