"""What the console's pages share: the city, its bus and gateway, and who asks."""

import asyncio
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
_BODY_S = 30.0
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


async def body(request: web.Request) -> bytes:
    """Return what a request has.

    Raises:
        HTTPRequestTimeout: If it does not come in time.
    """
    try:
        async with asyncio.timeout(_BODY_S):
            return await request.read()
    except TimeoutError as error:
        told = f"the body was not whole within {_BODY_S:g} s"
        raise web.HTTPRequestTimeout(text=told) from error


async def sent(request: web.Request, kind: type[T]) -> T:
    """Return what a request has as JSON.

    Raises:
        HTTPBadRequest: If it is none of the kind.
        HTTPRequestTimeout: If it does not come in time.
    """
    try:
        return msgspec.json.decode(await body(request), type=kind)
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise web.HTTPBadRequest(text=str(error)) from error
