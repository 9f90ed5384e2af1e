"""The gateway's own service over a state of generated records, without a bus.

    python -m benchmarks.state_gateway FOLDER RECORDS

The folder holds the certificates. Records enter by the view's own entrance, one by one as
from the stream. Prints one JSON line when it serves: port, seconds of taking and indexing,
bytes of memory and of the records themselves. Ends with its input.
"""

import asyncio
import contextlib
import gc
import json
import random
import sys
import time
from itertools import islice
from pathlib import Path
from typing import Any

import grpc
import uvloop

from benchmarks.generated import records
from broker.delivery import Delivery
from broker.subjects import share_subject
from gateway.agreements import Agreements
from gateway.calls import Call, Service, handler
from gateway.entrance import Entrance
from gateway.freshness import FeedAges
from gateway.history import History
from gateway.limits import CallLimits
from gateway.listening import OPTIONS
from gateway.past import Past
from gateway.revocation import Revoked
from gateway.shared_state import SharedState
from gateway.summary import Summaries
from gateway.view import StateView
from liandong.gateway.v1 import shared_state_pb2 as api
from liandong.record.v1.record_pb2 import Record

CHANGED = 100
SERVICE = "liandong.gateway.v1.SharedStateService"
AGREEMENT = """
[[agreement]]
id = "all"
provider = "*"
consumer = "police"
kinds = ["*"]
"""


def resident() -> int:
    """Return how much memory this process holds, in bytes."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def filled(count: int) -> tuple[StateView, dict[str, float]]:
    """Return a view of generated records, and what it cost."""
    view, made, own, took = StateView(), records(count), 0, 0.0
    before, sequence = resident(), 0
    while lot := list(islice(made, 10_000)):
        deliveries = []
        for record in lot:
            sequence += 1
            payload, subject = record.SerializeToString(), share_subject(record.name)
            own += len(payload)
            deliveries.append(Delivery(subject, payload, {}, sequence, time.time_ns(), 0))
        del lot, record
        began = time.perf_counter()
        for delivery in deliveries:
            view.take(delivery)
        took += time.perf_counter() - began
        del deliveries
    began = time.perf_counter()
    view.index()
    indexed = time.perf_counter() - began
    gc.collect()
    return view, {
        "take_s": took,
        "index_s": indexed,
        "memory": resident() - before,
        "own": own,
    }


class Unrecorded:
    """In place of the record of accesses, which needs a bus."""

    async def answered(self, call: Call) -> None:
        """Leave a call unrecorded."""


class Changes:
    """Changes some records, all over the state.

    Args:
        view: The state.
    """

    def __init__(self, view: StateView) -> None:
        self._view, self._names = view, [entry.name for entry in view.entries()]
        self._chance = random.Random(3)

    async def change(self, _request: api.SummarizeRecordsRequest, _call: Call) -> bytes:
        """Have some vehicles and stations report again."""
        for name in self._chance.sample(self._names, CHANGED):
            entry = self._view.get(name)
            assert entry is not None
            record = Record.FromString(entry.payload)
            record.observed_at.seconds += 1
            payload, sequence = record.SerializeToString(), self._view.sequence + 1
            subject = share_subject(name)
            self._view.take(Delivery(subject, payload, {}, sequence, time.time_ns(), 0))
        return b""


async def main(folder: Path, count: int) -> None:
    """Serve until the input ends."""
    gc.disable()
    view, cost = filled(count)
    gc.freeze()
    gc.enable()
    agreements = folder / "agreements.toml"
    agreements.write_text(AGREEMENT)
    unrecorded: Any = Unrecorded()
    entrance = Entrance(
        Agreements(agreements), unrecorded, CallLimits(), Revoked(folder / "revoked")
    )
    entrance.is_open = True
    nothing: Any = None
    state = SharedState(view, Past(view, History(nothing)), FeedAges())
    summaries = Summaries(view, nothing, nothing, FeedAges())
    request = api.SummarizeRecordsRequest
    service = Service(
        SERVICE,
        {
            "ListRecords": (state.list_records, api.ListRecordsRequest),
            "SummarizeRecords": (summaries.summarize_records, request),
            "Change": (Changes(view).change, request),
        },
        {},
    )
    server = grpc.aio.server(options=OPTIONS)
    server.add_generic_rpc_handlers((handler(entrance, service),))
    credentials = grpc.ssl_server_credentials(
        [((folder / "server.key").read_bytes(), (folder / "server.pem").read_bytes())],
        root_certificates=(folder / "ca.pem").read_bytes(),
        require_client_auth=True,
    )
    port = server.add_secure_port("127.0.0.1:0", credentials)
    await server.start()
    print(json.dumps({"port": port, **cost}), flush=True)
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await server.stop(None)


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1]), int(sys.argv[2])))
