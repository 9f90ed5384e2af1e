"""Explaining a decision: who, what, why or why not, and which line of the agreements says so."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from gateway.agreement import ANY
from gateway.agreements import Agreements, nanoseconds
from gateway.disclosure import Disclosure
from gateway.identity import Caller
from gateway.key import Key
from gateway.terms import Condition, Terms


@dataclass(frozen=True, slots=True)
class Explained:
    """What one agreement says to a decision.

    Attributes:
        terms: The agreement.
        conditions: Its conditions; those that depend on a record only if one is known.
    """

    terms: Terms
    conditions: tuple[Condition, ...]

    @property
    def opens(self) -> bool:
        """Tell whether all conditions are met."""
        return all(condition.holds for condition in self.conditions)


@dataclass(frozen=True, slots=True)
class Explanation:
    """A decision and its reasons.

    Attributes:
        disclosure: How the record leaves; None: it does not, or it is not known which it is.
        sentence: The decision in one sentence.
        agreements: What each agreement between the two departments says.
    """

    disclosure: Disclosure | None
    sentence: str
    agreements: tuple[Explained, ...]


def explain(agreements: Agreements, caller: Caller, key: Key, told: Key | None) -> Explanation:
    """Explain whether a caller may read records of a key.

    Args:
        agreements: The agreements in force.
        caller: Who would read, and what for.
        key: What would be read.
        told: What of the key may be told; None: nothing but agency and kind.
    """
    reasons = tuple(_between(agreements, caller, key, told))
    if told is None:
        return Explanation(None, _untold(caller, key, reasons), reasons)
    disclosure = agreements.granted(caller).disclosure(key)
    return Explanation(disclosure, _sentence(caller, told, disclosure, reasons), reasons)


def incident_of(agreements: Agreements, terms: Terms, consumer: str, status: int) -> str:
    """Return the incident that opens an agreement for records of a status now; empty: none."""
    now = nanoseconds(datetime.now(UTC))
    return agreements.incidents.opening(terms, consumer, now).get(status, "")


def _between(
    agreements: Agreements, caller: Caller, key: Key, told: Key | None
) -> Iterator[Explained]:
    """Return what each agreement between two departments says."""
    now = datetime.now(UTC)
    for terms in agreements.terms:
        is_for = terms.agreement.consumer in {caller.agency, ANY}
        if not (is_for and terms.agreement.provider in {key.agency, ANY}):
            continue
        conditions = [*terms.for_caller(caller.agency, caller.purpose)]
        incident = incident_of(agreements, terms, caller.agency, key.status) if terms.level else ""
        conditions += terms.for_moment(now, incident)
        conditions += (
            condition
            for condition in terms.for_record(key, told or key)
            if told is not None or condition.field in {"provider", "kinds"}
        )
        yield Explained(terms, tuple(conditions))


def _sentence(
    caller: Caller, told: Key, disclosure: Disclosure | None, reasons: tuple[Explained, ...]
) -> str:
    """Return a decision in one sentence."""
    who = f"{caller.agency} for {caller.purpose}" if caller.purpose else caller.agency
    what = f"{told.kind} of {told.agency}"
    if disclosure is None:
        found = "none of the agreements opens it" if reasons else "there is no agreement"
        return f"{who} may not read {what}: {found}"
    if not disclosure.agreements:
        return f"{who} may read {what}: it is its own"
    without = f", without {', '.join(disclosure.hidden)}" if disclosure.hidden else ""
    emergency = f", because of {disclosure.emergency}" if disclosure.emergency else ""
    return f"{who} may read {what} by {', '.join(disclosure.agreements)}{without}{emergency}"


def _untold(caller: Caller, key: Key, reasons: tuple[Explained, ...]) -> str:
    """Return what can be said where it may not be told whether there is such a record."""
    if not any(reason.opens for reason in reasons):
        return f"no agreement lets {caller.agency} read {key.kind} of {key.agency}"
    return (
        f"{caller.agency} sees no such record: there is none, or none of the agreements opens it "
        "(classification and districts are told to its owner only)"
    )
