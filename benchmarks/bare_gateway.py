"""The ceiling of queries: a grpc.aio server that returns given bytes and does nothing else.

    python -m benchmarks.bare_gateway FOLDER

The folder holds the certificates (``ca.pem``, ``server.pem``, ``server.key``) and the bytes
of each answer (``get``, ``list``, and ``watch.N``, the messages of a watch). TLS, event loop
and options are the gateway's own. Prints its port when it serves, and ends with its input.
"""

import asyncio
import sys
from pathlib import Path
from typing import Any

import grpc
import uvloop

from gateway.server import OPTIONS

SERVICE = "bare.Gateway"


def raw(data: bytes) -> bytes:
    """Leave bytes as they are."""
    return data


def handlers(folder: Path) -> "grpc.GenericRpcHandler[Any, Any]":
    """Return methods that answer with the folder's bytes."""
    one, page = (folder / "get").read_bytes(), (folder / "list").read_bytes()
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
        },
    )


async def main(folder: Path) -> None:
    """Serve until the input ends."""
    server = grpc.aio.server(options=OPTIONS)
    server.add_generic_rpc_handlers((handlers(folder),))
    credentials = grpc.ssl_server_credentials(
        [((folder / "server.key").read_bytes(), (folder / "server.pem").read_bytes())],
        root_certificates=(folder / "ca.pem").read_bytes(),
        require_client_auth=True,
    )
    port = server.add_secure_port("127.0.0.1:0", credentials)
    await server.start()
    print(port, flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await server.stop(None)


if __name__ == "__main__":
    uvloop.run(main(Path(sys.argv[1])))
