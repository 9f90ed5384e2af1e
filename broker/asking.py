"""Putting a question to a department, as the gateway does."""

import asyncio

from google.protobuf.message import DecodeError
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeout

from broker.connection import Bus
from broker.errors import NoAnswer, NoResponder
from broker.questions import ask_subject, cancel_subject
from liandong.question.v1.question_pb2 import (
    ASK_CODE_DEADLINE_EXCEEDED,
    ASK_CODE_INTERNAL,
    ASK_CODE_UNAVAILABLE,
    Answered,
    Asked,
)


class Asking:
    """Asks departments over the bus.

    Args:
        bus: The gateway's connection.
    """

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def ask(self, agency: str, question: str, asked: Asked) -> Answered:
        """Put a question and return what the department says.

        When nobody waits any more, for the time is over or this was cancelled, whoever works
        on it is told.

        Raises:
            NoResponder: If nobody answers this question for the department.
            NoAnswer: If no answer comes in time, or none that can be read.
        """
        if not self._bus.is_connected:
            raise NoAnswer(ASK_CODE_UNAVAILABLE, "BUS_AWAY", "the gateway has lost the bus")
        lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        stop = self._bus.on_lost(lambda: None if lost.done() else lost.set_result(None))
        within_s = asked.within.ToNanoseconds() / 1e9
        asking = asyncio.ensure_future(
            self._bus.nc.request(
                ask_subject(agency, question), asked.SerializeToString(), timeout=within_s
            )
        )
        is_open = True
        try:
            await asyncio.wait((asking, lost), return_when=asyncio.FIRST_COMPLETED)
            if not asking.done():
                raise NoAnswer(
                    ASK_CODE_UNAVAILABLE, "BUS_LOST", "the gateway lost the bus before an answer"
                )
            message = await asking
            is_open = False
        except NoRespondersError as error:
            is_open = False
            raise NoResponder(agency, question) from error
        except NatsTimeout as error:
            raise NoAnswer(
                ASK_CODE_DEADLINE_EXCEEDED,
                "NO_ANSWER_IN_TIME",
                f"no answer within {within_s:.3g} s",
            ) from error
        except NatsError as error:
            raise NoAnswer(
                ASK_CODE_UNAVAILABLE, "BUS_AWAY", f"the bus did not take the question ({error})"
            ) from error
        finally:
            stop()
            lost.cancel()
            if is_open:
                asking.cancel()
                await self._call_off(agency, question, asked.id)
        return _answered(agency, message.data)

    async def _call_off(self, agency: str, question: str, ask_id: str) -> None:
        """Tell whoever works on a question that nobody waits for the answer."""
        try:
            await self._bus.nc.publish(cancel_subject(agency, question), ask_id.encode())
        except NatsError:
            # A responder also knows by itself when the time is over.
            return


def _answered(agency: str, data: bytes) -> Answered:
    """Return what a department said.

    Raises:
        NoAnswer: If it said nothing that can be read.
    """
    try:
        answered = Answered.FromString(data)
    except DecodeError:
        answered = Answered()
    if answered.WhichOneof("outcome") is None:
        raise NoAnswer(ASK_CODE_INTERNAL, "NOT_READABLE", f"what {agency} answered cannot be read")
    return answered
