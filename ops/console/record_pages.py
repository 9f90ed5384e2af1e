"""What the map asks for besides what is live: one record, and the city as it was."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any

import grpc
import msgspec
from aiohttp import web

from broker.home import OPS
from liandong.gateway.v1 import agreement_pb2, agreement_pb2_grpc
from liandong.gateway.v1 import shared_state_pb2 as api
from liandong.gateway.v1 import shared_state_pb2_grpc as rpc
from ops.console.desk import Desk
from ops.console.details import details
from ops.console.rows import row_of
from ops.failure import Failure

_PAGE = 1000
_PATIENCE_S = 20.0
_DECISIONS = {
    agreement_pb2.ACCESS_DECISION_ALLOWED: "allowed",
    agreement_pb2.ACCESS_DECISION_REFUSED: "refused",
}


class RecordPages:
    """Answers what is asked about records."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        """Return what is answered where."""
        return [
            web.get("/api/record", self.record),
            web.get("/api/past", self.past),
            web.get("/api/boundaries", self.boundaries),
        ]

    async def record(self, request: web.Request) -> web.Response:
        """Return one record whole, and who else may see it."""
        name = request.query.get("name", "")
        channel = self._desk.channel(request)
        record, shares = await asyncio.gather(
            rpc.SharedStateServiceStub(channel).GetRecord(
                api.GetRecordRequest(name=name), timeout=_PATIENCE_S
            ),
            self._shares(channel, self._desk.agency(request), name),
        )
        return web.json_response(
            {
                "name": record.name,
                "row": json.loads(row_of(record)),
                "parts": details(record),
                "shares": shares,
            }
        )

    async def _shares(self, channel: grpc.aio.Channel, asking: str, name: str) -> list[Any]:
        """Return what each department may see of a record, as far as the visitor may know."""
        owner = name.partition("/")[0]
        agencies = [agency.name for agency in self._desk.city.agencies if agency.name != owner]
        consumers = agencies if asking in {owner, OPS} else [asking]
        stub = agreement_pb2_grpc.AgreementServiceStub(channel)
        answers = await asyncio.gather(
            *(
                stub.ExplainAccess(
                    agreement_pb2.ExplainAccessRequest(consumer=consumer, name=name),
                    timeout=_PATIENCE_S,
                )
                for consumer in consumers
            )
        )
        return [
            {
                "agency": consumer,
                "decision": _DECISIONS.get(answer.decision, "untold"),
                "sentence": answer.sentence,
                "agreements": list(answer.agreements),
                "hidden": list(answer.hidden_fields),
            }
            for consumer, answer in zip(consumers, answers, strict=True)
        ]

    async def past(self, request: web.Request) -> web.StreamResponse:
        """Return the rows of all records as they stood at a moment, a page a line.

        Raises:
            Failure: If the moment is none.
        """
        try:
            moment = datetime.fromtimestamp(float(request.query.get("at", "")), UTC)
        except (ValueError, OverflowError) as error:
            raise Failure("the time asked for is none: expected seconds since 1970") from error
        listing = api.ListRecordsRequest(page_size=_PAGE)
        listing.as_of.FromDatetime(moment)
        stub = rpc.SharedStateServiceStub(self._desk.channel(request))
        # What the gateway refuses is told before the answer begins.
        page = await stub.ListRecords(listing, timeout=_PATIENCE_S)
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        while True:
            await response.write(b"[" + b",".join(map(row_of, page.records)) + b"]\n")
            listing.page_token = page.next_page_token
            if not listing.page_token:
                break
            page = await stub.ListRecords(listing, timeout=_PATIENCE_S)
        await response.write_eof()
        return response

    async def boundaries(self, request: web.Request) -> web.Response:  # noqa: ARG002
        """Return the districts' boundaries.

        Raises:
            Failure: If their file cannot be read.
        """
        console = self._desk.city.console
        empty: dict[str, Any] = {"type": "FeatureCollection", "features": []}
        if console is None or not console.boundaries:
            return web.json_response(empty)
        path = self._desk.city.path.parent / console.boundaries
        try:
            return web.json_response(msgspec.json.decode(await asyncio.to_thread(path.read_bytes)))
        except (OSError, msgspec.DecodeError) as error:
            raise Failure(f"the boundaries {path} cannot be read: {error}") from error
