"""A responder in a process of its own, that says when it was asked and never answers."""

import asyncio
import sys

import msgspec

from adapters.sdk.answers import Caller, answers
from adapters.sdk.endpoints import endpoints
from broker.answering import Answering
from broker.connection import Bus, BusSettings
from liandong.question.v1.beds_pb2 import BedsAnswer, BedsQuestion


class Dying:
    """Takes a question and does nothing more."""

    @answers(BedsQuestion)
    async def beds(self, question: BedsQuestion, caller: Caller) -> BedsAnswer:
        """Say that it was asked, and wait."""
        print("asked", file=sys.stderr, flush=True)
        await asyncio.Event().wait()
        return BedsAnswer()


async def main() -> None:
    """Answer until killed."""
    settings = msgspec.json.decode(sys.argv[1], type=BusSettings)
    async with Bus(settings) as bus, Answering(bus, settings.user, endpoints(Dying())):
        print("ready", file=sys.stderr, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
