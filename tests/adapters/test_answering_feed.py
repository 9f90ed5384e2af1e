"""An adapter that also answers questions does so beside its feed."""

from pathlib import Path

from google.protobuf.duration_pb2 import Duration

from adapters.bus_side import BusSide
from adapters.environment.hj212 import Hj212, Hj212Options
from adapters.sdk.answers import Caller, answers
from adapters.sdk.feed import FeedConfig
from adapters.sdk.journal import beginning
from adapters.sdk.ledger import Ledger
from adapters.sdk.pipeline import Pipeline
from broker.asking import Asking
from broker.connection import Bus, BusSettings
from liandong.question.v1 import question_pb2
from liandong.question.v1.beds_pb2 import BedsAnswer, BedsQuestion, FacilityBeds
from liandong.question.v1.question_pb2 import Asked
from tests.adapters.transports.running import own_bus


class AnsweringHj212(Hj212):
    """The usual adapter, with an answer of its own."""

    @answers(BedsQuestion)
    async def beds(self, question: BedsQuestion, caller: Caller) -> BedsAnswer:
        """Answer with the feed's id."""
        return BedsAnswer(facilities=[FacilityBeds(title=f"{self.feed.id} to {caller.agency}")])


async def test_an_adapters_answers_are_served_while_its_feed_runs(tmp_path: Path) -> None:
    """By the same process and with the same key."""
    feed = FeedConfig(
        id="environment.x", adapter="x", agency="environment", source="tcp://127.0.0.1:0"
    )
    adapter = AnsweringHj212(feed, Hj212Options())
    ledger = Ledger(beginning(feed, adapter.version, feed.source))
    envelope = Asked(
        id="1", caller=question_pb2.Caller(agency="police"), within=Duration(seconds=30)
    )
    envelope.question.Pack(BedsQuestion())
    async with own_bus(tmp_path, "environment") as own:
        side = BusSide(adapter, Pipeline(adapter, ledger), ledger, own.home, own.plan)
        async with side, Bus(BusSettings.of(own.home, own.plan, "gateway")) as gateway:
            answered = await Asking(gateway).ask("environment", "beds", envelope)

    answer = BedsAnswer()
    assert answered.answer.Unpack(answer)
    assert answer.facilities[0].title == "environment.x to police"
