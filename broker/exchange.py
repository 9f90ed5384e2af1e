"""One batch and its answer: written in one piece, ended as soon as no answer can come."""

import asyncio
import contextlib
import itertools
import json
from collections.abc import Set as AbstractSet
from types import TracebackType
from typing import Any, Self

from nats.aio.msg import Msg

from broker.connection import Bus
from broker.outgoing import Outgoing, batch_bytes, hpub

_ATTEMPT_S = 5.0
_UNREAD_BYTES = 16 << 20
_NOBODY = "503"


class Denied(Exception):
    """The server refused subjects of a batch, of which nothing was stored.

    Attributes:
        subjects: The refused ones, in lower case.
    """

    def __init__(self, subjects: set[str]) -> None:
        super().__init__(f"publishing on {', '.join(sorted(subjects))} is denied")
        self.subjects = subjects


class Sent:
    """A batch whose answer has not come.

    Args:
        number: What tells it from others.
        messages: Its messages.
    """

    __slots__ = ("answer", "denied", "messages", "number")

    def __init__(self, number: str, messages: list[Outgoing]) -> None:
        self.number = number
        self.messages = messages
        self.answer: asyncio.Future[Msg] = asyncio.get_running_loop().create_future()
        self.denied: set[str] = set()

    def fail(self, error: Exception) -> None:
        """Let no answer be waited for."""
        if not self.answer.done():
            self.answer.set_exception(error)


class Exchange:
    """Sends batches and returns what the server answers, for as many at a time as there are.

    Args:
        bus: An open connection.
    """

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._inbox = bus.nc.new_inbox()
        self._numbers = itertools.count(1)
        self._waiting: dict[str, Sent] = {}
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        subscription = await self._bus.nc.subscribe(f"{self._inbox}.*", cb=self._answered)
        self._stack.push_async_callback(self._bus.end, subscription)
        self._stack.callback(self._bus.on_denied(self._on_denied))
        self._stack.callback(self._bus.on_lost(self._on_lost))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    async def commit(
        self, messages: list[Outgoing], within_s: float = _ATTEMPT_S
    ) -> dict[str, Any]:
        """Write one message, or several as an atomic batch; return the server's answer.

        Args:
            messages: The messages.
            within_s: How long to wait for the answer, seconds; never longer than five.

        Raises:
            Denied: If the user may not publish on some of the subjects.
            TimeoutError: If no answer came in time.
            ConnectionError: If the connection is away or was lost, or nobody serves the
                stream at the moment.
        """
        return await self.answer(self.send(messages), within_s)

    def send(self, messages: list[Outgoing], firsts: AbstractSet[int] = frozenset()) -> Sent:
        """Write one message, or several as an atomic batch, now; `answer` waits for it.

        Args:
            messages: The messages.
            firsts: Of a batch the indexes of those whose subject must hold nothing yet.
        """
        number = str(next(self._numbers))
        reply = f"{self._inbox}.{number}"
        if len(messages) == 1:
            data = hpub(messages[0], reply)
        else:
            data = batch_bytes(f"{self._inbox[-22:]}-{number}", messages, reply, firsts)
        sent = self._waiting[number] = Sent(number, messages)
        try:
            self._write(data)
        except ConnectionError as error:
            sent.fail(error)
        return sent

    async def answer(self, sent: Sent, within_s: float = _ATTEMPT_S) -> dict[str, Any]:
        """Return the server's answer to what was sent.

        Args:
            sent: That.
            within_s: How long to wait, seconds; never longer than five.

        Raises:
            Denied: As of `commit`.
            TimeoutError: As of `commit`.
            ConnectionError: As of `commit`.
        """
        try:
            async with asyncio.timeout(min(within_s, _ATTEMPT_S)):
                message = await sent.answer
        finally:
            del self._waiting[sent.number]
        if message.headers and message.headers.get("Status") == _NOBODY:
            raise ConnectionError("nobody serves the stream at the moment")
        decoded: dict[str, Any] = json.loads(message.data)
        return decoded

    def _write(self, data: bytes) -> None:
        """Write protocol bytes in one piece, now.

        The client's own ``publish`` writes message by message and costs more than all else
        in a batch together; its flusher would write in its turn, and the server idle until
        whoever was awake before has done his work.

        Raises:
            ConnectionError: If the connection is away, or the server reads too slowly.
        """
        client, writer = self._bus.nc, self._bus.writer
        if writer is None or not client.is_connected:
            raise ConnectionError("the bus is away")
        # Each attempt would pile up behind the last; what waits here waits in memory.
        unread = client.pending_data_size + writer.transport.get_write_buffer_size()
        if unread > _UNREAD_BYTES:
            raise ConnectionError("the server does not read what is sent to it")
        # First what the client was told before, such as to subscribe to the answers.
        writer.writelines([*client._pending, data])  # noqa: SLF001
        client._pending, client._pending_data_size = [], 0  # noqa: SLF001

    async def _answered(self, message: Msg) -> None:
        """Hand an answer to whoever waits for it."""
        waiting = self._waiting.get(message.subject.rpartition(".")[2])
        if waiting is not None and not waiting.answer.done():
            waiting.answer.set_result(message)

    def _on_lost(self) -> None:
        """Stop waiting for answers that will not come."""
        for waiting in self._waiting.values():
            waiting.fail(ConnectionError("the connection was lost"))

    def _on_denied(self, subject: str) -> None:
        """Stop waiting where a subject was refused: a batch with a gap is never answered."""
        for waiting in self._waiting.values():
            if any(message.subject.lower() == subject for message in waiting.messages):
                # The one error that is raised tells of all that are refused until then.
                waiting.denied.add(subject)
                waiting.fail(Denied(waiting.denied))
