"""The service that shows the record of accesses, and verifies it."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from pathlib import Path

from broker.connection import Bus
from broker.errors import StreamUnavailable
from broker.lookup import extent
from broker.signing import read_public_keys
from broker.subjects import gateway_of
from broker.subscriber import scan
from broker.users import AUDIT
from gateway.audit.listing import Place, downwards, place_of, upwards
from gateway.audit.shown import shown
from gateway.audit.verify import Verifier
from gateway.calls import Call, Service
from gateway.errors import LogUnavailable
from gateway.tokens import decode, encode
from gateway.validity import require_valid
from liandong.gateway.v1.audit_pb2 import (
    ACCESS_ORDER_OLDEST_FIRST,
    AccessEntry,
    ListAccessesRequest,
    ListAccessesResponse,
    VerifyLogRequest,
    VerifyLogResponse,
)

_NAME = "liandong.gateway.v1.AuditService"
_PAGE = 100
_LARGEST_PAGE = 1000
_EXAMINED = 20_000
_PAGE_BYTES = 2 << 20
Test = Callable[[AccessEntry], bool]


class AccessLog:
    """Answers ListAccesses and VerifyLog out of the log's stream.

    Args:
        bus: An open connection whose user may read the log.
        public_keys: Folder with the public keys of all gateways.
    """

    def __init__(self, bus: Bus, public_keys: Path) -> None:
        self._bus = bus
        self._public_keys = public_keys
        self._verifying = asyncio.Lock()

    def service(self) -> Service:
        """Return the service."""
        return Service(
            _NAME,
            {
                "ListAccesses": (self.list_accesses, ListAccessesRequest),
                "VerifyLog": (self.verify_log, VerifyLogRequest),
            },
            {},
        )

    async def list_accesses(self, request: ListAccessesRequest, call: Call) -> bytes:
        """Return a page of the accesses that concern the caller."""
        require_valid(request)
        bound = _bound(request)
        place = None
        if request.page_token:
            place = place_of(decode("page_token", request.page_token, "accesses", bound))
        size = min(request.page_size or _PAGE, _LARGEST_PAGE)
        since = request.accessed.start_at.ToNanoseconds()
        walk = upwards if request.order == ACCESS_ORDER_OLDEST_FIRST else downwards
        try:
            page, rest = await _page(
                walk(self._bus, place, since), call.caller.agency, _test(request), size
            )
        except StreamUnavailable as error:
            raise LogUnavailable from error
        if rest is not None:
            page.next_page_token = encode("accesses", bound, str(rest))
        return page.SerializeToString()

    async def verify_log(self, request: VerifyLogRequest, call: Call) -> bytes:  # noqa: ARG002
        """Return what is wrong with the log."""
        require_valid(request)
        verifier = Verifier(read_public_keys(self._public_keys), getattr(request, "from"))
        # One at a time: it reads all that was ever recorded.
        async with self._verifying:
            try:
                end = await verify(self._bus, verifier)
            except StreamUnavailable as error:
                raise LogUnavailable from error
        response = VerifyLogResponse(
            entries=verifier.entries, heads=verifier.heads(end), findings=verifier.findings()
        )
        return response.SerializeToString()


async def verify(bus: Bus, verifier: Verifier) -> int:
    """Verify what the log's stream holds now; return up to which position.

    Raises:
        StreamUnavailable: If it cannot be read to its end.
    """
    end = (await extent(bus, AUDIT)).last
    async for delivery in scan(bus, AUDIT, "audit.>", start_sequence=verifier.begins):
        verifier.take(gateway_of(delivery.subject), delivery.sequence, delivery.payload)
        end = max(end, delivery.sequence)
        await asyncio.sleep(0)
    return end


async def _page(
    walk: AsyncGenerator[tuple[AccessEntry, Place]], agency: str, test: Test, size: int
) -> tuple[ListAccessesResponse, Place | None]:
    """Return what an agency sees of the next entries, and where the rest begins, if any."""
    page = ListAccessesResponse()
    examined = taken = 0
    async with contextlib.aclosing(walk) as places:
        async for entry, behind in places:
            examined += 1
            part = shown(entry, agency)
            if part is not None and test(part):
                page.accesses.append(part)
                taken += part.ByteSize()
            if len(page.accesses) == size or examined == _EXAMINED or taken > _PAGE_BYTES:
                return page, behind
    return page, None


def _bound(request: ListAccessesRequest) -> str:
    """Return what a page's token belongs to: all that is asked but the page."""
    asked = ListAccessesRequest()
    asked.CopyFrom(request)
    asked.ClearField("page_token")
    asked.ClearField("page_size")
    return asked.SerializeToString(deterministic=True).hex()


def _test(request: ListAccessesRequest) -> Test:
    """Return what tells whether an access is asked for."""
    accessed = request.accessed
    since = accessed.start_at.ToNanoseconds()
    until = accessed.end_at.ToNanoseconds() if accessed.HasField("end_at") else None

    def test(entry: AccessEntry) -> bool:
        moment = entry.accessed_at.ToNanoseconds()
        return (
            (not request.consumer or entry.agency == request.consumer)
            and (not request.provider or _concerns(entry, request.provider))
            and (not request.outcome or entry.outcome == request.outcome)
            and moment >= since
            and (until is None or moment < until)
        )

    return test


def _concerns(entry: AccessEntry, provider: str) -> bool:
    """Tell whether a provider's records were read or stayed closed, or its quarantine changed."""
    return (
        provider in entry.closed_providers
        or entry.action.agency == provider
        or any(one.provider == provider for one in entry.disclosed)
        or any(one.provider == provider for one in entry.questions)
    )
