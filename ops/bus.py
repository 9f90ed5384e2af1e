"""The command's own way to the bus: reading an agency's streams, or all as an operator."""

import msgspec

from broker.connection import Bus, BusSettings
from broker.home import OPS, Home
from broker.users import reader
from ops.city import City

_PATIENCE_S = 3.0


def bus_of(home: Home, city: City, user: str) -> Bus:
    """Return a connection of a bus user, to be entered; a person does not wait long for it."""
    settings = BusSettings.of(home, city.plan, user)
    return Bus(msgspec.structs.replace(settings, patience_s=_PATIENCE_S))


def reader_of(asking: str, agency: str) -> str:
    """Return the bus user with whose key someone reads an agency's streams."""
    return reader(agency) if asking == OPS else agency
