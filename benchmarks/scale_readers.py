"""Departments that read over the gateway, each with its own certificate, in one process.

    python -m benchmarks.scale_readers HOME TARGET SIZE

Told `load` they call `GetRecord` and `ListRecords` at their rates, in turn as each
department, of records of any department, and tell how long answers took since they were due.
"""

import asyncio
import itertools
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import grpc
import uvloop

from benchmarks.callers import raw
from benchmarks.scale_city import Size, read_size
from benchmarks.scale_parts import tell, told_line
from broker.home import Home
from liandong.gateway.v1 import shared_state_pb2 as api
from ops.client import credentials

_SERVICE = "/liandong.gateway.v1.SharedStateService"
_PAGE = 100


class Reader:
    """One department that reads.

    Args:
        channel: Its connection.
    """

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._get = channel.unary_unary(f"{_SERVICE}/GetRecord", raw, raw)
        self._list = channel.unary_unary(f"{_SERVICE}/ListRecords", raw, raw)

    async def get(self, name: str) -> None:
        """Get a record."""
        await self._get(api.GetRecordRequest(name=name).SerializeToString())

    async def page(self, agency: str) -> list[str]:
        """List a page of a department's records; return their names."""
        request = api.ListRecordsRequest(
            selection=api.Selection(agencies=[agency]), page_size=_PAGE
        )
        answer = await self._list(request.SerializeToString())
        return [record.name for record in api.ListRecordsResponse.FromString(answer).records]


async def paced(
    rate: float, seconds: float, call: Callable[[int], Awaitable[object]]
) -> tuple[int, list[float], list[str]]:
    """Call at a rate; return how many calls, milliseconds since each was due, and failures."""
    waits: list[float] = []
    failures: list[str] = []

    async def one(number: int, due: float) -> None:
        try:
            await call(number)
        except grpc.aio.AioRpcError as error:
            failures.append(f"{error.code()}: {error.details()}")
        else:
            waits.append((time.perf_counter() - due) * 1e3)

    count, began = int(rate * seconds), time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(count):
            due = began + number / rate
            await asyncio.sleep(due - time.perf_counter())
            group.create_task(one(number, due))
    return count, waits, failures


async def load(readers: list[Reader], size: Size) -> None:
    """Read for a while."""
    agencies = size.agencies()
    pages = [await reader.page(name) for reader, name in zip(readers, agencies, strict=True)]
    names = list(itertools.chain.from_iterable(pages))
    # 17 departments on: who reads is another than whose record it is.
    get = paced(
        size.gets,
        size.seconds,
        lambda n: readers[n % len(readers)].get(names[(n * 101 + 17 * _PAGE) % len(names)]),
    )
    page = paced(
        size.lists,
        size.seconds,
        lambda n: readers[n % len(readers)].page(agencies[(n + 17) % len(agencies)]),
    )
    results = await asyncio.gather(get, page)
    answer = {
        word: {"calls": calls, "waits": waits, "failures": len(failures), "said": failures[:3]}
        for word, (calls, waits, failures) in zip(("get", "list"), results, strict=True)
    }
    tell(**answer)


async def main(home: Home, target: str, size: Size) -> None:
    """Connect as every department, then do what is told."""
    local = (("grpc.use_local_subchannel_pool", 1),)
    channels = [
        grpc.aio.secure_channel(target, credentials(home, name), local) for name in size.agencies()
    ]
    for channel in channels:
        await channel.channel_ready()
    tell(ready=len(channels))
    while await told_line():
        await load([Reader(channel) for channel in channels], size)
    for channel in channels:
        await channel.close(None)


if __name__ == "__main__":
    uvloop.run(main(Home(Path(sys.argv[1])), sys.argv[2], read_size(sys.argv[3])))
