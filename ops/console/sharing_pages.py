"""Who shares what with whom, and who read what."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

from aiohttp import web

from liandong.gateway.v1 import agreement_pb2, agreement_pb2_grpc, audit_pb2, audit_pb2_grpc
from liandong.record.v1.record_pb2 import Classification
from ops.console.desk import Desk

_PAGE = 1000
_ACCESSES = 200
_PATIENCE_S = 20.0


class SharingPages:
    """Answers what is asked about agreements and accesses."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        """Return what is answered where."""
        return [
            web.get("/api/agreements", self.agreements),
            web.get("/api/accesses", self.accesses),
        ]

    async def agreements(self, request: web.Request) -> web.Response:
        """Return the agreements that concern the visitor's department."""
        async with aclosing(self._agreements(request)) as found:
            return web.json_response([_agreement(one) async for one in found])

    async def _agreements(
        self, request: web.Request
    ) -> AsyncGenerator[agreement_pb2.Agreement, None]:
        """Yield agreements, page by page."""
        stub = agreement_pb2_grpc.AgreementServiceStub(self._desk.channel(request))
        asked = agreement_pb2.ListAgreementsRequest(page_size=_PAGE)
        while True:
            page = await stub.ListAgreements(asked, timeout=_PATIENCE_S)
            for one in page.agreements:
                yield one
            asked.page_token = page.next_page_token
            if not asked.page_token:
                return

    async def accesses(self, request: web.Request) -> web.Response:
        """Return a page of accesses, the newest first."""
        asked = audit_pb2.ListAccessesRequest(
            page_size=_ACCESSES,
            page_token=request.query.get("page", ""),
            provider=request.query.get("provider", ""),
            consumer=request.query.get("consumer", ""),
            outcome=(
                audit_pb2.OUTCOME_REFUSED
                if request.query.get("refused")
                else audit_pb2.OUTCOME_UNSPECIFIED
            ),
        )
        stub = audit_pb2_grpc.AuditServiceStub(self._desk.channel(request))
        page = await stub.ListAccesses(asked, timeout=_PATIENCE_S)
        return web.json_response(
            {"accesses": list(map(_access, page.accesses)), "next": page.next_page_token}
        )


def _agreement(one: agreement_pb2.Agreement) -> dict[str, Any]:
    """Return an agreement for the page."""
    classification = Classification.Name(one.classification)
    return {
        "id": one.id,
        "provider": one.provider,
        "consumer": one.consumer,
        "kinds": list(one.kinds),
        "classification": classification.removeprefix("CLASSIFICATION_").lower(),
        "hidden": list(one.hidden_fields),
        "purposes": list(one.purposes),
        "districts": list(one.districts),
        "from": one.valid_from.seconds if one.HasField("valid_from") else None,
        "until": one.valid_until.seconds if one.HasField("valid_until") else None,
        "level": ("", "I", "II", "III", "IV")[one.opens_at_level],
        "holds": one.in_force,
        "reasons": list(one.reasons),
        "incident": one.incident,
    }


def _access(one: audit_pb2.AccessEntry) -> dict[str, Any]:
    """Return an access for the page."""
    return {
        "at": one.accessed_at.seconds,
        "agency": one.agency,
        "role": one.role,
        "actor": one.actor,
        "purpose": one.purpose,
        "method": one.method.partition("/")[2],
        "phase": audit_pb2.Phase.Name(one.phase).removeprefix("PHASE_").lower(),
        "outcome": audit_pb2.Outcome.Name(one.outcome).removeprefix("OUTCOME_").lower(),
        "reason": one.detail or one.reason,
        "names": list(one.names),
        "more": one.more_names,
        "asked": one.asked,
        "action": _action(one.action) if one.HasField("action") else None,
        "left": [
            {
                "provider": left.provider,
                "kind": left.kind,
                "records": left.records,
                "agreements": list(left.agreements),
            }
            for left in one.disclosed
        ],
    }


def _action(one: audit_pb2.QuarantineAction) -> dict[str, Any]:
    """Return what was done with entries of a quarantine, for the page."""
    return {
        "agency": one.agency,
        "feed": one.feed,
        "which": one.which,
        "meant": one.meant,
        "reason": one.reason,
        "removed": one.removed,
        "records": one.records,
    }
