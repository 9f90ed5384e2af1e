"""gRPC clients that call as fast as they are answered, in a process of their own.

    python -m benchmarks.callers TARGET CERTIFICATES METHOD CALLS REQUEST [MESSAGE_BYTES]

Sends the same request bytes again and again over one channel, 32 calls at a time, and
decodes nothing. With MESSAGE_BYTES the method is a stream, read until as many have come,
and opened anew for each call. Prints one JSON line: seconds, bytes received.
"""

import asyncio
import json
import sys
import time
from pathlib import Path

import grpc
import uvloop

_AT_ONCE = 32


def raw(data: bytes) -> bytes:
    """Leave bytes as they are."""
    return data


async def unary(channel: grpc.aio.Channel, method: str, request: bytes, calls: int) -> int:
    """Call, and return how many bytes came."""
    call = channel.unary_unary(method, raw, raw)
    left = iter(range(calls))
    received = 0

    async def caller() -> None:
        nonlocal received
        for _ in left:
            received += len(await call(request))

    async with asyncio.TaskGroup() as group:
        for _ in range(_AT_ONCE):
            group.create_task(caller())
    return received


async def watch(
    channel: grpc.aio.Channel, method: str, request: bytes, calls: int, expected: int
) -> int:
    """Read streams, each until as many bytes have come as are expected; return how many."""
    total = 0
    for _ in range(calls):
        received = 0
        stream = channel.unary_stream(method, raw, raw)(request)
        async for message in stream:
            received += len(message)
            if received >= expected:
                break
        stream.cancel()
        total += received
    return total


async def main(  # noqa: PLR0917 - the command line, as it comes
    target: str, folder: Path, method: str, calls: int, request: bytes, expected: int
) -> None:
    """Run one measurement."""
    credentials = grpc.ssl_channel_credentials(
        (folder / "ca.pem").read_bytes(),
        (folder / "client.key").read_bytes(),
        (folder / "client.pem").read_bytes(),
    )
    options = (("grpc.max_receive_message_length", 64 << 20),)
    async with grpc.aio.secure_channel(target, credentials, options) as channel:
        await channel.channel_ready()
        began = time.perf_counter()
        if expected:
            received = await watch(channel, method, request, calls, expected)
        else:
            received = await unary(channel, method, request, calls)
        print(json.dumps({"seconds": time.perf_counter() - began, "bytes": received}))


if __name__ == "__main__":
    target, certificates, method, calls, request, *expected = sys.argv[1:]
    uvloop.run(
        main(
            target,
            Path(certificates),
            method,
            int(calls),
            bytes.fromhex(request),
            int(expected[0]) if expected else 0,
        )
    )
