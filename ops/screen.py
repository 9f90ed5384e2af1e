"""What commands show: tables on a screen, whole lines in a pipe, JSON for programs.

What comes from the bus is text of others: it is shown without what would steer a terminal
or break a line, and never read as markup.
"""

import json
import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import typer
from google.protobuf.json_format import MessageToJson, SerializeToJsonError
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from rich.console import Console
from rich.table import Table
from rich.text import Text

from broker.impossible import impossible, told
from ops.city import City
from ops.failure import Failure

# Wide enough for any row: what reads a pipe wants whole lines.
_PIPE_COLUMNS = 4000
_WIDE = 120
INVALID_TIME = "invalid time"
# Controls, line breaks, and signs that turn the direction of writing.
_STEERING = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")

console = Console(highlight=False)
if not console.is_terminal:
    console = Console(highlight=False, width=_PIPE_COLUMNS)


def is_wide() -> bool:
    """Tell whether there is room for what is good to know, besides what must be seen."""
    return console.width >= _WIDE


def plain(text: str) -> str:
    """Return others' text as it can be shown: on one line, with nothing that steers."""
    return _STEERING.sub(" ", text)


def cell(text: str, style: str = "") -> Text:
    """Return others' text as a table's cell."""
    return Text(plain(text), style=style)


def table(*columns: str, **options: Any) -> Table:
    """Return an empty table with a head."""
    return Table(*columns, box=None, header_style="bold", pad_edge=False, **options)


def print_message(message: Message) -> None:
    """Print a message as one line of JSON.

    Raises:
        Failure: If it holds a time that cannot be, which JSON cannot say.
    """
    options: dict[str, Any] = {"indent": None, "ensure_ascii": False}
    try:
        line = MessageToJson(message, preserving_proto_field_name=True, **options)
    except (ValueError, OverflowError, SerializeToJsonError) as error:
        wrong = impossible(message)
        raise Failure(f"no JSON can say it: {told(wrong) if wrong else error}") from error
    typer.echo(line)


def print_or_tell(message: Message, name: str) -> bool:
    """Print a message as one line of JSON, or on stderr why not; tell whether it was printed.

    Args:
        message: The message.
        name: Which record it is of.
    """
    try:
        print_message(message)
    except Failure as failure:
        typer.echo(plain(f"{name}: {failure}"), err=True)
        return False
    return True


def print_object(values: dict[str, Any]) -> None:
    """Print values as one line of JSON."""
    typer.echo(json.dumps(values, ensure_ascii=False))


def moment(stamp: Timestamp, city: City) -> str:
    """Return a record's time in the city's zone, also where no such time can be."""
    try:
        return local(stamp.ToDatetime(UTC), city)
    except (ValueError, OverflowError):
        return INVALID_TIME


def local(moment: datetime, city: City) -> str:
    """Return a moment in the city's zone; today's without the date."""
    zone = ZoneInfo(city.time_zone)
    shown, now = moment.astimezone(zone), datetime.now(zone)
    return f"{shown:%H:%M:%S}" if shown.date() == now.date() else f"{shown:%Y-%m-%d %H:%M}"


def counted(count: int) -> str:
    """Return a number of entries of the quarantine."""
    return f"{count:,} {'entry' if count == 1 else 'entries'}"
