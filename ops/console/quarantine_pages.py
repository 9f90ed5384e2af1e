"""The quarantine: look at what could not be translated, try it again, give it up."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import structlog
from aiohttp import web

from adapters.sdk.choice import Choice
from adapters.sdk.clusters import Clusters, cluster_id
from adapters.sdk.discarding import discard
from adapters.sdk.outlook import Outlook
from adapters.sdk.redrive import Redrive
from broker.errors import StreamUnavailable
from broker.home import OPS
from broker.quarantine import QuarantineEntry, entries
from broker.removals import all_removals
from liandong.gateway.v1.audit_pb2 import QuarantineAction
from ops import evidence
from ops.bus import bus_of, reader_of
from ops.console.desk import SESSION, Desk, sent
from ops.failure import Failure
from ops.options import own_agencies
from ops.quarantine import cluster_facts
from ops.raw_bytes import text_of, visible

_ENTRIES = 200
_MOST_BYTES = 64 * 1024
_LONGEST_REASON = 500
_log = structlog.get_logger()


class _Meant(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which entries a page means, and what it wants done."""

    agency: str
    feed: str
    cluster: str = ""
    numbers: frozenset[int] = frozenset()
    apply: bool = False
    reason: str = ""

    @property
    def choice(self) -> Choice:
        """Return the entries."""
        return Choice(cluster=self.cluster, numbers=self.numbers)


class QuarantinePages:
    """Answers what is asked about the quarantine, and changes it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        """Return what is answered where."""
        return [
            web.get("/api/quarantine", self.look),
            web.get("/api/quarantine/discarded", self.discarded),
            web.get(r"/api/quarantine/{agency}/{number:\d{1,15}}", self.entry),
            web.post("/api/quarantine/redrive", self.redrive),
            web.post("/api/quarantine/discard", self.discard),
        ]

    async def look(self, request: web.Request) -> web.Response:
        """Return the causes, and the latest entries of one or of all."""
        choice = Choice(cluster=request.query.get("cluster", ""))
        clusters = Clusters()
        latest: list[QuarantineEntry] = []
        unread: list[dict[str, str]] = []
        for agency in self._owners(request):
            user = reader_of(self._desk.agency(request), agency)
            of_agency: deque[QuarantineEntry] = deque(maxlen=_ENTRIES)
            async with bus_of(self._desk.home, self._desk.city, user) as bus:
                try:
                    async for entry in entries(bus, agency, headers_only=True):
                        clusters.add(entry)
                        if choice.has(entry):
                            of_agency.append(entry)
                except StreamUnavailable as error:
                    unread.append({"agency": agency, "problem": str(error)})
            latest += of_agency
        latest.sort(key=lambda entry: entry.received_at, reverse=True)
        return web.json_response(
            {
                "total": clusters.total,
                "clusters": [cluster_facts(cluster) for cluster in clusters.found()],
                "entries": list(map(_facts, latest[:_ENTRIES])),
                "unread": unread,
            }
        )

    async def entry(self, request: web.Request) -> web.Response:
        """Return one entry with its bytes.

        Raises:
            HTTPNotFound: If there is none.
        """
        agency, number = request.match_info["agency"], int(request.match_info["number"])
        self._require(request, agency)
        user = reader_of(self._desk.agency(request), agency)
        async with bus_of(self._desk.home, self._desk.city, user) as bus:
            found = [one async for one in entries(bus, agency, start=number, upto=number)]
        if not found:
            raise web.HTTPNotFound
        await self._desk.evidence.record(
            evidence.SHOW, request[SESSION].actor, action=evidence.looked_at(found[0])
        )
        raw = found[0].raw
        text = text_of(raw)
        return web.json_response(
            _facts(found[0])
            | {
                "size": len(raw),
                "hex": raw[:_MOST_BYTES].hex(),
                "text": visible(text[:_MOST_BYTES]) if text is not None else None,
                "opening": visible(text_of(found[0].opening) or ""),
            }
        )

    async def discarded(self, request: web.Request) -> web.Response:
        """Return what was given up, by whom and why, the latest first."""
        found: list[dict[str, Any]] = []
        for agency in self._owners(request):
            user = reader_of(self._desk.agency(request), agency)
            async with bus_of(self._desk.home, self._desk.city, user) as bus:
                async for feed, left in all_removals(bus):
                    found += [
                        {"feed": feed, **msgspec.to_builtins(one), "at": one.at.timestamp()}
                        for one in left.discards
                    ]
        found.sort(key=lambda row: float(row["at"]), reverse=True)
        return web.json_response(found[:_ENTRIES])

    async def redrive(self, request: web.Request) -> web.Response:
        """Try entries again with the city file as it is now: dry, or for good."""
        meant = await self._meant(request)
        city = await asyncio.to_thread(self._desk.present_city)
        feed = city.feed(meant.feed)
        if feed.agency != meant.agency:
            raise Failure(f"feed {feed.id} is of {feed.agency}, not of {meant.agency}")
        async with bus_of(self._desk.home, city, meant.agency) as bus:
            redrive = Redrive(bus, feed, self._desk.home)
            if meant.apply:
                action = await evidence.meant(bus, meant.agency, meant.feed, meant.choice)
                async with self._recorded(request, evidence.REDRIVE, action) as came:
                    outlook = await redrive.apply(meant.choice, self._who(request))
                    came.removed, came.records = outlook.heals, outlook.records
            else:
                outlook = await redrive.try_out(meant.choice)
        return web.json_response(_outlook(outlook) | {"applied": meant.apply})

    async def discard(self, request: web.Request) -> web.Response:
        """Give entries up for good.

        Raises:
            Failure: If no reason is given, or no entries are named.
        """
        meant = await self._meant(request)
        why = meant.reason.strip()[:_LONGEST_REASON]
        if not why:
            raise Failure("say why these entries are given up: the reason is kept")
        if not (meant.cluster or meant.numbers):
            raise Failure("name the entries, by number or by their cause")
        async with bus_of(self._desk.home, self._desk.city, meant.agency) as bus:
            action = await evidence.meant(bus, meant.agency, meant.feed, meant.choice, why)
            async with self._recorded(request, evidence.DISCARD, action) as came:
                done = await discard(
                    bus, meant.agency, meant.feed, meant.choice, who=self._who(request), why=why
                )
                came.removed = done.count
        return web.json_response({"discarded": done.count, "waiting": done.waiting})

    async def _meant(self, request: web.Request) -> _Meant:
        """Return what a request means, which its visitor may do.

        Raises:
            HTTPBadRequest: If it means nothing.
            HTTPForbidden: If the visitor may not; that is on record.
        """
        meant = await sent(request, _Meant)
        try:
            self._require(request, meant.agency)
        except web.HTTPForbidden as error:
            what = evidence.asked(meant.agency, meant.feed, meant.choice)
            course = evidence.refused("NOT_ITS_QUARANTINE", str(error.text))
            method = evidence.DISCARD if request.path.endswith("discard") else evidence.REDRIVE
            await self._desk.evidence.record(method, request[SESSION].actor, course, what)
            raise
        return meant

    def _owners(self, request: web.Request) -> list[str]:
        """Return the departments whose quarantine a visitor may see."""
        return own_agencies(self._desk.city, self._desk.agency(request))

    def _require(self, request: web.Request, agency: str) -> None:
        """Check that a visitor may see and change a department's quarantine.

        Raises:
            HTTPForbidden: If not.
        """
        if agency not in self._owners(request):
            raise web.HTTPForbidden(text=f"the quarantine of {agency} is for it and for {OPS}")

    def _who(self, request: web.Request) -> str:
        """Return who does something, for the record."""
        return f"{self._desk.agency(request)} at the console"

    @asynccontextmanager
    async def _recorded(
        self, request: web.Request, method: str, action: QuarantineAction
    ) -> AsyncGenerator[QuarantineAction]:
        """Record an action before it begins and when it has ended, and log it."""
        async with self._desk.evidence.of(method, request[SESSION].actor, action) as came:
            yield came
        _log.info(
            "console action",
            action=method,
            by=self._desk.agency(request),
            agency=action.agency,
            feed=action.feed,
            which=action.which,
            removed=came.removed,
        )


def _facts(entry: QuarantineEntry) -> dict[str, Any]:
    """Return an entry without its bytes."""
    return {
        "agency": entry.agency,
        "number": entry.sequence,
        "feed": entry.feed,
        "at": entry.received_at.timestamp(),
        "cause": entry.cause,
        "reason": entry.reason,
        "source": entry.source,
        "adapter": entry.adapter,
        "kept": entry.kept.value or "whole",
        "cluster": cluster_id(entry.feed, entry.cause, entry.reason),
    }


def _outlook(outlook: Outlook) -> dict[str, Any]:
    """Return what came, or would come, of trying again."""
    return {
        "heals": outlook.heals,
        "records": outlook.records,
        "duplicates": outlook.duplicates,
        "stays": outlook.stays,
        "waiting": outlook.waiting,
        "why": [
            {"reason": one.reason, "count": one.count}
            for healing in outlook.healings()
            for one in healing.stays.found()
        ][:10],
        "example": next((one.example.name for one in outlook.healings() if one.example), ""),
    }
