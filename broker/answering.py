"""Answering a department's questions, as a NATS service.

Whoever answers the same question shares the work: each question goes to one of them.
"""

import asyncio
import contextlib
import functools
import time
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import Final, Self

import structlog
from google.protobuf.message import DecodeError
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

from broker.connection import Bus
from broker.errors import BusUnreachable
from broker.introduction import QUEUE, Endpoint, Introduction, Stats
from broker.questions import ask_subject, cancel_subject
from liandong.question.v1.question_pb2 import (
    ASK_CODE_INVALID_ARGUMENT,
    ASK_CODE_RESOURCE_EXHAUSTED,
    ASK_CODE_UNAVAILABLE,
    Answered,
    AskCode,
    Asked,
    AskError,
)

_FLUSH_S = 2
_log = structlog.get_logger()


class Answering:
    """Serves questions while it is open.

    Use it as ``async with Answering(bus, agency, endpoints)``. On leaving, questions that are
    still being worked on are refused, so that nobody waits for an answer that will not come.

    Args:
        bus: The agency's connection.
        agency: The agency.
        endpoints: What it answers.
        version: The responder's version, three numbers.
        limit: How many questions are worked on at a time; more are refused.

    Attributes:
        stats: What was asked, by question.

    Raises:
        BusUnreachable: On entering, if the bus does not take what is subscribed to.
    """

    def __init__(
        self,
        bus: Bus,
        agency: str,
        endpoints: Sequence[Endpoint],
        *,
        version: str = "1.0.0",
        limit: int = 16,
    ) -> None:
        self._bus = bus
        self._agency = agency
        self._endpoints = {endpoint.question: endpoint for endpoint in endpoints}
        self.stats: Final = {question: Stats() for question in self._endpoints}
        self._introduction = Introduction(
            agency,
            endpoints,
            self.stats,
            version=version,
            identity=bus.nc.new_inbox().rpartition(".")[2],
        )
        self._limit = limit
        self._working: dict[str, asyncio.Task[None]] = {}
        self._closing = False
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            stack.push_async_callback(self._end_work)
            for endpoint in self._endpoints.values():
                question = endpoint.question
                await self._subscribe(stack, cancel_subject(self._agency, question), self._cancel)
                await self._subscribe(
                    stack,
                    ask_subject(self._agency, question),
                    functools.partial(self._asked, endpoint),
                    queue=QUEUE,
                )
            for subject, told in self._introduction.answers():
                await self._subscribe(stack, subject, functools.partial(self._tell, told))
            # The server has all subscriptions when this returns.
            await self._flush()
            self._stack = stack.pop_all()
        _log.info("answers questions", agency=self._agency, questions=sorted(self._endpoints))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    @property
    def working(self) -> int:
        """Return how many questions are being worked on."""
        return len(self._working)

    async def _subscribe(
        self,
        stack: contextlib.AsyncExitStack,
        subject: str,
        callback: Callable[[Msg], Awaitable[None]],
        queue: str = "",
    ) -> None:
        """Subscribe until the stack is closed."""
        subscription: Subscription = await self._bus.nc.subscribe(subject, queue=queue, cb=callback)
        stack.push_async_callback(self._bus.end, subscription)

    async def _asked(self, endpoint: Endpoint, message: Msg) -> None:
        """Begin to work on a question, unless there is too much to do already."""
        self.stats[endpoint.question].requests += 1
        try:
            asked = Asked.FromString(message.data)
        except DecodeError:
            await self._refuse(
                endpoint, message, ASK_CODE_INVALID_ARGUMENT, "NO_QUESTION", "these bytes are none"
            )
            return
        if len(self._working) >= self._limit or asked.id in self._working:
            await self._refuse(
                endpoint,
                message,
                ASK_CODE_RESOURCE_EXHAUSTED,
                "RESPONDER_BUSY",
                f"the responder works on {self._limit} questions already: ask again in a moment, "
                "or have more responders run",
            )
            return
        task = asyncio.create_task(self._work(endpoint, asked, message))
        self._working[asked.id] = task
        task.add_done_callback(lambda _: self._working.pop(asked.id, None))

    async def _work(self, endpoint: Endpoint, asked: Asked, message: Msg) -> None:
        """Answer a question, as long as somebody waits."""
        began = time.perf_counter_ns()
        try:
            async with asyncio.timeout(asked.within.ToNanoseconds() / 1e9):
                answered = await endpoint.handle(asked)
        except TimeoutError:
            self._count_error(endpoint, "the time was over")
        except asyncio.CancelledError:
            # Called off, nobody listens; when the responder stops, somebody does.
            self._count_error(endpoint, "called off")
            if self._closing:
                await self._refuse(
                    endpoint,
                    message,
                    ASK_CODE_UNAVAILABLE,
                    "RESPONDER_STOPS",
                    "the responder stops: ask again",
                )
            raise
        else:
            await self._answer(endpoint, message, answered)
        finally:
            self.stats[endpoint.question].spent_ns += time.perf_counter_ns() - began

    async def _answer(self, endpoint: Endpoint, message: Msg, answered: Answered) -> None:
        """Send what was said, if it is not too much."""
        data = answered.SerializeToString()
        most = self._bus.nc.max_payload
        if len(data) > most:
            await self._refuse(
                endpoint,
                message,
                ASK_CODE_RESOURCE_EXHAUSTED,
                "ANSWER_TOO_LARGE",
                f"the answer has {len(data):,} bytes, at most {most:,} travel: ask for less",
            )
            return
        if answered.HasField("error"):
            self._count_error(endpoint, answered.error.message)
        await self._reply(message, data)

    async def _refuse(
        self,
        endpoint: Endpoint,
        message: Msg,
        code: "AskCode.ValueType",
        reason: str,
        sentence: str,
    ) -> None:
        """Say why there is no answer."""
        self._count_error(endpoint, sentence)
        error = AskError(code=code, reason=reason, message=sentence)
        await self._reply(message, Answered(error=error).SerializeToString())

    async def _reply(self, message: Msg, data: bytes) -> None:
        """Send something back, as far as the server is there."""
        if not message.reply:
            return
        try:
            await self._bus.nc.publish(message.reply, data)
        except NatsError as error:
            _log.warning("an answer could not be sent", agency=self._agency, error=str(error))

    async def _tell(self, told: Callable[[], bytes], message: Msg) -> None:
        """Answer one of the protocol's questions."""
        await self._reply(message, told())

    async def _cancel(self, message: Msg) -> None:
        """Stop working on a question that nobody waits for; it may be another responder's."""
        task = self._working.get(message.data.decode(errors="replace"))
        if task is not None:
            task.cancel()

    async def _end_work(self) -> None:
        """Stop working."""
        self._closing = True
        working = [*self._working.values()]
        for task in working:
            task.cancel()
        if working:
            await asyncio.wait(working)
        with contextlib.suppress(BusUnreachable):
            await self._flush()

    async def _flush(self) -> None:
        """Wait until the server has read all that was sent.

        Raises:
            BusUnreachable: If it does not.
        """
        try:
            # The client's first ping overtakes what is not yet written.
            await self._bus.nc.flush(_FLUSH_S)
            await self._bus.nc.flush(_FLUSH_S)
        except NatsError as error:
            problem = str(error).removeprefix("nats: ")
            raise BusUnreachable(self._bus.settings.url, _FLUSH_S, problem) from error

    def _count_error(self, endpoint: Endpoint, sentence: str) -> None:
        """Count a question that was not answered."""
        stats = self.stats[endpoint.question]
        stats.errors += 1
        stats.last_error = sentence
