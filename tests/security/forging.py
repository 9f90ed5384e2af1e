"""A department's own server, modified: it speaks the leaf protocol and sends what it likes.

Source: the NATS leaf node protocol, as nats-server 2.15 speaks it: ``CONNECT``, ``LS+``,
``LMSG``; of a message that a consumer delivers the reply ends in ``@`` and its subject.
"""

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import nkeys

from broker.connection import Bus, BusSettings
from broker.definitions import definitions
from broker.home import Home
from broker.nkey import public_key
from broker.nodes import certificate_of
from broker.users import admin, link
from tests.e2e.machines import Machine, Machines, city_file, leaf, node


class ForgingLeaf:
    """Joins the hub with a department's own key and certificate, and delivers forgeries.

    Use it as ``async with ForgingLeaf(...) as leaf``.

    Args:
        home: Where the department's key and its server's certificate lie.
        agency: The department.
        port: Of the hub, for links.
    """

    def __init__(self, home: Home, agency: str, port: int) -> None:
        self._home, self._agency, self._port = home, agency, port
        self._stream = agency.upper()
        self._config: dict[str, Any] = {}

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        info = json.loads((await self._reader.readline()).removeprefix(b"INFO "))
        context = ssl.create_default_context(cafile=str(self._home.ca))
        name = certificate_of(f"leaf-{self._agency}")
        context.load_cert_chain(*self._home.certificate(name))
        await self._writer.start_tls(context, server_hostname="127.0.0.1")
        seed = self._home.seed(link(self._agency))
        signed = nkeys.from_seed(bytearray(seed)).sign(info["nonce"].encode())
        greeting = {
            "nkey": public_key(seed),
            "sig": base64.urlsafe_b64encode(signed).rstrip(b"=").decode(),
            "name": "forger",
            "server_id": "FORGER",
            "cluster": "forger",
            "version": info["version"],
            "domain": self._agency,
            "headers": True,
            "jetstream": True,
            "tls_required": True,
        }
        asked = f"$JS.{self._agency}.API.CONSUMER.CREATE.{self._stream}.>"
        await self._send(f"CONNECT {json.dumps(greeting)}\r\nPING\r\nLS+ {asked}\r\n".encode())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._writer.transport.abort()

    async def hold(self, count: int) -> None:
        """Wait until the hub asks for the stream, and tell it how much that holds."""
        self._config, reply = await self._asked()
        none = {"consumer_seq": 0, "stream_seq": 0}
        made = {
            "type": "io.nats.jetstream.api.v1.consumer_create_response",
            "stream_name": self._stream,
            "name": self._config["name"],
            "created": "2026-06-15T00:00:00Z",
            "config": self._config,
            "delivered": none,
            "ack_floor": none,
            "num_pending": count,
        }
        await self._send(_message(reply, json.dumps(made).encode()))

    async def deliver(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Send these as what the stream holds, under subjects that it does not have."""
        consumer, target = self._config["name"], self._config["deliver_subject"]
        for number, (subject, payload) in enumerate(messages, 1):
            place = f"1.{number}.{number}.1780000000000000000.{len(messages) - number}"
            ack = f"$JS.ACK.{self._stream}.{consumer}.{place}@{subject}"
            await self._send(_message(f"{target} {ack}", payload))

    async def _asked(self) -> tuple[dict[str, Any], str]:
        """Return the consumer that the hub asks for, and where it awaits the answer."""
        while line := await self._reader.readline():
            if line.startswith(b"PING"):
                await self._send(b"PONG\r\n")
            elif line.startswith((b"HMSG ", b"LMSG ")):
                _, _, *words = line.decode().split()
                body = await self._reader.readexactly(int(words[-1]) + 2)
                headers = int(words[-2]) if line.startswith(b"HMSG ") else 0
                return json.loads(body[headers:])["config"], words[-3 if headers else -2]
        raise EOFError("the hub hung up")

    async def _send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()


def _message(where: str, payload: bytes) -> bytes:
    """Return a message of the leaf protocol."""
    return f"LMSG {where} {len(payload)}\r\n".encode() + payload + b"\r\n"


async def lay_out(machines: Machines, accounts: Collection[str]) -> None:
    """Make the streams of accounts."""
    for stream in definitions(machines.plan):
        if stream.account in accounts:
            settings = BusSettings.of(machines.home, machines.plan, admin(stream.account))
            async with Bus(settings) as bus:
                await bus.js.add_stream(stream.config)


@asynccontextmanager
async def hub(folder: Path) -> AsyncIterator[Machines]:
    """Run the hub of a city of which a department has a server of its own, and not that."""
    machines = Machines(city_file(folder, "leaf", node("nats-1"), leaf("environment")), folder)
    machines.render()
    server = Machine(machines.out / "nats-1")
    await server.start()
    try:
        await lay_out(machines, {"WATER", "POLICE"})
        yield machines
    finally:
        await server.stop()
