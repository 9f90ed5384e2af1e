"""A gateway whose departments can be asked, and responders that tests steer."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import grpc
from google.protobuf.message import Message

from adapters.sdk.answers import Caller, answers
from adapters.sdk.endpoints import endpoints
from adapters.sdk.errors import CannotAnswer
from broker.answering import Answering
from broker.connection import Bus, BusSettings
from liandong.gateway.v1 import department_pb2 as api
from liandong.gateway.v1 import department_pb2_grpc as rpc
from liandong.question.v1.beds_pb2 import BedsAnswer, BedsQuestion, FacilityBeds
from liandong.question.v1.units_nearby_pb2 import UnitsNearbyAnswer, UnitsNearbyQuestion
from tests.gateway.town import City

PATIENCE_S = 30
AGREEMENTS = """
[[agreement]]
id = "beds-to-police"
provider = "*"
consumer = "police"
kinds = ["ask.beds"]

[[agreement]]
id = "records-to-police"
provider = "*"
consumer = "police"
kinds = ["*"]

[[agreement]]
id = "units-for-floods"
provider = "police"
consumer = "water"
kinds = ["ask.units_nearby"]
purposes = ["flood-response"]
"""


def beds(title: str) -> BedsAnswer:
    """Return an answer that can be told from others."""
    return BedsAnswer(facilities=[FacilityBeds(title=title)])


class Ward:
    """Answers at once with its title, and keeps who asked."""

    def __init__(self, title: str = "ward") -> None:
        self.title = title
        self.callers: list[Caller] = []

    @answers(BedsQuestion)
    async def beds(self, question: BedsQuestion, caller: Caller) -> BedsAnswer:
        """Return one facility."""
        self.callers.append(caller)
        return beds(self.title)


class Held:
    """Answers when it is let; tells when it was asked, and when it was called off."""

    def __init__(self) -> None:
        self.asked = asyncio.Semaphore(0)
        self.let = asyncio.Event()
        self.called_off = asyncio.Event()

    @answers(BedsQuestion)
    async def beds(self, question: BedsQuestion, caller: Caller) -> BedsAnswer:
        """Wait to be let."""
        self.asked.release()
        try:
            await self.let.wait()
        except asyncio.CancelledError:
            self.called_off.set()
            raise
        return beds("held")


class Wrong:
    """Goes wrong in the way it is told to."""

    def __init__(self, go: Callable[[], BedsAnswer]) -> None:
        self._go = go

    @answers(BedsQuestion)
    def beds(self, question: BedsQuestion, caller: Caller) -> BedsAnswer:
        """Go wrong."""
        return self._go()


class Refusing:
    """Refuses in words."""

    @answers(UnitsNearbyQuestion)
    async def units(self, question: UnitsNearbyQuestion, caller: Caller) -> UnitsNearbyAnswer:
        """Refuse."""
        raise CannotAnswer("the radio is down: call the desk", reason="RADIO_DOWN")


@asynccontextmanager
async def answering(
    city: City, agency: str, responder: object, *, limit: int = 16
) -> AsyncIterator[None]:
    """Run a responder for an agency."""
    async with (
        Bus(BusSettings.of(city.home, city.plan, agency)) as bus,
        Answering(bus, agency, endpoints(responder), limit=limit),
    ):
        yield


def request(question: Message, *agencies: str, within_s: float = 20.0) -> api.AskRequest:
    """Make a request."""
    made = api.AskRequest(agencies=agencies)
    made.question.Pack(question)
    made.within.FromMilliseconds(int(within_s * 1000))
    return made


@asynccontextmanager
async def departments(city: City, agency: str) -> AsyncIterator["rpc.DepartmentServiceAsyncStub"]:
    """Connect as an agency."""
    async with city.channel(agency) as channel:
        yield rpc.DepartmentServiceStub(channel)


async def ask(
    city: City,
    asking: str,
    made: api.AskRequest,
    *,
    purpose: str = "",
    metadata: tuple[tuple[str, str], ...] = (),
) -> dict[str, api.AskResponse]:
    """Ask, and return what each department said."""
    stated = (("liandong-purpose", purpose),) if purpose else ()
    async with departments(city, asking) as stub:
        call = stub.Ask(made, metadata=(*stated, *metadata), timeout=PATIENCE_S)
        found = [response async for response in call]
    assert len({one.agency for one in found}) == len(found), "one line for each department"
    return {one.agency: one for one in found}


async def refusal(city: City, asking: str, made: api.AskRequest) -> grpc.aio.AioRpcError:
    """Ask what is refused as a whole, and return the refusal."""
    try:
        await ask(city, asking, made)
    except grpc.aio.AioRpcError as error:
        return error
    raise AssertionError("it was not refused")


async def answer_of(city: City, agency: str, question: Message, answer: Message) -> None:
    """Ask a department as itself, and read what it answers."""
    said = (await ask(city, agency, request(question, agency)))[agency]
    assert said.answer.Unpack(answer), said
