"""The command that puts a live question to departments: ask."""

from collections.abc import Collection, Iterator
from typing import Annotated, Any

import typer
from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

from broker.questions import question_name
from liandong.gateway.v1 import department_pb2 as api
from liandong.gateway.v1 import department_pb2_grpc as rpc
from liandong.question.v1 import (
    beds_pb2,
    discharge_nearby_pb2,
    levels_upstream_pb2,
    question_pb2,
    units_nearby_pb2,
)
from ops.client import channel
from ops.failure import USAGE, Failure
from ops.options import (
    CITY,
    HOME,
    AgencyOption,
    CityOption,
    GatewayOption,
    HomeOption,
    JsonOption,
    open_home,
)
from ops.screen import console, plain, print_message

_QUESTIONS: dict[str, type[Message]] = {
    question_name(kind.DESCRIPTOR.full_name) or "": kind
    for kind in (
        beds_pb2.BedsQuestion,
        discharge_nearby_pb2.DischargeNearbyQuestion,
        levels_upstream_pb2.LevelsUpstreamQuestion,
        units_nearby_pb2.UnitsNearbyQuestion,
    )
}


def ask(  # noqa: PLR0917 - options are named on the command line
    context: typer.Context,
    question: Annotated[str, typer.Argument(help=f"One of {', '.join(_QUESTIONS)}.")],
    agency: AgencyOption = "police",
    to: Annotated[
        list[str], typer.Option("--to", help="A department; none: all that answer.")
    ] = [],  # noqa: B006 - typer reads it and makes its own
    within: Annotated[
        float, typer.Option("--within", min=0.01, max=60, help="Seconds to wait.")
    ] = 5.0,
    home: HomeOption = HOME,
    city: CityOption = CITY,
    gateway: GatewayOption = "",
    *,
    as_json: JsonOption = False,
) -> None:
    """Put a live question to departments, and show what each says as it comes.

    The question's fields are further options: `liandong ask beds --bed-types AdultICU --near
    32.06,118.79`. A point is LATITUDE,LONGITUDE, a duration is seconds; one that takes several
    values may be there several times.
    """
    kind = _QUESTIONS.get(question)
    if kind is None:
        raise Failure(f"there is no question {question!r}; ask {', '.join(_QUESTIONS)}", USAGE)
    folder, described = open_home(home, city)
    request = api.AskRequest(agencies=to)
    request.question.Pack(_filled(kind, context.args))
    request.within.FromMilliseconds(int(within * 1000))
    answered = 0
    with channel(folder, described, agency, gateway) as opened:
        for response in rpc.DepartmentServiceStub(opened).Ask(request):
            answered += response.HasField("answer")
            if as_json:
                print_message(response)
            else:
                _show(response)
    if not answered:
        raise Failure("no department answered")


def _show(response: api.AskResponse) -> None:
    """Show what a department says."""
    milliseconds = response.elapsed.ToNanoseconds() / 1e6
    if response.HasField("error"):
        code = question_pb2.AskCode.Name(response.error.code).removeprefix("ASK_CODE_")
        console.print(
            plain(f"{response.agency}: {code} {response.error.message} ({milliseconds:.0f} ms)"),
            markup=False,
        )
        return
    console.print(plain(f"{response.agency}: answers ({milliseconds:.0f} ms)"), markup=False)
    # Nothing found is said as such, not by a field's absence.
    told = json_format.MessageToDict(
        response.answer,
        preserving_proto_field_name=True,
        always_print_fields_with_no_presence=True,
    )
    told.pop("@type")
    console.print_json(data=told, ensure_ascii=False)


def _filled(kind: type[Message], words: list[str]) -> Message:
    """Return a question with the fields that options name.

    Raises:
        Failure: If there is no such field, or its value is not right.
    """
    values: dict[str, Any] = {}
    for name, word in _pairs(words):
        field = _field(kind(), name)
        _require_alone(field, values)
        value = _value(field, name, word)
        if field.is_repeated:
            values.setdefault(field.name, []).append(value)
        else:
            values[field.name] = value
    message = kind()
    try:
        json_format.ParseDict(values, message)
    except json_format.ParseError as error:
        raise Failure(f"the question is not right: {error}", USAGE) from error
    return message


def _require_alone(field: FieldDescriptor, values: Collection[str]) -> None:
    """Refuse a field beside another of those of which a question has one.

    Raises:
        Failure: There is one already.
    """
    choice = field.containing_oneof
    others = {one.name for one in choice.fields} - {field.name} if choice is not None else set()
    for other in others & set(values):
        options = " and ".join(f"--{name.replace('_', '-')}" for name in (other, field.name))
        raise Failure(f"{options} exclude one another: give one of them", USAGE)


def _pairs(words: list[str]) -> Iterator[tuple[str, str]]:
    """Yield options with their values."""
    waiting = iter(words)
    for word in waiting:
        if not word.startswith("--"):
            raise Failure(f"{word!r} is no option: write --field value", USAGE)
        name, sign, value = word[2:].partition("=")
        if not sign and (value := next(waiting, "")) == "":
            raise Failure(f"--{name} lacks its value", USAGE)
        yield name, value


def _field(question: Message, name: str) -> FieldDescriptor:
    """Return the field that an option names.

    Raises:
        Failure: If there is none.
    """
    fields = question.DESCRIPTOR.fields_by_name
    field = fields.get(name.replace("-", "_"))
    if not isinstance(field, FieldDescriptor):
        known = ", ".join(f"--{each.replace('_', '-')}" for each in fields)
        raise Failure(f"the question has no --{name}; it has: {known}", USAGE)
    return field


def _value(field: FieldDescriptor, name: str, word: str) -> Any:
    """Return an option's value as it is in JSON."""
    if field.message_type is None:
        return word == "true" if field.type == field.TYPE_BOOL else word
    if field.message_type.full_name == Duration.DESCRIPTOR.full_name:
        return f"{word.removesuffix('s')}s"
    latitude, comma, longitude = word.partition(",")
    try:
        if comma:
            return {"latitude_deg": float(latitude), "longitude_deg": float(longitude)}
    except ValueError:
        pass
    raise Failure(f"--{name} is {word!r}, expected LATITUDE,LONGITUDE in degrees", USAGE)
