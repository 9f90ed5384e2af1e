"""Whether the gateways of a state's parts serve, each its own part."""

from collections.abc import Iterator
from dataclasses import dataclass

from broker.home import Home
from broker.state_part import StatePart
from liandong.gateway.v1 import catalog_pb2, catalog_pb2_grpc
from ops.city import City
from ops.client import channel
from ops.failure import Failure


@dataclass(frozen=True, slots=True)
class PartGateway:
    """A part's gateways: what is said of them, and whether that is well; None: nobody can tell."""

    part: StatePart
    sentence: str
    well: bool | None


def look_at_parts(home: Home, city: City, agency: str) -> Iterator[PartGateway]:
    """Ask the gateways of each part which they are.

    Args:
        home: Where the certificates lie.
        city: The city.
        agency: As whom to ask.
    """
    for part in city.gateway.parts:
        at = city.gateway.place_of(part)
        if not at:
            said = "has neither an address nor a port in the city file, so nobody can ask it"
            yield PartGateway(part, said, well=None)
            continue
        try:
            with channel(home, city, agency, at) as opened:
                stub = catalog_pb2_grpc.CatalogServiceStub(opened)
                held = stub.ListParts(catalog_pb2.ListPartsRequest()).held
        except Failure as failure:
            yield PartGateway(part, str(failure), well=False)
            continue
        if held == part.name:
            yield PartGateway(part, f"serves {part.told} at {at}", well=True)
        else:
            other = f"part {held}" if held else "the whole state"
            yield PartGateway(part, f"at {at} somebody holds {other}", well=False)
