"""The ceiling of queries: a grpc.aio server that returns given bytes and does nothing else.

    python -m benchmarks.bare_gateway FOLDER

The folder holds the certificates (``ca.pem``, ``server.pem``, ``server.key``) and the bytes
of each answer (``get``, ``list``, and ``watch.N``, the messages of a watch). TLS, event loop
and options are the gateway's own. Prints its port when it serves, and ends with its input.
`Fanout` writes to all who are connected the messages in the file ``fanout``, at their times, for
each line of input, and prints a line when it has.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import grpc
import uvloop

from gateway.listening import OPTIONS

SERVICE = "bare.Gateway"


def raw(data: bytes) -> bytes:
    """Leave bytes as they are."""
    return data


class Fanout:
    """Streams that write the same messages at the same times, and do nothing else."""

    def __init__(self) -> None:
        self._message = b""
        self._waiting: list[asyncio.Future[None]] = []

    async def stream(self, _: bytes, context: Any) -> None:
        """Write each message when it is there."""
        await context.write(b"")
        loop = asyncio.get_running_loop()
        while True:
            waiter = loop.create_future()
            self._waiting.append(waiter)
            await waiter
            await context.write(self._message)

    async def play(self, messages: list[tuple[float, str]]) -> None:
        """Have every stream write the messages, at intervals as given."""
        loop = asyncio.get_running_loop()
        ahead = loop.time() - messages[0][0]
        for at, message in messages:
            await asyncio.sleep(max(at + ahead - loop.time(), 0))
            self._message = bytes.fromhex(message)
            waiting, self._waiting = self._waiting, []
            for waiter in waiting:
                if not waiter.done():
                    waiter.set_result(None)


def handlers(folder: Path, fanout: Fanout) -> "grpc.GenericRpcHandler[Any, Any]":
    """Return methods that answer with the folder's bytes."""
    one, page = _bytes(folder / "get"), _bytes(folder / "list")
    count = len(list(folder.glob("watch.*")))
    messages = [(folder / f"watch.{number}").read_bytes() for number in range(count)]

    async def get(_: bytes, __: Any) -> bytes:
        return one

    async def listed(_: bytes, __: Any) -> bytes:
        return page

    async def watch(_: bytes, context: Any) -> None:
        for message in messages:
            await context.write(message)

    return grpc.method_handlers_generic_handler(
        SERVICE,
        {
            "Get": grpc.unary_unary_rpc_method_handler(get, raw, raw),
            "List": grpc.unary_unary_rpc_method_handler(listed, raw, raw),
            "Watch": grpc.unary_stream_rpc_method_handler(watch, raw, raw),
            "Fanout": grpc.unary_stream_rpc_method_handler(fanout.stream, raw, raw),
        },
    )


def _bytes(path: Path) -> bytes:
    """Return a file's bytes; none when it is not there."""
    return path.read_bytes() if path.exists() else b""


async def main(folder: Path) -> None:
    """Serve until the input ends."""
    server = grpc.aio.server(options=OPTIONS)
    fanout = Fanout()
    server.add_generic_rpc_handlers((handlers(folder, fanout),))
    credentials = grpc.ssl_server_credentials(
        [((folder / "server.key").read_bytes(), (folder / "server.pem").read_bytes())],
        root_certificates=(folder / "ca.pem").read_bytes(),
        require_client_auth=True,
    )
    port = server.add_secure_port("127.0.0.1:0", credentials)
    await server.start()
    print(port, flush=True)
    while await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline):
        await fanout.play(json.loads((folder / "fanout").read_text()))
        print("played", flush=True)
    await server.stop(None)


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1])))
