"""gRPC clients that watch, in a process of their own.

    python -m benchmarks.watchers TARGET CERTIFICATES METHOD WATCHERS [REQUEST ...]

Opens as many streams over 20 connections, each with the next of the requests in turn, and
prints `ready` once each has brought its first message. From then on each thirtieth stream,
at most, is decoded for how long its records were under way since their `received_at`; of
the others bytes are counted. For each line of input it prints one JSON line: the messages
and bytes that came since the last, the latencies in milliseconds, and the messages of the
first stream with the seconds at which they came. Ends with its input.
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

import grpc
import uvloop

from benchmarks.callers import raw
from liandong.gateway.v1 import shared_state_pb2 as api

_CONNECTIONS = 20
_SAMPLED = 30


class Watchers:
    """Open streams, and what they have brought.

    Attributes:
        messages: How many messages came.
        bytes: How many bytes.
        latencies: How long sampled records were under way, in milliseconds.
        kept: The first stream's messages, with the seconds at which they came.
        ready: Set once each stream has brought a message.
    """

    def __init__(self, count: int) -> None:
        self.ready = asyncio.Event()
        self._count = self._waiting = count
        self.begin()

    def begin(self) -> None:
        """Count anew."""
        self.messages = self.bytes = 0
        self.latencies: list[float] = []
        self.kept: list[tuple[float, bytes]] = []

    async def watch(self, number: int, stream: Any) -> None:
        """Read a stream until it is cancelled."""
        is_sampled = number % max(self._count // _SAMPLED, 1) == 0
        is_new = True
        async for message in stream:
            if is_new:
                is_new = False
                self._waiting -= 1
                if not self._waiting:
                    self.ready.set()
                continue
            self.messages += 1
            self.bytes += len(message)
            if number == 0:
                self.kept.append((time.time(), message))
            if is_sampled:
                self._note(message)

    def _note(self, message: bytes) -> None:
        """Note how long the records of a message were under way."""
        now = time.time_ns()
        self.latencies += [
            (now - event.record.received_at.ToNanoseconds()) / 1e6
            for event in api.WatchRecordsResponse.FromString(message).events
            if event.type == api.EVENT_TYPE_CHANGE
        ]


def channels(target: str, folder: Path) -> list[grpc.aio.Channel]:
    """Open connections."""
    credentials = grpc.ssl_channel_credentials(
        (folder / "ca.pem").read_bytes(),
        (folder / "client.key").read_bytes(),
        (folder / "client.pem").read_bytes(),
    )
    options = (("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", 64 << 20))
    return [grpc.aio.secure_channel(target, credentials, options) for _ in range(_CONNECTIONS)]


async def main(target: str, folder: Path, method: str, count: int, requests: list[bytes]) -> None:
    """Watch until the input ends."""
    watchers = Watchers(count)
    opened = channels(target, folder)
    tasks = [
        asyncio.create_task(
            watchers.watch(
                number,
                opened[number % _CONNECTIONS].unary_stream(method, raw, raw)(
                    requests[number % len(requests)]
                ),
            )
        )
        for number in range(count)
    ]
    ready = asyncio.create_task(watchers.ready.wait())
    done, _ = await asyncio.wait([ready, *tasks], return_when=asyncio.FIRST_COMPLETED)
    if ready not in done:
        raise SystemExit(f"a watch has ended: {done.pop().exception()}")
    print("ready", flush=True)
    loop = asyncio.get_running_loop()
    # A line of input begins the count anew; its end ends it.
    while await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(result(watchers)), flush=True)
        watchers.begin()
    for task in tasks:
        task.cancel()


def result(watchers: Watchers) -> dict[str, Any]:
    """Return what has come."""
    return {
        "messages": watchers.messages,
        "bytes": watchers.bytes,
        "latencies": watchers.latencies,
        "kept": [(at, message.hex()) for at, message in watchers.kept],
    }


if __name__ == "__main__":
    where, certificates, called, number, *asked = sys.argv[1:]
    uvloop.run(
        main(where, Path(certificates), called, int(number), [bytes.fromhex(one) for one in asked])
    )
