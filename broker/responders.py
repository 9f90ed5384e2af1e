"""Which responders are there, as they tell the hub themselves."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import msgspec
import structlog
from nats.aio.msg import Msg
from nats.errors import Error as NatsError

from broker.connection import Bus
from broker.questions import answering_subject, question_name

_WAIT_S = 0.5
# One who was not expected may not be alone.
_SETTLE_S = 0.02
_MOST_BYTES = 1 << 16
_MOST_QUESTIONS = 256
_log = structlog.get_logger()


class _Metadata(msgspec.Struct, frozen=True):
    question: str = ""
    answer: str = ""


class _Served(msgspec.Struct, frozen=True):
    name: str
    metadata: _Metadata = _Metadata()


class _Info(msgspec.Struct, frozen=True):
    """What of NATS's INFO is of use here."""

    id: str
    endpoints: tuple[_Served, ...] = ()


@dataclass(frozen=True, slots=True)
class Answerable:
    """A question that a department answers, or did.

    Attributes:
        name: Its name.
        message: Its message, the full name.
        answer: The answer's.
        responders: How many answer it now.
    """

    name: str
    message: str
    answer: str
    responders: int


class Responders:
    """Looks who is there when it is asked to, and remembers what was ever answered.

    Use it as ``async with Responders(bus, agencies) as responders``.

    Args:
        bus: The gateway's connection.
        agencies: Whose responders.
    """

    def __init__(self, bus: Bus, agencies: Sequence[str]) -> None:
        self._bus = bus
        self._agencies = tuple(agencies)
        self._inbox = bus.nc.new_inbox()
        self._round = 0
        self._began_at = float("-inf")
        self._one_at_a_time = asyncio.Lock()
        self._heard = asyncio.Event()
        self._present: dict[str, dict[str, _Info]] = {agency: {} for agency in agencies}
        self._finding: dict[str, dict[str, _Info]] = {}
        self._absent: set[str] = set()
        self._known: dict[str, dict[str, _Served]] = {agency: {} for agency in agencies}
        self._stack = contextlib.AsyncExitStack()

    async def __aenter__(self) -> Self:
        subscription = await self._bus.nc.subscribe(f"{self._inbox}.*.*", cb=self._told)
        self._stack.push_async_callback(self._bus.end, subscription)
        await self.look()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    async def look(self) -> None:
        """Find who is there now; callers at the same time share one look.

        It takes as long as the slowest responder that was there before, and 0.5 s at most.
        """
        loop = asyncio.get_running_loop()
        came_at = loop.time()
        async with self._one_at_a_time:
            if self._began_at < came_at:
                self._began_at = loop.time()
                await self._look()

    async def _look(self) -> None:
        """Ask for all, and wait for those who are expected."""
        self._round += 1
        self._finding = {agency: {} for agency in self._agencies}
        self._absent.clear()
        try:
            for agency in self._agencies:
                reply = f"{self._inbox}.{self._round}.{agency}"
                await self._bus.nc.publish(answering_subject(agency), reply=reply)
        except NatsError as error:
            _log.warning("responders cannot be asked", error=str(error))
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_WAIT_S):
                while not self._is_complete():
                    self._heard.clear()
                    await self._heard.wait()
                if self._has_newcomers():
                    await asyncio.sleep(_SETTLE_S)
        # Who answers later still enters this round.
        self._present = self._finding

    def answerable(self, agency: str) -> list[Answerable]:
        """Return the questions that an agency answers or did, ordered by name."""
        present = self._present.get(agency, {}).values()
        return [
            Answerable(
                name,
                served.metadata.question,
                served.metadata.answer,
                sum(any(one.name == name for one in info.endpoints) for info in present),
            )
            for name, served in sorted(self._known.get(agency, {}).items())
        ]

    def knows(self, agency: str, question: str) -> bool:
        """Tell whether an agency answers a question, or ever did."""
        return question in self._known.get(agency, {})

    def is_responding(self, agency: str) -> bool:
        """Tell whether any responder of an agency is there."""
        return bool(self._present.get(agency))

    def _is_complete(self) -> bool:
        """Tell whether all have been heard who are expected."""
        return all(
            agency in self._absent
            or (found and found.keys() >= self._present.get(agency, {}).keys())
            for agency, found in self._finding.items()
        )

    def _has_newcomers(self) -> bool:
        """Tell whether somebody was heard who was not expected."""
        return any(
            found.keys() - self._present.get(agency, {}).keys()
            for agency, found in self._finding.items()
        )

    async def _told(self, message: Msg) -> None:
        """Take what a responder tells, or that there is none; the subject says of which agency."""
        _, number, agency = message.subject.rsplit(".", 2)
        if number != str(self._round):
            return
        self._heard.set()
        if message.headers and message.headers.get("Status") == "503":
            self._absent.add(agency)
            return
        try:
            info = msgspec.json.decode(message.data[:_MOST_BYTES], type=_Info)
        except msgspec.DecodeError as error:
            _log.warning("a responder tells of itself wrongly", agency=agency, error=str(error))
            return
        self._finding[agency][info.id] = info
        known = self._known[agency]
        for served in info.endpoints:
            is_named_right = question_name(served.metadata.question) == served.name
            if is_named_right and (served.name in known or len(known) < _MOST_QUESTIONS):
                known[served.name] = served
