"""Commands that show the agreements in force, and explain what they decide."""

from typing import Annotated

import typer
from google.protobuf.json_format import ParseDict, ParseError

from broker.home import OPS
from liandong.gateway.v1 import agreement_pb2 as api
from liandong.gateway.v1 import agreement_pb2_grpc as rpc
from liandong.incident.v1.incident_pb2 import Level
from liandong.record.v1.record_pb2 import Classification
from ops.city import City
from ops.client import channel
from ops.failure import USAGE, Failure
from ops.options import (
    CITY,
    HOME,
    CityOption,
    GatewayOption,
    HomeOption,
    JsonOption,
    OperatorOption,
    open_home,
)
from ops.screen import cell, console, plain, print_message, table

_PAGE = 500


def agreements_list(
    agency: OperatorOption = OPS,
    home: HomeOption = HOME,
    city: CityOption = CITY,
    gateway: GatewayOption = "",
    *,
    as_json: JsonOption = False,
) -> None:
    """Show the agreements that concern a department, and whether they hold now."""
    folder, described = open_home(home, city)
    found: list[api.Agreement] = []
    request = api.ListAgreementsRequest(page_size=_PAGE)
    with channel(folder, described, agency, gateway) as opened:
        stub = rpc.AgreementServiceStub(opened)
        more = True
        while more:
            page = stub.ListAgreements(request)
            found += page.agreements
            request.page_token = page.next_page_token
            more = bool(page.next_page_token)
    if as_json:
        for agreement in found:
            print_message(agreement)
        return
    shown = table("line", "agreement", "lets", "read", "up to", "without", "where", "when", "now")
    for agreement in found:
        now = "holds" if agreement.in_force else "; ".join(agreement.reasons)
        shown.add_row(
            f"{agreement.line or ''}",
            cell(agreement.id),
            cell(agreement.consumer),
            cell(f"{', '.join(agreement.kinds)} of {agreement.provider}"),
            _word(Classification.Name(agreement.classification)),
            cell(", ".join(agreement.hidden_fields)),
            cell(", ".join(agreement.districts)),
            cell(_when(agreement)),
            cell(now, "" if agreement.in_force else "yellow"),
        )
    console.print(shown)


def agreements_explain(  # noqa: PLR0917 - options are named on the command line
    consumer: Annotated[str, typer.Argument(help="The department that would read.")],
    name: Annotated[str, typer.Argument(help="A record, <agency>/<kind>/<entity>.")] = "",
    agency: OperatorOption = OPS,
    purpose: Annotated[str, typer.Option("--purpose", help="The purpose stated.")] = "",
    provider: Annotated[str, typer.Option("--provider", help="Without a record: whose.")] = "",
    kind: Annotated[str, typer.Option("--kind", help="Without a record: its kind.")] = "",
    classification: Annotated[
        str, typer.Option("--classification", help="public, internal, restricted, confidential.")
    ] = "internal",
    district: Annotated[str, typer.Option("--district", help="Its district.")] = "",
    home: HomeOption = HOME,
    city: CityOption = CITY,
    gateway: GatewayOption = "",
    *,
    as_json: JsonOption = False,
) -> None:
    """Explain whether a department may read a record, and which line says so."""
    folder, described = open_home(home, city)
    if bool(name) == bool(provider and kind):
        raise Failure("name a record, or else --provider and --kind", USAGE)
    request = api.ExplainAccessRequest(consumer=consumer, purpose=purpose)
    if name:
        request.name = name
    else:
        label = f"CLASSIFICATION_{classification.upper()}"
        traits = {"provider": provider, "kind": kind, "district": district, "classification": label}
        try:
            ParseDict(traits, request.traits)
        except ParseError as error:
            raise Failure(
                f"--classification is {classification!r}, expected public, internal, restricted "
                "or confidential",
                USAGE,
            ) from error
    with channel(folder, described, agency, gateway) as opened:
        answer = rpc.AgreementServiceStub(opened).ExplainAccess(request)
    if as_json:
        print_message(answer)
        return
    _show(answer, described)


def _show(answer: api.ExplainAccessResponse, city: City) -> None:
    """Show a decision, and below it what each agreement says."""
    console.print(plain(answer.sentence), markup=False)
    shown = table("", "line", "condition", "", show_header=False)
    for one in answer.explanations:
        head = "opens it" if one.opens else "does not open it"
        if one.opens and answer.decision == api.ACCESS_DECISION_UNTOLD:
            head = "opens some of them"
        shown.add_row(cell(one.agreement), f"{one.line or ''}", head, "")
        for condition in one.conditions:
            holds = condition.holds
            shown.add_row(
                "",
                f"{condition.line or ''}",
                cell(f"  {'yes' if holds else 'no '}  {condition.field}", "" if holds else "red"),
                cell(condition.sentence),
            )
    if answer.explanations:
        console.print(shown)
        console.print(f"lines of {city.agreements}", markup=False)


def _when(agreement: api.Agreement) -> str:
    """Return under what an agreement holds."""
    parts = [f"for {', '.join(agreement.purposes)}"] if agreement.purposes else []
    if agreement.opens_at_level:
        level = _word(Level.Name(agreement.opens_at_level)).upper()
        parts.append(f"in an emergency of level {level}")
    if agreement.HasField("valid_from"):
        parts.append(f"from {agreement.valid_from.ToDatetime():%F %R} UTC")
    if agreement.HasField("valid_until"):
        parts.append(f"until {agreement.valid_until.ToDatetime():%F %R} UTC")
    return ", ".join(parts)


def _word(label: str) -> str:
    """Return an enum's label as people write it."""
    return label.rpartition("_")[2].lower()
