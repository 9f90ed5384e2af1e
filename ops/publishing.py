"""The command that publishes a department's own records."""

import asyncio
import hashlib
import sys
import time
from pathlib import Path
from typing import Annotated

import protovalidate
import typer
from google.protobuf.json_format import Parse, ParseError

from broker.errors import PublishError
from broker.home import Home
from broker.impossible import impossible, impossible_record, told
from broker.outgoing import Outgoing, Stored
from broker.ownership import objection
from broker.plan import stream_name
from broker.publisher import Publisher
from broker.subjects import share_subject
from broker.violations import describe
from liandong.record.v1.record_pb2 import Record
from ops.bus import bus_of
from ops.city import City
from ops.failure import Failure
from ops.files import read_file
from ops.options import (
    CITY,
    HOME,
    AgencyOption,
    CityOption,
    HomeOption,
    JsonOption,
    open_home,
    require_department,
)
from ops.screen import plain, print_object


def publish(
    file: Annotated[Path, typer.Argument(help="Records as JSON, one a line; - for input.")],
    agency: AgencyOption = "police",
    home: HomeOption = HOME,
    city: CityOption = CITY,
    *,
    as_json: JsonOption = False,
) -> None:
    """Publish records of a department's own."""
    folder, described = open_home(home, city)
    require_department(described, agency)
    content = sys.stdin.buffer.read() if str(file) == "-" else read_file(file)
    outgoing = [
        _outgoing(number, line, agency)
        for number, line in enumerate(_lines(content, file), start=1)
        if line.strip()
    ]
    if not outgoing:
        raise Failure(f"{file} has no record: expected one as JSON on each line")
    results = asyncio.run(_publish(folder, described, agency, [sent for _, sent in outgoing]))
    failed = 0
    for (name, _), result in zip(outgoing, results, strict=True):
        outcome, reason = _outcome(result)
        failed += bool(reason)
        if as_json:
            print_object({"name": name, "outcome": outcome, "reason": reason})
        else:
            typer.echo(plain(f"{name}: {outcome}{f', {reason}' if reason else ''}"))
    if failed:
        raise Failure(f"{failed} of {len(outgoing)} records were not stored")


def _lines(content: bytes, file: Path) -> list[str]:
    """Return a file's lines.

    Raises:
        Failure: If it is no UTF-8.
    """
    try:
        return content.decode().split("\n")
    except UnicodeDecodeError as error:
        raise Failure(
            f"{file} is no text in UTF-8: {error.reason} at byte {error.start}"
        ) from error


def _outgoing(number: int, line: str, agency: str) -> tuple[str, Outgoing]:
    """Read a line as a valid record; return its name and what is to be stored.

    Raises:
        Failure: If it is none, or not the agency's; the sentence says which field.
    """
    try:
        record = Parse(line, Record())
    except ParseError as error:
        raise Failure(f"line {number} is no record: {error}") from error
    if wrong := impossible(record):
        raise Failure(f"line {number}: {told(wrong)}")
    identity = hashlib.sha256(record.SerializeToString(deterministic=True)).hexdigest()
    if not record.provenance.feed:
        record.provenance.feed = "publish"
    if not record.HasField("received_at"):
        record.received_at.GetCurrentTime()
    violations = protovalidate.collect_violations(record)
    if violations:
        raise Failure(f"line {number}: {describe(violations)}")
    if far := impossible_record(record, int(time.time())):
        raise Failure(f"line {number}: {told(far)}")
    if objected := objection(record, agency):
        raise Failure(f"line {number}: name {objected}")
    return record.name, Outgoing(share_subject(record.name), record.SerializeToString(), identity)


async def _publish(
    home: Home, city: City, agency: str, outgoing: list[Outgoing]
) -> list[Stored | PublishError]:
    """Store messages; return what became of each."""
    async with (
        bus_of(home, city, agency) as bus,
        Publisher(bus, stream_name(agency)) as publisher,
    ):
        return await publisher.publish_all(outgoing)


def _outcome(result: Stored | PublishError) -> tuple[str, str]:
    """Return what became of a record in a word, and the reason when it was not stored."""
    if isinstance(result, PublishError):
        return "refused", str(result)
    return ("duplicate" if result.duplicate else "stored"), ""
