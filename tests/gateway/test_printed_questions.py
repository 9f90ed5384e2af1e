"""What the pages for clients and integrators print about questions runs as it stands."""

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc

from adapters.sdk.records import OwnRecords
from adapters.sdk.responder import NoOptions
from tests.gateway.questions import answering
from tests.gateway.town import City

DOCS = Path(__file__).parents[2] / "docs"


def printed(page: str, name: str) -> Any:
    """Return what a page's code defines under a name."""
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)
    source = next(
        block for block in blocks if re.search(rf"^(def|class) {name}\b", block, re.MULTILINE)
    )
    names: dict[str, Any] = {"__name__": "printed"}
    exec(compile(source, page, "exec"), names)
    return names[name]


def asking(city: City, agency: str) -> Callable[[Callable[[grpc.Channel], Any]], Any]:
    """Return how to call a client with a department's channel."""
    pem, key = city.home.certificate(agency)
    credentials = grpc.ssl_channel_credentials(
        city.home.ca.read_bytes(), key.read_bytes(), pem.read_bytes()
    )

    def call(client: Callable[[grpc.Channel], Any]) -> Any:
        with grpc.secure_channel(f"localhost:{city.gateway.port}", credentials) as channel:
            return client(channel)

    return call


async def test_the_printed_client_asks_the_printed_responder(asked_city: City) -> None:
    """An answer is a line for each facility; a refusal is a line of its own."""
    client, ward = printed("clients.md", "free_beds"), printed("integrators.md", "Ward")
    call = asking(asked_city, "police")
    responder = ward(NoOptions(), OwnRecords())
    async with answering(asked_city, "health", responder):
        answered = await asyncio.to_thread(call, client)
        responder.free = {"Burn": 0}
        refused = await asyncio.to_thread(call, client)

    (line,) = answered
    assert line.startswith("health: ward 7 has 2 free, as of ")
    assert refused == ["health: CANNOT_ANSWER this ward has no AdultICU: it has Burn"]
