"""Questions on the bus: who can put them and who can answer; what responders tell of them."""

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from nats.aio.msg import Msg
from nats.errors import NoRespondersError

from broker.answering import Answering
from broker.asking import Asking
from broker.connection import Bus, BusSettings
from broker.errors import NoAnswer, NoResponder
from broker.home import Home
from broker.introduction import Endpoint
from broker.responders import Responders
from broker.server import EmbeddedServer
from broker.streams import reconcile
from liandong.question.v1.question_pb2 import ASK_CODE_UNAVAILABLE, Answered, Asked, AskError
from tests.conftest import small_plan

Connect = Callable[[str], AbstractAsyncContextManager[Bus]]
PATIENCE_S = 30


@pytest.fixture
def question() -> str:
    """Return a question that no other test asks."""
    return f"q{uuid.uuid4().hex}"


async def settle(bus: Bus) -> None:
    """Wait until the server has read all that was sent."""
    # The client's first ping overtakes what is not yet written.
    await bus.nc.flush()
    await bus.nc.flush()


def endpoint(
    question: str, handle: Callable[[Asked], Awaitable[Answered]] | None = None
) -> Endpoint:
    """Return what answers a question; by itself with its id."""

    async def echo(asked: Asked) -> Answered:
        return Answered(error=AskError(message=asked.id))

    name = f"test.{question.capitalize()}"
    return Endpoint(question, f"{name}Question", f"{name}Answer", handle or echo)


def asked(within_s: float = 20.0) -> Asked:
    """Return an envelope."""
    envelope = Asked(id=uuid.uuid4().hex)
    envelope.within.FromMilliseconds(int(within_s * 1000))
    return envelope


async def test_the_gateway_asks_and_the_agency_answers(bus_of: Connect, question: str) -> None:
    """Through the hub's import, with nothing refused to either."""
    envelope = asked()
    async with (
        bus_of("water") as water,
        bus_of("gateway") as gateway,
        Answering(water, "water", [endpoint(question)]),
    ):
        answered = await Asking(gateway).ask("water", question, envelope)

        assert answered.error.message == envelope.id
        assert (water.nc.last_error, gateway.nc.last_error) == (None, None)


async def test_a_forged_question_reaches_nobody(tmp_path: Path, question: str) -> None:
    """Not even from the administrator of another agency's account, who may do all in it."""
    home, plan = Home(tmp_path / "home"), small_plan(("police", "water"))
    heard: list[str] = []

    async def hear(envelope: Asked) -> Answered:
        heard.append(envelope.caller.agency)
        return Answered(error=AskError(message="heard"))

    forged = asked()
    forged.caller.agency = "emergency"
    async with EmbeddedServer(home, plan):
        await reconcile(home, plan)
        async with (
            Bus(BusSettings.of(home, plan, "water")) as water,
            Bus(BusSettings.of(home, plan, "admin.police")) as forger,
            Bus(BusSettings.of(home, plan, "gateway")) as gateway,
            Answering(water, "water", [endpoint(question, hear)]),
        ):
            with pytest.raises(NoRespondersError):
                await forger.nc.request(f"ask.water.{question}", forged.SerializeToString())

            assert heard == []
            await Asking(gateway).ask("water", question, asked())
            assert heard == [""]


async def test_nobody_answers_as_another_agency(tmp_path: Path, question: str) -> None:
    """Who listens to another's questions in an account of its own hears none of them."""
    home, plan = Home(tmp_path / "home"), small_plan(("police", "water"))
    heard: list[str] = []

    async def hear(message: Msg) -> None:
        heard.append(message.subject)
        await message.respond(b"forged")

    async with EmbeddedServer(home, plan):
        await reconcile(home, plan)
        async with (
            Bus(BusSettings.of(home, plan, "admin.police")) as forger,
            Bus(BusSettings.of(home, plan, "gateway")) as gateway,
        ):
            await forger.nc.subscribe("ask.>", cb=hear)
            await forger.nc.subscribe("answering.>", cb=hear)
            await forger.nc.subscribe("$SRV.>", cb=hear)
            await settle(forger)

            with pytest.raises(NoResponder):
                await Asking(gateway).ask("water", question, asked())
            async with Responders(gateway, ("water",)) as responders:
                assert not responders.is_responding("water")

            assert heard == []


async def test_an_answer_that_cannot_be_read_is_told(bus_of: Connect, question: str) -> None:
    """A program that only looks like a responder harms nobody."""

    async def answer(message: Msg) -> None:
        await message.respond(b"\xff\xff")

    async with bus_of("water") as water, bus_of("gateway") as gateway:
        await water.nc.subscribe(f"ask.water.{question}", cb=answer)
        await settle(water)

        with pytest.raises(NoAnswer, match="cannot be read"):
            await Asking(gateway).ask("water", question, asked())


async def test_bytes_that_are_no_question_are_refused(bus_of: Connect, question: str) -> None:
    """The responder says so and goes on."""
    async with (
        bus_of("water") as water,
        bus_of("gateway") as gateway,
        Answering(water, "water", [endpoint(question)]),
    ):
        said = await gateway.nc.request(f"ask.water.{question}", b"\xff", timeout=PATIENCE_S)

        assert Answered.FromString(said.data).error.reason == "NO_QUESTION"
        assert await Asking(gateway).ask("water", question, asked())


async def test_a_question_under_way_when_the_bus_goes_fails_at_once(
    tmp_path: Path, question: str
) -> None:
    """Its answer could not come; the deadline need not be waited for."""
    home, plan = Home(tmp_path / "home"), small_plan(("water",))
    working = asyncio.Event()

    async def wait(_: Asked) -> Answered:
        working.set()
        await asyncio.Event().wait()
        return Answered()

    async with EmbeddedServer(home, plan) as server:
        await reconcile(home, plan)
        async with (
            Bus(BusSettings.of(home, plan, "water")) as water,
            Bus(BusSettings.of(home, plan, "gateway")) as gateway,
            Answering(water, "water", [endpoint(question, wait)]),
        ):
            asking = asyncio.create_task(
                Asking(gateway).ask("water", question, asked(within_s=600))
            )
            async with asyncio.timeout(PATIENCE_S):
                await working.wait()
                await server.stop()
                with pytest.raises(NoAnswer, match="lost the bus") as caught:
                    await asking

            assert caught.value.code == ASK_CODE_UNAVAILABLE


async def test_operators_see_what_is_answered_and_how_often(bus_of: Connect, question: str) -> None:
    """By NATS's protocol for services: PING, INFO and STATS, all or by name or by id."""

    async def fail(_: Asked) -> Answered:
        return Answered(error=AskError(message="no"))

    async with (
        bus_of("water") as water,
        bus_of("gateway") as gateway,
        bus_of("ops.water") as operator,
        Answering(water, "water", [endpoint(question, fail)]),
    ):
        await Asking(gateway).ask("water", question, asked())

        ping = json.loads((await operator.nc.request("$SRV.PING")).data)
        info = json.loads((await operator.nc.request("$SRV.INFO.ask")).data)
        stats = json.loads((await operator.nc.request(f"$SRV.STATS.ask.{info['id']}")).data)

    assert ping["type"] == "io.nats.micro.v1.ping_response"
    assert (info["name"], info["id"]) == ("ask", ping["id"])
    assert info["endpoints"][0]["subject"] == f"ask.water.{question}"
    told = stats["endpoints"][0]
    assert (told["num_requests"], told["num_errors"], told["last_error"]) == (1, 1, "no")


async def test_what_responders_tell_wrongly_is_left_out(bus_of: Connect, question: str) -> None:
    """A department's own mistake hides nothing of what others answer."""

    async def tell(message: Msg) -> None:
        await message.respond(b"{no json")

    async with bus_of("police") as police, bus_of("water") as water, bus_of("gateway") as gateway:
        await police.nc.subscribe("$SRV.INFO.ask", cb=tell)
        await settle(police)
        async with (
            Answering(water, "water", [endpoint(question)]),
            Responders(gateway, ("police", "water")) as responders,
        ):
            assert not responders.is_responding("police")
            assert [one.name for one in responders.answerable("water")] == [question]
