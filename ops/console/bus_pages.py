"""The bus itself: streams, who reads them, and the servers."""

import asyncio
import time
from typing import Any

from aiohttp import web

from broker.home import OPS
from broker.plan import stream_name
from broker.servers import ask_servers
from broker.users import SYSTEM_READER, feeds_stream, quarantine_stream
from ops.bus import bus_of, reader_of
from ops.console.desk import Desk
from ops.doctor.case import Case
from ops.doctor.checks import CHECKS, examine
from ops.doctor.finding import Weight

_KEPT_S = 2.0
_JETSTREAM = {"accounts": True, "streams": True, "consumer": True, "config": True}


class BusPages:
    """Answers what is asked about the bus."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._known: dict[str, tuple[float, dict[str, Any]]] = {}
        self._asking = asyncio.Lock()
        self._found: list[dict[str, str]] = []
        self._examined_at = 0.0
        self._examining = asyncio.Lock()

    def routes(self) -> list[web.RouteDef]:
        """Return what is answered where."""
        return [web.get("/api/bus", self.bus), web.get("/api/doctor", self.doctor)]

    async def bus(self, request: web.Request) -> web.Response:
        """Return streams and servers: operators see all, a department its own streams."""
        agency = self._desk.agency(request)
        async with self._asking:
            at, known = self._known.get(agency, (0.0, {}))
            if time.monotonic() - at > _KEPT_S:
                known = await (self._whole() if agency == OPS else self._own(agency))
                self._known[agency] = (time.monotonic(), known)
        return web.json_response(known)

    async def doctor(self, request: web.Request) -> web.Response:
        """Return what the doctor complains of, to the operators; a department has no home."""
        if not self._desk.is_ops(request):
            raise web.HTTPForbidden(text="the doctor tells the operators only")
        asked_at = time.monotonic()
        async with self._examining:
            # Those who ask while it examines share the next time.
            if self._examined_at < asked_at:
                self._examined_at = time.monotonic()
                # Its checks wait for sockets and files, some in a loop of their own.
                self._found = await asyncio.to_thread(self._examine)
        return web.json_response(self._found)

    def _examine(self) -> list[dict[str, str]]:
        """Make all checks; what is only good to know is left out."""
        case = Case(self._desk.home, self._desk.city.path)
        return [
            {"check": name, "state": one.weight.value, "sentence": one.sentence}
            for name in CHECKS
            for one in examine(case, name)
            if one.weight is not Weight.NOTE
        ]

    async def _whole(self) -> dict[str, Any]:
        """Return every stream with its consumers, and every server, as the servers tell it."""
        async with bus_of(self._desk.home, self._desk.city, SYSTEM_READER) as bus:
            servers, jetstreams = await asyncio.gather(
                ask_servers(bus, "VARZ"), ask_servers(bus, "JSZ", _JETSTREAM)
            )
        streams: dict[str, dict[str, Any]] = {}
        for answer in jetstreams:
            for account in answer["data"].get("account_details") or ():
                for stream in account.get("stream_detail") or ():
                    # Of several replicas the one that has most speaks for the stream.
                    row = _stream(stream, account["name"])
                    key = f"{account['name']}/{row['name']}"
                    if key not in streams or streams[key]["messages"] < row["messages"]:
                        streams[key] = row
        return {
            "servers": [_server(answer) for answer in servers],
            "streams": sorted(streams.values(), key=lambda row: (row["account"], row["name"])),
        }

    async def _own(self, agency: str) -> dict[str, Any]:
        """Return a department's own streams."""
        rows = []
        async with bus_of(self._desk.home, self._desk.city, reader_of(agency, agency)) as bus:
            for name in (stream_name(agency), quarantine_stream(agency), feeds_stream(agency)):
                info = await bus.js.stream_info(name)
                rows.append(
                    {
                        "account": stream_name(agency),
                        "name": name,
                        "messages": info.state.messages,
                        "bytes": info.state.bytes,
                        "limit": info.config.max_bytes or 0,
                        "replicas": info.config.num_replicas or 1,
                        "consumers": [],
                        "sources": [],
                    }
                )
        return {"servers": [], "streams": rows}


def _stream(stream: dict[str, Any], account: str) -> dict[str, Any]:
    """Return a stream's row."""
    state, config = stream["state"], stream.get("config") or {}
    cluster = stream.get("cluster") or {}
    return {
        "account": account,
        "name": stream["name"],
        "messages": state["messages"],
        "bytes": state["bytes"],
        "limit": max(config.get("max_bytes", 0), 0),
        "replicas": config.get("num_replicas", 1),
        "leader": cluster.get("leader", ""),
        "lost": [one["name"] for one in cluster.get("replicas") or () if one.get("offline")],
        "sources": [
            {"name": source["name"], "lag": source.get("lag", 0), "idle_s": source["active"] / 1e9}
            for source in stream.get("sources") or ()
        ],
        "consumers": [
            {
                "name": consumer["name"],
                "pending": consumer.get("num_pending", 0),
                "unacknowledged": consumer.get("num_ack_pending", 0),
            }
            for consumer in stream.get("consumer_detail") or ()
        ],
    }


def _server(answer: dict[str, Any]) -> dict[str, Any]:
    """Return a server's row."""
    data = answer["data"]
    return {
        "name": answer["server"]["name"],
        "version": answer["server"].get("ver", ""),
        "uptime": data.get("uptime", ""),
        "connections": data.get("connections", 0),
        "cpu": data.get("cpu", 0),
        "memory": data.get("mem", 0),
        "slow": data.get("slow_consumers", 0),
        "in": data.get("in_msgs", 0),
        "out": data.get("out_msgs", 0),
    }
