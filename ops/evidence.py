"""What operators and departments do with a quarantine, and who visits the console, on record.

An action is in the record of accesses before it begins, and again when it has ended: one
that was killed is seen to have begun.
"""

import dataclasses
import getpass
import platform
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Final

from adapters.sdk.choice import Choice, chosen
from adapters.sdk.errors import AdapterError
from broker.connection import Bus
from broker.errors import BrokerError
from broker.home import OPS, Home
from broker.quarantine import QuarantineEntry
from gateway.audit import Deed, Deeds
from gateway.audit.access import ANSWERED, Access, Course
from gateway.identity import Caller
from gateway.permit import Permit
from liandong.gateway.v1.audit_pb2 import (
    OUTCOME_BROKEN_OFF,
    OUTCOME_REFUSED,
    PHASE_CALL,
    PHASE_ENDED,
    PHASE_OPENED,
    QuarantineAction,
)
from ops.bus import bus_of
from ops.city import City
from ops.failure import Failure

REDRIVE: Final = "Quarantine/Redrive"
DISCARD: Final = "Quarantine/Discard"
SHOW: Final = "Quarantine/Show"
SIGN_IN: Final = "Console/SignIn"
SIGN_OUT: Final = "Console/SignOut"
_NUMBERS: Final = 100
_WHICH: Final = 300


@dataclasses.dataclass(frozen=True, slots=True)
class Actor:
    """Who does something.

    Attributes:
        agency: As which department; ``ops``: the operators; empty: not known.
        name: Who it is within it: a session of the console, or a user of a machine.
        purpose: The purpose that was stated; empty: none.
        role: By what: ``console`` or ``command``.
    """

    agency: str
    name: str
    purpose: str = ""
    role: str = "console"

    @property
    def caller(self) -> Caller:
        """Return the same as a gateway would know it."""
        return Caller(self.agency, self.role, self.purpose)


def commander() -> Actor:
    """Return who runs this command: the operators, as a user of a machine."""
    return Actor(OPS, f"{getpass.getuser()}@{platform.node()}", role="command")


class Evidence:
    """Records what is done beside the gateways, under the operators' own name.

    Args:
        home: Where the operators' keys lie.
        city: The city.
    """

    def __init__(self, home: Home, city: City) -> None:
        self._home, self._city = home, city

    async def record(
        self,
        method: str,
        actor: Actor,
        course: Course = ANSWERED,
        action: QuarantineAction | None = None,
    ) -> None:
        """Record what is done at once; it is in the log when this returns.

        Raises:
            BrokerError: If it cannot be recorded.
        """
        async with self._deeds() as deeds:
            await deeds.record(_access(method, actor, course, action))

    @asynccontextmanager
    async def of(
        self, method: str, actor: Actor, action: QuarantineAction
    ) -> AsyncGenerator[QuarantineAction]:
        """Record an action before it begins, and how it ended; it is told in what is yielded.

        Raises:
            BrokerError: If the bus cannot be reached: nothing was done.
            Failure: If it cannot be recorded; the sentence says whether it was done.
        """
        async with self._deeds() as deeds:
            opening = _access(method, actor, Course(PHASE_OPENED), action)
            try:
                await deeds.record(opening)
            except BrokerError as error:
                raise Failure(
                    f"nothing was done, for it could not be recorded before ({error})"
                ) from error
            came = QuarantineAction()
            came.CopyFrom(action)
            course = Course(PHASE_ENDED, OUTCOME_BROKEN_OFF, "STOPPED")
            try:
                yield came
                course = Course(PHASE_ENDED)
            except (AdapterError, BrokerError, Failure, LookupError) as error:
                course = Course(PHASE_ENDED, OUTCOME_BROKEN_OFF, "FAILED", str(error))
                raise
            finally:
                ending = _access(method, actor, course, came)
                ending.opening = opening
                try:
                    await deeds.record(ending)
                except BrokerError as error:
                    raise Failure(
                        f"it was begun, and how it ended could not be recorded ({error}): entry "
                        f"{opening.sequence} of {OPS} in the record of accesses has only the start"
                    ) from error

    @asynccontextmanager
    async def _deeds(self) -> AsyncIterator[Deeds]:
        """Open the way to the log."""
        key, _ = self._home.signing_key(OPS)
        async with bus_of(self._home, self._city, OPS) as bus:
            yield Deeds(bus, OPS, key)


def refused(reason: str, detail: str) -> Course:
    """Return that something was refused.

    Args:
        reason: Why, for programs.
        detail: The same as it was told.
    """
    return Course(PHASE_CALL, OUTCOME_REFUSED, reason, detail)


def asked(agency: str, feed: str, choice: Choice, reason: str = "") -> QuarantineAction:
    """Return an action as it was asked for, before anybody looks which entries that means."""
    return QuarantineAction(agency=agency, feed=feed, which=str(choice)[:_WHICH], reason=reason)


def looked_at(entry: QuarantineEntry) -> QuarantineAction:
    """Return that an entry's raw bytes are shown."""
    number = entry.sequence or 0
    return QuarantineAction(
        agency=entry.agency, feed=entry.feed, which=f"no. {number}", meant=1, numbers=[number]
    )


async def meant(
    bus: Bus, agency: str, feed: str, choice: Choice, reason: str = ""
) -> QuarantineAction:
    """Return which entries an action means, their numbers bounded.

    Raises:
        StreamUnavailable: If the quarantine cannot be read to its end.
    """
    action = asked(agency, feed, choice, reason)
    async with aclosing(chosen(bus, agency, feed, choice, headers_only=True)) as found:
        async for entry in found:
            action.meant += 1
            if action.meant <= _NUMBERS:
                action.numbers.append(entry.sequence or 0)
    return action


def _access(method: str, actor: Actor, course: Course, action: QuarantineAction | None) -> Access:
    """Return what is recorded."""
    caller = actor.caller
    return Access(
        Deed(method, caller),
        Counter(),
        Permit(caller, ()),
        time.time_ns(),
        course,
        action=action,
        actor=actor.name,
    )
