"""Are the city file and the agreements right, and do they refer to what there is?"""

from collections.abc import Iterator
from pathlib import Path

from adapters.sdk.endpoints import endpoints
from adapters.sdk.errors import AdapterError
from adapters.sdk.records import OwnRecords
from adapters.sdk.registry import adapter_of
from adapters.sdk.responder import responder_of
from broker.errors import BrokerError
from gateway.agreement import ANY, ASK, Agreement
from gateway.agreements_file import read_agreements
from ops.city import City, read_city
from ops.doctor.case import Case
from ops.doctor.finding import Finding, note


def check_city(case: Case) -> Iterator[Finding]:
    """Find what is wrong with the city file, and with feeds and responders in it."""
    try:
        city = read_city(case.city_file)
    except BrokerError as error:
        yield Finding("", str(error))
        return
    for feed in city.feeds:
        try:
            adapter_of(feed)
        except AdapterError as error:
            yield Finding("", str(error))
    for responder in city.responders:
        try:
            responder_of(responder, OwnRecords())
        except AdapterError as error:
            yield Finding("", str(error))


def check_agreements(case: Case) -> Iterator[Finding]:
    """Find agreements that cannot be read, that have ended, or can never open anything."""
    city = case.city
    if city.agreements is None:
        return
    try:
        terms = read_agreements(city.agreements, city.plan.agencies)
    except BrokerError as error:
        yield Finding("", str(error), "until then those before it stay in force")
        return
    answered = _answered(city)
    for one in terms:
        agreement, about = one.agreement, _about(city.agreements, one.line(), one.agreement.id)
        if agreement.starts and agreement.ends and agreement.ends <= agreement.starts:
            yield Finding(about, "ends before it begins, and never holds", "correct or remove it")
        elif agreement.ends and agreement.ends <= case.now:
            yield Finding(
                about, f"ended {agreement.ends:%Y-%m-%d %H:%M} UTC", "prolong or remove it"
            )
        if agreement.provider == agreement.consumer != ANY:
            yield Finding(about, "opens to a department what it reads anyway, its own", "remove it")
        for question in _unanswered(agreement, answered):
            yield note(
                about,
                f"opens {question}, which nothing in the city file answers for "
                f"{agreement.provider}",
                "add a [[responder]], unless it runs elsewhere",
            )


def _about(path: Path, line: int, name: str) -> str:
    """Return where an agreement stands, and its name."""
    return f"{path}, line {line}, agreement {name}" if line else f"{path}, agreement {name}"


def _answered(city: City) -> set[tuple[str, str]]:
    """Return which agency answers which question, by feed or responder."""
    found = set()
    for feed in city.feeds:
        try:
            found |= {(feed.agency, one.question) for one in endpoints(adapter_of(feed))}
        except AdapterError:  # the check of the city file tells it
            continue
    for responder in city.responders:
        try:
            made = responder_of(responder, OwnRecords())
        except AdapterError:
            continue
        found |= {(responder.agency, one.question) for one in endpoints(made)}
    return found


def _unanswered(agreement: Agreement, answered: set[tuple[str, str]]) -> Iterator[str]:
    """Yield the questions that an agreement opens and its provider does not answer."""
    for kind in agreement.kinds:
        name = kind.removeprefix(ASK)
        said = ANY in {name, agreement.provider} or (agreement.provider, name) in answered
        if kind.startswith(ASK) and not said:
            yield kind
