"""What keeps the console's page to itself, and says in a sentence what could not be done."""

import urllib.parse
from collections.abc import Awaitable, Callable
from typing import Final

import grpc
from aiohttp import web

from adapters.sdk.errors import AdapterError
from broker.errors import BrokerError
from ops.failure import Failure

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_STATUSES: Final = {
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.UNAVAILABLE: 503,
}


@web.middleware
async def said(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Say in one sentence why something could not be done."""
    try:
        return await handler(request)
    except grpc.aio.AioRpcError as error:
        status = _STATUSES.get(error.code(), 502)
        return _sentence(error.details() or error.code().name, status)
    except web.RequestPayloadError as error:
        return _sentence(f"the body is not whole: {error}", 400)
    except (Failure, BrokerError, AdapterError, LookupError) as error:
        return _sentence(str(error), 409)


def _sentence(sentence: str, status: int) -> web.Response:
    return web.json_response({"error": sentence}, status=status)


def is_own(request: web.Request) -> bool:
    """Tell whether a request comes from a page of this very server."""
    origin = urllib.parse.urlsplit(request.headers.get("Origin", ""))
    return origin.scheme == "https" and origin.netloc == request.host


def guards(tiles: str) -> dict[str, str]:
    """Return the headers that keep a page to itself; tiles may come from where the city says."""
    parts = urllib.parse.urlsplit(tiles)
    host = f" {parts.scheme}://{parts.netloc.replace('{s}', '*')}" if parts.netloc else ""
    policy = (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        f"img-src 'self' data:{host}",
        "connect-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
    return {
        "Content-Security-Policy": "; ".join(policy),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
        "Strict-Transport-Security": "max-age=31536000",
        "X-Content-Type-Options": "nosniff",
    }
