"""Up to which number the city has taken an agency's records.

The city's stream keeps, with each message, the number that it had in the agency's stream. A
stream that is made anew must go on behind that number: under numbers that were given before,
nobody could tell old records from new ones.

Source: NATS JetStream, header ``Nats-Stream-Source``, whose second word is the sequence.
"""

import json
from collections.abc import Mapping

from nats.errors import Error as NatsError

from broker.connection import Bus
from broker.errors import StreamUnavailable
from broker.users import CITY

SOURCE = "Nats-Stream-Source"
_PATIENCE_S = 5.0


def number_of(headers: Mapping[str, str]) -> int:
    """Return the number that a message of the city's stream had in its agency's."""
    return int(headers[SOURCE].split()[1])


async def taken(hub: Bus, agency: str) -> int:
    """Return the number of the last record of an agency that the city has; 0: it has none.

    Args:
        hub: An open connection of the hub's administrator; the city's stream is there.
        agency: The agency.

    Raises:
        StreamUnavailable: If the city's stream cannot be read.
    """
    request = json.dumps({"last_by_subj": f"share.{agency}.>"}).encode()
    try:
        found = await hub.nc.request(f"$JS.API.DIRECT.GET.{CITY}", request, timeout=_PATIENCE_S)
    except NatsError as error:
        raise StreamUnavailable(CITY, str(error)) from error
    headers = found.headers or {}
    return number_of(headers) if SOURCE in headers else 0
