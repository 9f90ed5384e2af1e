"""Departments that watch over the gateway, each with its own certificate, in one process.

    python -m benchmarks.scale_watchers HOME TARGET SIZE

Each watches every revision of its own records and of the next two departments'. Told
`check FILE` they compare what came with the names and message ids in the file, which are
what was stored meanwhile, and tell what is lacking, what came twice, and how long records
were under way: from a station's socket by its QN, from a publisher by `received_at`.
"""

import asyncio
import sys
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import grpc
import uvloop

from benchmarks.callers import raw
from benchmarks.scale_city import Key, Size, read_keys, read_size
from benchmarks.scale_parts import tell, told_line
from broker.home import Home
from liandong.gateway.v1 import shared_state_pb2 as api
from liandong.record.v1.record_pb2 import Record
from ops.client import credentials

_METHOD = "/liandong.gateway.v1.SharedStateService/WatchRecords"
_PATIENCE_S = 60.0
_ZONE = ZoneInfo("Asia/Shanghai")
WATCHED = 3


class Watcher:
    """One department's watch.

    Args:
        agencies: Whose records it watches.

    Attributes:
        live: Set once the snapshot is complete.
        came: How often each change came, by name and message id.
        from_socket: How long stations' records took, milliseconds.
        from_publisher: How long others did.
    """

    def __init__(self, agencies: list[str]) -> None:
        self.agencies = frozenset(agencies)
        self.live = asyncio.Event()
        self.came: Counter[Key] = Counter()
        self.from_socket: list[float] = []
        self.from_publisher: list[float] = []

    async def run(self, channel: grpc.aio.Channel) -> None:
        """Read the stream until it is cancelled."""
        request = api.WatchRecordsRequest(
            selection=api.Selection(agencies=sorted(self.agencies)), every_revision=True
        )
        async for message in channel.unary_stream(_METHOD, raw, raw)(request.SerializeToString()):
            now = time.time()
            for event in api.WatchRecordsResponse.FromString(message).events:
                if event.type == api.EVENT_TYPE_CHANGE:
                    self._note(event.record, now)
                elif event.type == api.EVENT_TYPE_BOOKMARK:
                    self.live.set()

    def _note(self, record: Record, now: float) -> None:
        message_id = record.provenance.source_message_id
        self.came[record.name, message_id] += 1
        if message_id.isdecimal():
            sent = datetime.strptime(message_id + "000", "%Y%m%d%H%M%S%f").replace(tzinfo=_ZONE)
            self.from_socket.append((now - sent.timestamp()) * 1e3)
        else:
            self.from_publisher.append((now - record.received_at.ToNanoseconds() / 1e9) * 1e3)

    def lacking(self, stored: list[Key]) -> list[Key]:
        """Return what was stored and has not come."""
        return [
            key
            for key in stored
            if key[0].partition("/")[0] in self.agencies and key not in self.came
        ]


async def check(watchers: list[Watcher], stored: list[Key]) -> None:
    """Wait until all has come, but not for ever, and tell."""
    deadline = time.monotonic() + _PATIENCE_S
    lacking = [key for one in watchers for key in one.lacking(stored)]
    while lacking and time.monotonic() < deadline:
        await asyncio.sleep(0.5)
        lacking = [key for one in watchers for key in one.lacking(stored)]
    tell(
        delivered=sum(one.came.total() for one in watchers),
        lacking=len(lacking),
        examples=lacking[:3],
        twice=sum(count - 1 for one in watchers for count in one.came.values()),
        from_socket=[wait for one in watchers for wait in one.from_socket],
        from_publisher=[wait for one in watchers for wait in one.from_publisher],
    )


async def main(home: Home, target: str, size: Size) -> None:
    """Watch as every department, then do what is told."""
    agencies = size.agencies()
    tasks: list[asyncio.Task[None]] = []
    watchers: list[Watcher] = []
    options = (("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", 64 << 20))
    for number, name in enumerate(agencies):
        watched = [agencies[(number + ahead) % len(agencies)] for ahead in range(WATCHED)]
        channel = grpc.aio.secure_channel(target, credentials(home, name), options)
        watchers.append(Watcher(watched))
        tasks.append(asyncio.create_task(watchers[-1].run(channel)))
    live = asyncio.gather(*(one.live.wait() for one in watchers))
    running: list[asyncio.Future[Any]] = [live, *tasks]
    done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    if live not in done:
        raise SystemExit(f"a watch has ended: {done.pop().exception()}")
    tell(ready=len(watchers))
    while line := await told_line():
        if ended := [task for task in tasks if task.done()]:
            raise SystemExit(f"{len(ended)} watches have ended: {ended[0].exception()}")
        await check(watchers, read_keys(Path(line.partition(" ")[2])))
    for task in tasks:
        task.cancel()


if __name__ == "__main__":
    uvloop.run(main(Home(Path(sys.argv[1])), sys.argv[2], read_size(sys.argv[3])))
