"""What the console's pages share: the city, its bus and gateway, and who asks."""

from dataclasses import dataclass
from typing import TypeVar

import grpc
import msgspec
from aiohttp import web

from broker.home import OPS, Home
from ops.city import City, read_city
from ops.console.channels import Channels, stating
from ops.console.visitors import Session
from ops.evidence import Evidence

T = TypeVar("T")
SESSION: web.RequestKey[Session] = web.RequestKey("session", Session)


@dataclass(frozen=True, slots=True)
class Desk:
    """What pages work with.

    Attributes:
        home: The home.
        city: The city as it was when the console started.
        channels: The way to the gateway.
        evidence: Records what visitors do beside the gateway.
    """

    home: Home
    city: City
    channels: Channels
    evidence: Evidence

    def agency(self, request: web.Request) -> str:
        """Return as which department a visitor asks."""
        return request[SESSION].agency

    def is_ops(self, request: web.Request) -> bool:
        """Tell whether a visitor is one of the operators."""
        return self.agency(request) == OPS

    def channel(self, request: web.Request) -> grpc.aio.Channel:
        """Return the channel of a visitor's department, stating the visitor's purpose."""
        return stating(self.channels.of(self.agency(request)), request[SESSION].purpose)

    def present_city(self) -> City:
        """Return the city as its file describes it now.

        Raises:
            FileWrong: If the file is not right.
        """
        return read_city(self.city.path)


async def sent(request: web.Request, kind: type[T]) -> T:
    """Return what a request has as JSON.

    Raises:
        HTTPBadRequest: If it is none of the kind.
    """
    try:
        return msgspec.json.decode(await request.read(), type=kind)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise web.HTTPBadRequest(text=str(error)) from error
